"""The map of codes on a page, and what is selected and picked on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from aecore.web.code_map.frames import Frame, frames_data
from aecore.web.code_map.payload import Atlas, MapState, PointSet, map_data, mask_text, read_state
from pages.components.loader import component

_map = component("code_map", "code_map", "map")
_atlas = component("code_map_atlas", "code_map", "atlas")
_frames = component("code_map_frames", "code_map", "frames")


def code_map(
    points: PointSet,
    *,
    key: str,
    identity: str,
    atlas: Atlas | None = None,
    second: PointSet | None = None,
    selected: np.ndarray | Sequence[int] | None = None,
    picked: int | None = None,
    on_selection: Callable[[], None] | None = None,
    on_pick: Callable[[], None] | None = None,
    **look: Any,
) -> MapState:
    """Draws the map as wide as its container and returns what is selected and picked on it.

    What is drawn, and `look`, is as in `map_data`. `selected` is where a map starts that is drawn for the
    first time in its session, such as a selection brought from another page; `picked` is picked there as if
    it had been clicked. Run it in a fragment: every selection and every pick is a rerun.
    """
    n = len(points.points) + (0 if second is None else len(second.points))
    data = map_data(points, identity=identity, atlas=atlas, second=second, **look)
    data |= {"key": key, "selected": _first_selection(key, identity, selected, n), "picked": picked}
    with st.container(gap=None):
        if atlas:
            _atlas(data=atlas.message, key=f"{key}-atlas")
        result = _map(
            data=data,
            key=key,
            on_selection_change=on_selection or _nothing,
            on_pick_change=on_pick or _nothing,
        )
    return read_state(
        result.get("selection"), result.get("pick"), identity, data["plane"], n, data["selected"]
    )


def code_map_frames(flow: str, frames: Sequence[Frame], seconds: float, key: str) -> None:
    """Moves the map of that `flow` through `frames` in so many seconds; it draws nothing itself."""
    _frames(data=frames_data(flow, frames, seconds), key=key)


def _first_selection(
    key: str, identity: str, selected: np.ndarray | Sequence[int] | None, n: int
) -> str | None:
    # Kept, so that the message to the browser stays the same while the selection changes there.
    kept = f"_{key}-first-selection"
    if key not in st.session_state or st.session_state.get(kept, (None, None))[0] != identity:
        st.session_state[kept] = (identity, None if selected is None else mask_text(selected, n))
    return st.session_state[kept][1]


def _nothing() -> None:
    return None
