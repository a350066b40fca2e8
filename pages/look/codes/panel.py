"""The column beside the map: what a selection, a clicked point, or a clicked place shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore.web.code_map.payload import MapState
from pages.look.codes.material import TEST, Points
from pages.look.codes.projections import Plane
from pages.shared import images, layout, loading
from pages.shared.plain import plain
from pages.shared.state import INTERPOLATION_PAGE, keep_selection, kept_selections

if TYPE_CHECKING:
    from aecore.data import ImageData

COLUMNS, PAIRS = 9, 27
"""Width of the mosaic in images, and images in it; each has its reconstruction under it."""
NEAREST = 8
CODE_COLOR, PIXEL_COLOR = "#d55e00", "#0072b2"

HINT = (
    "**Draw around points** with the lasso or the rectangle: their images, reconstructions, classes and mean "
    "appear here. **Click a point** for its nearest neighbours in the code and in pixels."
)
HINT_PLACE = " **Click an empty place** to decode it."


@dataclass(frozen=True)
class Shown:
    """What the map's indices count: the images of the map, then those of the second set."""

    first: Points
    second: Points | None = None

    def parts(self, indices: np.ndarray) -> list[tuple[Points, np.ndarray]]:
        """The sets that hold some of the indices, each with its own rows."""
        n = len(self.first)
        parts = [(self.first, indices[indices < n])]
        if self.second is not None:
            beyond = indices[indices >= n] - n
            parts.append((self.second, beyond[beyond < len(self.second)]))
        return [(points, rows) for points, rows in parts if len(rows)]


def neighbors_of(shown: Shown, picked: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Indices of a point's nearest others of its own set, in the code and in pixels; None if it has none."""
    parts = shown.parts(np.array([picked]))
    if not parts or len(parts[0][0]) < 2:
        return None
    from aecore.analysis.latent import nearest_others

    points, rows = parts[0]
    k, row = min(NEAREST, len(points) - 1), int(rows[0])
    in_code = points.code_neighbors.among_themselves(k, rows)[1][0]
    return in_code + picked - row, nearest_others(points.images, row, k) + picked - row


def rings(shown: Shown, identity: str, state: Any) -> dict[str, tuple[str, list[int]]]:
    """Circles on the map around the neighbours of the point that was clicked; `state` is the map's own."""
    pick = state.get("pick") if hasattr(state, "get") else None
    if not hasattr(pick, "get") or pick.get("identity") != identity or not isinstance(pick.get("index"), int):
        return {}
    if pick["index"] < 0 or (found := neighbors_of(shown, pick["index"])) is None:
        return {}
    return {
        "nearest in the code": (CODE_COLOR, found[0].tolist()),
        "nearest in pixels": (PIXEL_COLOR, found[1].tolist()),
    }


def draw(key: str, data: ImageData, shown: Shown, plane: Plane, state: MapState) -> None:
    """Whatever was chosen last on the map, or what can be done there."""
    if state.picked is not None:
        _draw_point(data, shown, state.picked)
    if state.place is not None and plane.code_at is not None:
        _draw_place(key, shown.first, plane.code_at(state.place))
    if state.selected is not None and len(state.selected):
        _draw_selection(data, shown, state.selected)
    elif state.selected is not None:
        st.info("The outline holds no point: draw it around some, or press Escape.")
    elif state.picked is None and state.place is None:
        st.info(HINT + (HINT_PLACE if plane.code_at else ""))


def _draw_selection(data: ImageData, shown: Shown, selected: np.ndarray) -> None:
    from aecore.figures.codes import class_bars

    parts = shown.parts(selected)
    errors = np.concatenate([points.errors[rows] for points, rows in parts])
    labels = np.concatenate([points.labels[rows] for points, rows in parts])
    few = selected[np.linspace(0, len(selected) - 1, min(PAIRS, len(selected))).round().astype(int)]
    count = "1 image" if len(selected) == 1 else f"{len(selected):,} images"
    st.markdown(f"**{count}** · squared error {errors.mean():.1f} (all {shown.first.errors.mean():.1f})")
    picture = _pairs(*_originals_and_reconstructions(shown, few))
    st.html(images.tag(picture, "100%", "selected images, each with its reconstruction under it"))
    drawn = "" if len(few) == len(selected) else f"; {len(few)} of {len(selected):,}"
    st.caption(f"Each image with its reconstruction under it{drawn}.")
    if data.labelled:
        layout.draw_chart(
            class_bars(labels, data.class_names), key="codes_classes", alt="Selected images of each class"
        )
    _draw_mean(parts)
    if shown.first.part == TEST:
        _draw_keep(data, shown.first, selected)


def _originals_and_reconstructions(shown: Shown, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from aecore.data import unit_range

    pairs = [(points.run, unit_range(points.images[rows])) for points, rows in shown.parts(indices)]
    originals = np.concatenate([x.numpy() for _, x in pairs])
    return originals, np.concatenate([run.reconstruct(x).numpy() for run, x in pairs])


def _pairs(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """One picture: a row of originals, the row of their reconstructions, and so on."""
    columns = min(COLUMNS, len(originals))
    # White where the last row ends early.
    blank = np.ones((-len(originals) % columns, *originals.shape[1:]), dtype=np.float32)
    rows = [
        np.concatenate([x, blank]).reshape(-1, columns, *x.shape[1:]) for x in (originals, reconstructions)
    ]
    return images.mosaic(np.stack(rows, axis=1).reshape(-1, *originals.shape[1:]), columns)


def _draw_mean(parts: list[tuple[Points, np.ndarray]]) -> None:
    run = parts[0][0].run
    own = [(points, rows) for points, rows in parts if points.run is run]
    code = np.concatenate([points.codes[rows] for points, rows in own]).mean(axis=0, keepdims=True)
    pixels = np.concatenate([points.images[rows].numpy() for points, rows in own]).mean(axis=0) / 255
    images.draw_wall(
        [
            images.Figure([images.to_rgb(run.decode(code)[0])], "mean code, decoded"),
            images.Figure([images.to_rgb(pixels)], "mean of the pixels"),
        ],
        width=84,
    )


def _draw_keep(data: ImageData, points: Points, selected: np.ndarray) -> None:
    numbers = points.numbers[selected[selected < len(points)]].tolist()
    kept = kept_selections(data.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        for name in ("A", "B"):
            st.button(
                f"Save as {name}",
                key=f"codes_keep_{name}",
                on_click=keep_selection,
                args=(data.name, name, numbers),
                disabled=not numbers,
                help="Interpolation can go from one saved selection to the other: Direction.",
            )
    saved = [f"{name}: {len(kept[name]):,}" for name in ("A", "B") if name in kept]
    if saved:
        st.caption(f"Saved test images: {', '.join(saved)}.")
    if len(saved) == 2:
        st.page_link(
            INTERPOLATION_PAGE,
            label="From A to B",
            icon=":material/trending_flat:",
            query_params={"interpolation_view": "Direction"},
        )


def _draw_point(data: ImageData, shown: Shown, picked: int) -> None:
    points, rows = shown.parts(np.array([picked]))[0]
    row, label = int(rows[0]), int(points.labels[rows[0]])
    original, reconstruction = _originals_and_reconstructions(shown, np.array([picked]))
    name = f", {data.known_classes[label]}" if data.known_classes else ""
    caption = f"image {points.numbers[row]}{name}; squared error {points.errors[row]:.1f}"
    images.draw_wall(
        [images.Figure([images.to_rgb(original[0]), images.to_rgb(reconstruction[0])], caption)], width=84
    )
    if (found := neighbors_of(shown, picked)) is None:
        return
    for where, indices in zip(("the code", "pixels"), found, strict=True):
        own = indices - (picked - row)
        same = int((points.labels[own] == label).sum())
        of_class = f": {same} of {len(own)} are {plain(data.class_names[label])}" if data.labelled else ""
        st.caption(f"Nearest in **{where}**, nearest first{of_class}")
        picture = images.mosaic(points.images[own].numpy(), len(own))
        st.html(images.tag(picture, "100%", f"nearest in {where}"))


def _draw_place(key: str, points: Points, code: np.ndarray) -> None:
    neighbors, _, band = loading.code_neighbors(key)
    remoteness = float(neighbors.remoteness(code)[0][0])
    left, right = st.columns([1, 2], vertical_alignment="center")
    left.html(images.tag(images.to_rgb(points.run.decode(code)[0]), "100%", "the place, decoded"))
    right.metric(
        "Nearest training code",
        f"{remoteness:.2f}",
        help="Distance from the code of this place to the nearest training code, as a multiple of the median "
        "distance from a training code to its own nearest neighbour.",
    )
    right.caption(place_meaning(remoteness, band[1]))


def place_meaning(remoteness: float, limit: float) -> str:
    """Whether a place is within the distance at which 95 % of unseen images lie, its unit the typical one."""
    verdict = "where real codes are" if remoteness <= limit else "farther out than 95 % of unseen images"
    return f"times the usual distance between neighbours (test images: up to {limit:.2f}): {verdict}"
