"""What is being trained now, with its progress and the way to it."""

from __future__ import annotations

import streamlit as st

from aecore import jobs
from aecore.store import GridInfo
from pages.shared import going
from pages.shared.plain import plain
from pages.shared.sidebar import FAST, draw_progress_bar
from pages.shared.state import NEW_GRID_PAGE, TRAIN_PAGE


def draw_at_work() -> None:
    """A line for the job at work, renewed while it is; nothing, at no cost, where there is none."""
    if jobs.active():
        # Its end runs the page again, from the sidebar.
        st.fragment(going.telling(_draw_first), run_every=FAST)()


def _draw_first() -> None:
    active = jobs.active()
    if not active:
        return
    first = active[0]
    state = "Paused" if first.progress.status == "paused" else "Training"
    more = f" · {len(active) - 1} more wait for their turn" if len(active) > 1 else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="home_at_work"):
        st.markdown(f"**{state}** {plain(first.name)}{more}", width="stretch")
        with st.container(width="stretch"):
            draw_progress_bar(first)
        page = NEW_GRID_PAGE if isinstance(first, GridInfo) else TRAIN_PAGE
        st.page_link(page, label="Watch", icon=":material/visibility:", width="content")
