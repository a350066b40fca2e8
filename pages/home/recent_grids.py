"""The newest grids as cards."""

from __future__ import annotations

import html

import streamlit as st

from aecore import store
from aecore.files import StoreError
from aecore.store import GridInfo
from pages.shared import grid_source, images
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import CHOOSE_PAGE

CARDS = 4
"""Grids that are shown."""
MEMBERS, IMAGES = 3, 5
"""Models of a grid in its picture, from the first to the last, and images of each."""


def draw_recent_grids() -> None:
    """A card each for the newest grids that have a model to look at, with the way to their sliders."""
    found = [info for info in grid_source.grids() if info.result is not None or info.progress.members_done]
    if not found:
        return
    st.subheader("Recent grids", anchor=False)
    for column, info in zip(st.columns(CARDS), found[:CARDS], strict=False):
        with column.container(border=True):
            try:
                st.html(_picture(str(info.path), store.pictures_stamp(info), info))
            except (StoreError, OSError, ValueError) as error:
                st.caption(f"No picture: {plain(error)}")
            st.html(f"<b>{html.escape(info.name)}</b>")
            st.caption(_figures(info))
            st.button(
                "Choose among them",
                key=f"home_grid_{info.key}",
                on_click=_choose,
                args=(info.key,),
                width="stretch",
                help="Opens its sliders, of which every position is one of these models.",
            )


def _choose(key: str) -> None:
    st.session_state["choose_grid"] = key
    leave_for(CHOOSE_PAGE)


def _figures(info: GridInfo) -> str:
    """How many models, and from which squared error to which."""
    count = len(info.grid.members)
    if info.result is None:
        return f"{info.progress.members_done} of {count} models are trained"
    errors = [row.result.test.squared_error for row in info.result.members if row.result is not None]
    if not errors:
        return f"{count} models"
    return f"{count} models · squared error {min(errors):.1f} to {max(errors):.1f}"


@st.cache_data(max_entries=16, show_spinner=False)
def _picture(path: str, stamp: int, _info: GridInfo) -> str:
    """Reconstructions of the same images by some of the models, a row each, as HTML; empty without any."""
    import numpy as np

    last = len(_info.grid.members) - 1
    members = sorted({round(last * i / (MEMBERS - 1)) for i in range(MEMBERS)})
    found = store.read_all_pictures(_info, members)
    rows = [found.images[k][:IMAGES] for k in members if found.codes[k] is not None]
    if not rows:
        return ""
    mosaic = images.mosaic(np.concatenate(rows), columns=len(rows[0]))
    return images.tag(mosaic, "100%", f"The same images rebuilt by {len(rows)} models of the grid")
