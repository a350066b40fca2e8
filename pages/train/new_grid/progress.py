"""A grid's training as it goes, read from its folder: bars of its stacks, and its members' curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore import jobs, store
from aecore.files import StoreError
from aecore.grid import axis_text
from aecore.results import Progress
from aecore.settings import axis_label, member_name
from aecore.store import GridInfo
from pages.shared import going, grid_source, permits
from pages.shared.job_controls import RESUME, SILENT, draw_resume_button, draw_stop_button, waits_for
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import CHOOSE_PAGE
from pages.shared.words import duration, time_left

EVERY = 2.0
"""Seconds between two looks while a grid trains."""

SHOWN = 6
"""Stacks whose bars are drawn; of more, those at work."""


def subject() -> GridInfo | None:
    """The grid to show: the one that is training, else the one that was last trained here."""
    known = [info for info in grid_source.grids() if info.progress.status]
    at_work = [info for info in known if jobs.is_active(info.progress)]
    return max(at_work or known, key=lambda info: info.progress.submitted, default=None)


def draw() -> None:
    """Draws the subject, renewed every few seconds while it trains."""
    active = any(isinstance(info, GridInfo) for info in jobs.active())
    st.fragment(going.telling(_draw), run_every=EVERY if active else None)()


def _draw() -> None:
    info = subject()
    if info is None:
        return
    status = jobs.status(info)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(info.name)}**", width="stretch")
        _buttons(info, status)
    if status != "finished":
        permits.draw_why_not(info.path)
    _standing(info, status)
    if status in ("running", "silent"):
        _stacks(info)
    _curves(info)


def _buttons(info: GridInfo, status: str) -> None:
    if status in ("queued", "running", "silent"):
        draw_stop_button(info, "new_grid_stop", "Keeps what every member has reached; it can be resumed.")
    elif status in ("stopped", "interrupted", "failed"):
        draw_resume_button(info, "new_grid_resume", help=RESUME)
    if any(store.has_weights(info.member_path(k)) for k in range(len(info.grid.members))):
        st.button(
            "Choose among them",
            key="new_grid_choose",
            icon=":material/rule:",
            on_click=_choose,
            args=(info.key,),
        )


def _choose(key: str) -> None:
    st.session_state["choose_grid"] = key
    leave_for(CHOOSE_PAGE)


def _standing(info: GridInfo, status: str) -> None:
    """The bar over the whole grid while it goes, and otherwise the sentence that says how it stands."""
    progress, members = info.progress, len(info.grid.members)
    done = progress.members_done
    if status == "queued":
        st.progress(0.0, waits_for(info))
    elif status in ("running", "silent"):
        fraction = min(max(progress.fraction, 0.0), 1.0)
        st.progress(fraction, f"{done} of {members} models done · {time_left(progress.seconds_left)}")
        if status == "silent":
            st.warning(SILENT)
    elif status == "finished":
        seconds = info.result.seconds if info.result else 0.0
        st.success(f"Finished: {members} models, {duration(seconds)} of training.", icon=":material/check:")
    elif status == "stopped":
        st.info(f"Stopped with {done} of {members} models done; what the others had reached is kept.")
    elif status == "failed":
        st.error(plain(progress.message) or "It failed without saying why; see log.txt in its folder.")
    else:
        st.warning("Interrupted: its process ended without a word. Resume goes on from the last epoch saved.")


def _stacks(info: GridInfo) -> None:
    try:
        stacks = store.read_stacks(info.path)
    except StoreError as error:
        st.error(f"Its stacks can't be shown: {plain(error)}.")
        return
    if len(stacks) < 2:
        return
    parts = [store.read_progress(store.stack_path(info.path, s)) for s in range(len(stacks))]
    at_work = [s for s, part in enumerate(parts) if part.status == "running"]
    shown = range(len(stacks)) if len(stacks) <= SHOWN else at_work[:SHOWN]
    for column, s in zip(st.columns(max(len(shown), 1)), shown, strict=False):
        fraction = min(max(parts[s].fraction, 0.0), 1.0)
        count = len(stacks[s])
        words = _stack_words(info, stacks[s], parts[s]) if fraction < 1 else "done"
        column.progress(fraction, f"stack {s + 1}: {count} model{'s' * (count != 1)}, {words}")


def _stack_words(info: GridInfo, members: Sequence[int], progress: Progress) -> str:
    """How an unfinished stack stands; one that waits for its rivals' epochs is not stopped for good."""
    if any(store.read_beaten(info.member_path(k)) is not None for k in members):
        return "beaten"
    waits = info.grid.halving and progress.status == "stopped" and info.progress.status == "running"
    return "waiting" if waits else progress.status or "waiting"


def _curves(info: GridInfo) -> None:
    """A line a member, coloured by the first axis; made anew only when an epoch has ended."""
    stamp = tuple(store.history_size(info.member_path(k)) for k in range(len(info.grid.members)))
    if not any(stamp):
        return
    try:
        chart = _chart(str(info.path), stamp, info)
    except (StoreError, OSError) as error:
        st.error(f"The histories can't be read: {plain(error)}.")
        return
    st.vega_lite_chart(chart, key="new_grid_curves", alt="Validation squared error of every model by epoch")
    st.caption("A line a model: squared error on the validation images after each epoch.")


@st.cache_data(max_entries=4, show_spinner=False)
def _chart(path: str, stamp: tuple[int, ...], _info: GridInfo) -> dict[str, Any]:
    """The curves' specification; `stamp` changes with the histories."""
    from aecore.figures.grid import member_curves

    grid = _info.grid
    split = next((name for name, values in grid.axes.items() if len(values) > 1), None)
    rows = []
    for k, history in enumerate(grid_source.histories(_info)):
        color = grid.position_of(k).get(split) if split else ""
        if isinstance(color, bool) or not isinstance(color, (int, float)):
            color = axis_text(split or "", color)
        rows += [
            {
                "k": k,
                "epoch": record.epoch,
                "error": record.squared_error,
                "color": color,
                "label": member_name(grid, k),
            }
            for record in history
        ]
    epochs = max(config.train.epochs for config in grid.members)
    return member_curves(rows, epochs, axis_label(split) if split else None).to_dict()
