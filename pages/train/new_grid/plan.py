"""What the axes in the form make: how many models, the button, and what the training would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore import jobs
from aecore.access import RefusedError
from aecore.grid import Grid
from aecore.store import GridInfo
from pages.shared import settings_form
from pages.shared.job_controls import draw_start_button
from pages.shared.plain import plain
from pages.shared.words import about, device_words

if TYPE_CHECKING:
    from aecore.data import Dataset


def start(grid: Grid) -> None:
    """Starts or queues the grid, unless the same grid is at work already; for the button."""
    twin = next((info for info in jobs.active() if isinstance(info, GridInfo) and info.grid == grid), None)
    if twin is not None:
        st.toast(f"{plain(twin.name)} is the same grid and is at work already.", icon=":material/info:")
        return
    try:
        jobs.submit_grid(grid, st.session_state.get("new_grid_name") or "")
    except (OSError, ValueError, RefusedError) as error:
        st.toast(f"The grid could not be started: {plain(error)}", icon=":material/error:")
        return
    st.session_state["new_grid_name"] = ""


def draw_plan(grid: Grid | None, problem: str, dataset: Dataset) -> None:
    """How many models there will be, or what is wrong with the axes, and the button."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            if grid is None:
                st.error(plain(problem[:1].upper() + problem[1:]), icon=":material/block:")
            else:
                st.markdown(count(grid))
        draw_start_button(
            "new_grid_start",
            grid is not None and dataset.is_ready(),
            start,
            (grid,),
            queued="Trains when the jobs before it are done.",
        )
    if not dataset.is_ready():
        st.info(f"{dataset.title} is not on this machine: the Train page downloads it.")


def count(grid: Grid) -> str:
    """`5 x 2 x 2 = 20 positions, 15 different models`."""
    sizes = [len(values) for values in grid.axes.values()]
    positions, members = len(grid.positions), len(grid.members)
    product = " x ".join(map(str, sizes))
    text = f"**{product} = {positions} positions**" if len(sizes) > 1 else f"**{positions} positions**"
    if members == positions:
        return f"{text}, each a model of its own"
    return f"{text}, {members} different models (with no penalty the strength does not matter)"


def facts(grid: Grid) -> str:
    """Stacks, time and memory in one line."""
    from aecore.data import find
    from aecore.training.grid_estimate import estimate_grid

    dataset = find(grid.base.data.name)
    threads = jobs.page_threads()
    try:
        found = estimate_grid(grid, dataset.shape, dataset.train_size, threads)
    except (ValueError, RuntimeError) as error:
        return settings_form.in_words(str(error))
    device = device_words(jobs.lock_name(grid.base.train.device), threads)
    stacks = f"{found.stacks} stack{'s' * (found.stacks != 1)}"
    if found.side_by_side > 1:
        stacks += f", {found.side_by_side} side by side"
    time = about(found.seconds)
    return f"{time[0].upper()}{time[1:]} on {device} · {stacks} · {found.bytes / 1e6:,.0f} MB of memory"
