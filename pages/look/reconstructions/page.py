"""What the chosen run makes of test images, with PCA's attempt and every image's error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.look.reconstructions.beside import choose_beside, draw_comparison
from pages.look.reconstructions.drawing import (
    Tested,
    difference_limit,
    draw_legend,
    draw_numbers,
    draw_pictures,
)
from pages.look.reconstructions.opening import draw_opened
from pages.shared import further_figures, layout, loading, one_file
from pages.shared.plain import plain
from pages.shared.state import chosen_key

EVERY_CLASS = "All"
ORDERS = ("Worst", "Best", "Random")


def controls(class_names: Sequence[str]) -> tuple[str, str, int, bool, int]:
    """In the row above the picture: order, class, how many, PCA beside, and the number of the draw."""
    order = st.segmented_control(
        "Show",
        ORDERS,
        default="Worst",
        required=True,
        key="reconstructions_order",
        bind="query-params",
    )
    names, chosen = [EVERY_CLASS, *class_names], EVERY_CLASS
    if st.session_state.get("reconstructions_class") not in (None, *names):
        st.session_state["reconstructions_class"] = EVERY_CLASS
    if len(class_names) > 1:
        chosen = st.selectbox("Class", names, key="reconstructions_class", bind="query-params", width=100)
    count = st.slider("How many", 12, 96, 24, 12, key="reconstructions_count", bind="query-params", width=140)
    with_pca = st.toggle(
        "PCA below",
        key="reconstructions_pca",
        bind="query-params",
        help="The same images rebuilt from as many principal components as the code has units: the best that "
        "a linear network could do.",
    )
    draw = 0
    if order == "Random":
        draw = st.number_input(
            "Random draw",
            0,
            9999,
            0,
            key="reconstructions_draw",
            bind="query-params",
            width=120,
            help="Each number draws other test images, always the same ones for every run.",
        )
    return order.lower(), chosen, count, with_pca, draw


def main() -> None:
    from aecore.analysis.errors import choose_images

    run, data = layout.require_run(
        "Reconstructions",
        "Each test image, what comes out of the network, and the difference between the two.",
    )
    tested = Tested(
        run,
        data,
        loading.test_squared_errors(chosen_key()).numpy(),
        loading.pca_squared_errors(data.name, run.latent_size).numpy(),
        data.test_labels.numpy(),
    )
    # Before the pictures, so that it listens once they are there.
    draw_opened(tested)
    with layout.controls():
        order, chosen, count, with_pca, draw = controls(data.class_names)
        beside = choose_beside(run, chosen_key())
    pool = np.arange(len(tested.errors))
    about = f"{len(pool):,} test images"
    if chosen != EVERY_CLASS:
        pool = np.flatnonzero(tested.labels == data.class_names.index(chosen))
        about = f"{len(pool):,} test images of class {chosen}"
    if not len(pool):
        st.info(f"The test set holds no image of the class {plain(chosen)}.")
        return
    shown = pool[choose_images(tested.errors[pool], order, count, draw)]
    left, right = layout.picture_and_figures()
    with left:
        limit = difference_limit(run, data)
        draw_legend(limit)
        with st.container(key="reconstructions_pictures"):
            draw_pictures(tested, shown, with_pca, limit, beside)
    with right:
        draw_numbers(tested, pool, shown, about)
        if beside is not None:
            draw_comparison(beside, tested.errors, pool)
        further_figures.draw(chosen_key())
        one_file.draw(chosen_key(), "reconstructions")


main()
