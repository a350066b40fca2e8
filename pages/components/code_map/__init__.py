"""A map of up to tens of thousands of images: hover shows one, rectangle and lasso select, a click picks.

`geometry.js` is maths, `paint.js` draws, `map.js` holds the map, `input.js` follows pointer and keyboard,
`pictures.js` keeps the small pictures that `atlas.js` receives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import streamlit as st

from aecore.palette import CLASS_COLORS
from pages.components.code_map.payload import (
    VIRIDIS,
    Atlas,
    MapState,
    PointSet,
    Scale,
    checksum,
    mask_text,
    read_state,
    thumbnail_atlas,
)
from pages.components.loader import component

__all__ = ["VIRIDIS", "Atlas", "MapState", "PointSet", "Scale", "code_map", "thumbnail_atlas"]

_map = component("code_map", "code_map", "map")
_atlas = component("code_map_atlas", "code_map", "atlas")


def code_map(
    points: PointSet,
    *,
    key: str,
    identity: str,
    atlas: Atlas | None = None,
    class_names: Sequence[str] = (),
    colors: Sequence[str] = CLASS_COLORS,
    scale: Scale | None = None,
    second: PointSet | None = None,
    rings: Mapping[str, tuple[str, Sequence[int]]] | None = None,
    axes: tuple[str, str] = ("", ""),
    ticks: bool = True,
    equal_axes: bool = True,
    decode_plane: bool = False,
    selected: np.ndarray | Sequence[int] | None = None,
    mode: Literal["pan", "rectangle", "lasso"] = "lasso",
    point_name: str = "image",
    label: str = "Map of codes",
    height: int = 560,
    on_selection: Callable[[], None] | None = None,
    on_pick: Callable[[], None] | None = None,
) -> MapState:
    """Draws the map as wide as its container and returns what is selected and picked on it.

    `identity` says which images these are (data set and choice of images, not run or projection): as long
    as it stays, the selection stays, whatever is drawn. Zoom stays as long as the points do. Points are
    coloured by class, or by their `values` where a `scale` is given. `rings` draws circles around points,
    `{name: (colour, indices)}`. `second` is drawn over the first set, with a line to the same image in it
    at the pointer. With `decode_plane` a click beside all points reports the place. `selected` is where a
    map starts that is drawn for the first time in its session, such as a selection brought from another
    page. Run it in a fragment: every selection and every pick is a rerun.
    """
    sets = [points] if second is None else [points, second]
    encoded = [one.encoded(scale is not None) for one in sets]
    n = sum(one["n"] for one in encoded)
    largest = max((int(np.max(s.labels)) for s in sets if s.labels is not None and len(s.labels)), default=-1)
    if largest >= len(class_names):
        raise ValueError(f"label {largest} has no name among {len(class_names)} classes")
    plane = checksum(axes, *(one["xy"] for one in encoded))
    data = {
        "key": key,
        "identity": identity,
        "plane": plane,
        "sets": encoded,
        "classes": list(class_names),
        "colors": list(colors),
        "scale": scale and {**vars(scale), "palette": list(scale.palette)},
        "rings": _rings(rings or {}),
        "axes": list(axes),
        "ticks": ticks,
        "equal": equal_axes,
        "decode_plane": decode_plane,
        "selected": _first_selection(key, identity, selected, n),
        "mode": mode,
        "point_name": point_name,
        "label": label,
        "height": height,
        "atlas": atlas.id if atlas else None,
    }
    with st.container(gap=None):
        if atlas:
            _atlas(data=atlas.message, key=f"{key}-atlas")
        result = _map(
            data=data,
            key=key,
            on_selection_change=on_selection or _nothing,
            on_pick_change=on_pick or _nothing,
        )
    return read_state(result.get("selection"), result.get("pick"), identity, plane, n, data["selected"])


def _rings(rings: Mapping[str, tuple[str, Sequence[int]]]) -> list[dict[str, object]]:
    return [
        {"name": name, "color": color, "indices": [int(i) for i in indices]}
        for name, (color, indices) in rings.items()
    ]


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
