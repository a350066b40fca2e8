"""How far a run's code tells classes apart, beside pixels, PCA of the same size and the network untrained."""

import streamlit as st

from pages.shared import layout, state
from pages.shared.plain import plain
from pages.use.features import curves, material, mistakes, tuning

VIEWS = {
    "Few labels": curves.draw_labels,
    "Mistakes": mistakes.draw_mistakes,
    "Fine-tuning": tuning.draw_tuning,
    "Trained on noise": curves.draw_robust,
}


def main() -> None:
    run, data = layout.require_run(
        "Features",
        "The network learnt from images without labels. How far does its code tell classes apart, with few "
        "labels and with many? Beside it: plain pixels, PCA of the same size, and the network untrained.",
    )
    try:
        subject = material.subject_of(state.chosen_key(), run, data)
    except ValueError as error:
        st.info(f"There is nothing to measure here: {plain(error)}.")
        return
    layout.draw_classes_warning(data.name)
    row = layout.controls()
    view = row.segmented_control(
        "View",
        list(VIEWS),
        default="Few labels",
        required=True,
        wrap=True,
        key="features_view",
        bind="query-params",
    )
    VIEWS[view](subject, row)


main()
