"""How a run was trained: its epochs under a slider, checks of its health, its layers step by step."""

from __future__ import annotations

import streamlit as st

from aecore import jobs, store
from aecore.files import StoreError
from aecore.store import RunInfo
from pages.shared import layout, settings_form, training_view
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import TRAIN_PAGE, chosen_key
from pages.understand.training.epochs import draw_epochs
from pages.understand.training.health import draw_health
from pages.understand.training.layers import draw_layers

TITLE = "Training"
SENTENCE = "How this network learned: every epoch under a slider, what to worry about, and its layers."
EVERY = 5.0
"""Seconds between two looks at the records of a run that is at work."""


def require_info() -> RunInfo:
    """The chosen run without its weights, below the page's header; else the reason, and the page's end."""
    key = chosen_key()
    if key is None:
        layout.draw_header(TITLE, SENTENCE)
        st.info("There is no trained model yet: train one, and this page shows how it learned.")
        st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
        st.stop()
    try:
        info = store.read_info(store.find_run(key))
    except StoreError as error:
        layout.draw_header(TITLE, SENTENCE)
        st.error(f"{plain(key)} can't be shown: {plain(error)}.")
        st.stop()
    layout.draw_header(TITLE, SENTENCE, info)
    return info


def draw_nothing_recorded(info: RunInfo) -> None:
    """That there is no record, and the button that fills Train's form to make one."""
    why = "" if info.config.train.record else ", because recording was switched off in its settings"
    st.info(f"No epochs and layers of this run were recorded{why}.")
    st.button(
        "Train the same again, with records",
        key="training_again",
        icon=":material/model_training:",
        type="primary",
        on_click=train_again,
        args=(info,),
        help="Opens the Train page with this run's settings.",
    )


def train_again(info: RunInfo) -> None:
    """Fills Train's form and goes there; for the button."""
    settings_form.fill(settings_form.TRAIN, info.config.with_values({"train.record": True}))
    leave_for(TRAIN_PAGE)


def draw_run(info: RunInfo) -> None:
    """All that the run's folder tells of its training, as it is now."""
    history = training_view.history_of(info)
    try:
        looks, frames = store.read_looks(info.path), store.read_frames(info.path)
    except StoreError as error:
        st.error(f"The records of {plain(info.name)} can't be shown: {plain(error)}.")
        looks = frames = None
    else:
        if not looks and (frames is None or not len(frames.rows)):
            draw_nothing_recorded(info)
    if frames is not None and len(frames.rows):
        st.subheader("Epoch by epoch", anchor=False)
        draw_epochs(info, frames, history)
    st.subheader("Health", anchor=False)
    draw_health(info, history, looks)
    if looks:
        st.subheader("Layer by layer", anchor=False)
        draw_layers(looks)


def main() -> None:
    info = require_info()
    at_work = jobs.is_active(info.progress)
    st.fragment(draw_run, run_every=EVERY if at_work else None)(info)


main()
