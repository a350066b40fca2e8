"""Grids that a page's pictures are made of: found where they are trained, else offered to be trained."""

from __future__ import annotations

import streamlit as st

from aecore import jobs
from aecore.access import RefusedError
from aecore.grid import Grid
from aecore.store import GridInfo
from pages.shared import going, grid_source, permits
from pages.shared.job_controls import draw_stop_button
from pages.shared.plain import plain
from pages.shared.sidebar import draw_progress_bar

EVERY = 1.0
"""Seconds between two looks at a grid that trains."""


def find(grid: Grid) -> GridInfo | None:
    """The newest finished grid of exactly these models."""
    return next((i for i in grid_source.grids() if i.grid == grid and i.result is not None), None)


def require(grid: Grid, name: str, time: str = "a minute or two") -> GridInfo | None:
    """The finished grid; where there is none, its training, or the button that starts it under that name.

    `time` is how long two cores take for it.
    """
    found = find(grid)
    if found is None:
        # Its end reruns the page, from the sidebar.
        st.fragment(going.telling(_draw_training), run_every=EVERY if _at_work(grid) else None)(
            grid, name, time
        )
    return found


def _at_work(grid: Grid) -> GridInfo | None:
    return next((job for job in jobs.active() if isinstance(job, GridInfo) and job.grid == grid), None)


def _draw_training(grid: Grid, name: str, time: str) -> None:
    if (job := _at_work(grid)) is not None:
        draw_progress_bar(job)
        draw_stop_button(job, "grid_stop", "Keeps what every model has reached; New grid resumes it.")
        return
    count = len(grid.members)
    st.info(f"This picture is made from {count} small networks on digits, which are not trained yet.")
    refused = permits.why_nothing()
    st.button(
        f"Train the {count} networks",
        key="grid_train",
        icon=":material/play_arrow:",
        type="primary",
        on_click=_train,
        args=(grid, name),
        disabled=refused is not None,
        help=refused or f"Takes {time} on two cores; they stay, as a grid, on the Choose page.",
    )
    permits.draw_why_nothing()


def _train(grid: Grid, name: str) -> None:
    try:
        jobs.submit_grid(grid, name)
    except (OSError, ValueError, RefusedError) as error:
        st.toast(f"The training could not be started: {plain(error)}", icon=":material/error:")
