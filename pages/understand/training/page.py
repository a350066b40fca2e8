"""How a run was trained: its epochs under a slider, checks of its health, its layers step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from aecore import jobs, store
from aecore.files import StoreError
from aecore.store import RunInfo
from pages.shared import change_controls, going, layout, settings_form, state, training_view
from pages.shared.beside import choose_beside
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import TRAIN_PAGE, chosen_key
from pages.understand.training.asked import draw_asked
from pages.understand.training.epochs import Kept, draw_epochs
from pages.understand.training.health import draw_health
from pages.understand.training.layers import Watched, draw_layers

if TYPE_CHECKING:
    from aecore.looks import LayerHistory

TITLE = "Training"
SENTENCE = "How this network learned: every epoch under a slider, what to worry about, and its layers."
EVERY = 5.0
"""Seconds between two looks at whether a run that is at work has noted something new."""


def require_info() -> RunInfo:
    """The chosen run without its weights, below the page's header; else the reason, and the page's end."""
    key = chosen_key()
    if key is None:
        layout.draw_header(TITLE, SENTENCE)
        st.info("There is no trained model yet: train one, and this page shows how it learned.")
        st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
        st.stop()
    try:
        # A member's own file does not know what its grid is called.
        info = state.find_member(key) or store.read_info(store.find_run(key))
    except StoreError as error:
        layout.draw_header(TITLE, SENTENCE)
        st.error(f"{plain(key)} can't be shown: {plain(error)}.")
        st.stop()
    layout.draw_header(TITLE, SENTENCE, info)
    return info


def draw_nothing_recorded(info: RunInfo) -> None:
    """That there is no record, and the button that fills Train's form to make one."""
    why = "" if info.config.train.record else ", because recording was switched off in its settings"
    st.info(f"No epochs and layers of {plain(info.name)} were recorded{why}.")
    st.button(
        "Train the same again, with records",
        key=f"training_again_{info.key}",
        icon=":material/model_training:",
        on_click=train_again,
        args=(info,),
        help="Opens the Train page with this run's settings.",
    )


def train_again(info: RunInfo) -> None:
    """Fills Train's form and goes there; for the button."""
    settings_form.fill(settings_form.TRAIN, info.config.with_values({"train.record": True}))
    leave_for(TRAIN_PAGE)


def read(info: RunInfo) -> tuple[Kept | None, LayerHistory | None]:
    """A run's epochs and its looks at the layers; where there are none, or they can't be used, says so."""
    try:
        looks, frames = store.read_looks(info.path), store.read_frames(info.path)
    except StoreError as error:
        st.error(f"The records of {plain(info.name)} can't be shown: {plain(error)}.")
        return None, None
    if not looks and (frames is None or not len(frames.rows)):
        draw_nothing_recorded(info)
    history = training_view.history_of(info)
    return (Kept(info, frames, history) if frames is not None and len(frames.rows) else None), looks


def draw_runs(runs: Sequence[RunInfo]) -> None:
    """All that the folders of one run or two tell of their trainings, as they are now."""
    found = [read(info) for info in runs]
    if kept := [epochs for epochs, _ in found if epochs is not None]:
        st.subheader("Epoch by epoch", anchor=False)
        draw_epochs(kept)
    st.subheader("Health", anchor=False)
    for info, (_, looks), column in zip(runs, found, st.columns(len(runs), gap="large"), strict=True):
        with column:
            if len(runs) > 1:
                st.markdown(f"**{plain(info.name)}**")
            change_controls.draw_course(info, change_controls.events_of(info))
            draw_health(info, training_view.history_of(info), looks)
    watched = [Watched(info.name, looks) for info, (_, looks) in zip(runs, found, strict=True) if looks]
    if watched:
        st.subheader("Layer by layer", anchor=False)
        draw_layers(watched)
    draw_asked(runs[0])


def watch(runs: Sequence[RunInfo], seen: list[tuple[int, ...]]) -> None:
    """Draws the page anew when one of the trainings has noted something."""
    if stamps(runs) != seen:
        st.rerun(scope="app")


def stamps(runs: Sequence[RunInfo]) -> list[tuple[int, ...]]:
    """Sizes of each run's records, which grow with every epoch."""
    return [(*store.rows_stamp(info.path), store.history_size(info.path)) for info in runs]


def main() -> None:
    info = require_info()
    beside = choose_beside(
        info.key,
        [run for run in store.list_runs() if isinstance(run, RunInfo)],
        "Beside it",
        "A second run, on the same scales and at the same epoch.",
        key="training_beside",
        link=state.BESIDE,
    )
    runs = [info] if beside is None else [info, beside[0]]
    if any(jobs.is_active(run.progress) for run in runs):
        st.fragment(going.telling(watch), run_every=EVERY)(runs, stamps(runs))
    draw_runs(runs)


main()
