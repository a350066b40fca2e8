"""The sidebar of every page: the chosen run with its figure, and the job that is running."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from aecore import jobs
from aecore.store import GridInfo, RunInfo
from pages.shared.job_controls import draw_stop_button
from pages.shared.plain import plain
from pages.shared.state import NEW_GRID_PAGE, TRAIN_PAGE, run_selector
from pages.shared.words import time_left

FAST, SLOW = 1.0, 5.0
"""Seconds between two looks at the jobs, with and without one."""

LOGO = Path(__file__).with_name("logo.svg")


def draw(live: bool = True) -> None:
    """Draws it; called by the entry point before the page. `live` looks at the jobs again and again."""
    st.logo(str(LOGO), size="large")
    with st.sidebar:
        info = run_selector()
        if info is not None:
            _figure(info)
        active = jobs.active()
        # What the page drawn after this shows; only the fragment's own reruns can find it outdated.
        st.session_state["_jobs_seen"] = [info.key for info in active]
        every = FAST if active else SLOW
        st.fragment(_jobs, run_every=every if live else None)()


def _figure(info: RunInfo) -> None:
    if info.result is None:
        st.caption(f"{jobs.status(info).capitalize()}; test figures come at the end.")
        return
    test = info.result.test
    pca = test.pca_squared_error
    beside = f" (PCA {pca:.1f})" if pca is not None else ""
    st.caption(
        f"Squared error {test.squared_error:.1f}{beside}",
        help="Sum over pixels of the squared difference, mean over test images, pixels in [0, 1]; lower is "
        "better. PCA has as many components as the code has units.",
    )


def _jobs() -> None:
    active = jobs.active()
    keys = [info.key for info in active]
    if keys != st.session_state["_jobs_seen"]:
        # The page's lists and buttons change with a job's begin and end, and so does this fragment's pace.
        st.rerun(scope="app")
    if not active:
        return
    first, waiting = active[0], active[1:]
    with st.container(border=True, gap="small"):
        st.markdown(f"**Training** {plain(first.name)}")
        draw_progress_bar(first)
        draw_stop_button(
            first,
            "sidebar_stop",
            "Stops at the next step and keeps the model reached; it can be resumed.",
            width="stretch",
        )
        for info in waiting[:3]:
            st.caption(f":material/hourglass_empty: {plain(info.name)}")
        if len(waiting) > 3:
            st.caption(f"and {len(waiting) - 3} more waiting")
        page = NEW_GRID_PAGE if isinstance(first, GridInfo) else TRAIN_PAGE
        st.page_link(page, label="Watch", icon=":material/visibility:")


def draw_progress_bar(info: jobs.Job) -> None:
    """One bar over the whole run or grid with count and time left, as far as its process has told."""
    progress, epochs = info.progress, info.config.train.epochs
    if progress.status == "queued":
        st.progress(0.0, "Waiting for its turn")
        return
    if isinstance(info, GridInfo):
        count = f"{progress.members_done} of {len(info.grid.members)} models"
        fraction = min(max(progress.fraction, 0.0), 1.0)
        st.progress(fraction, f"{count} · {time_left(progress.seconds_left)}")
        return
    done = progress.epoch + progress.step / (progress.steps or 1)
    st.progress(
        min(max(done / epochs, 0.0), 1.0),
        f"epoch {min(int(done) + 1, epochs)} of {epochs} · {time_left(progress.seconds_left)}",
    )
