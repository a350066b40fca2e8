"""Maps of the test images' codes: to look at, to select from, and with how far each can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.files import StoreError
from aecore.web.code_map.payload import PointSet
from pages.components.code_map import code_map
from pages.look.codes import controls, panel, projections
from pages.look.codes.controls import Choice
from pages.look.codes.material import TEST, TRAINING, Points, atlas, images_of, points_of
from pages.look.codes.panel import Shown
from pages.look.codes.projections import PCA, TSNE, UNITS, Plane
from pages.look.codes.trust import draw_trust
from pages.shared import going, layout, one_file
from pages.shared.loading import test_codes
from pages.shared.plain import plain
from pages.shared.state import chosen_key, keep_selection, kept_selections

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.store.run import Run

HEIGHT = 500
LATEST = "latest"
POINT = "codes_point"
"""In the link: the number of a test image whose point is picked at first."""


def plane_of(key: str, choice: Choice, points: Points) -> Plane:
    """The chosen plane; of a t-SNE that is not there yet, as far as it has formed."""
    if choice.kind == PCA:
        return projections.pca_plane(key, points, *choice.pair)
    if choice.kind != TSNE:
        return projections.unit_plane(points, *choice.pair)
    return projections.draw_tsne(points, choice.perplexity, choice.seed)


def added(key: str, choice: Choice, points: Points, plane: Plane) -> tuple[Points | None, np.ndarray | None]:
    """Points to add and their places, or the sentence that says why there are none."""
    try:
        second = controls.second_points(choice, key, points)
        return second, None if second is None else plane.place(second, choice.second != TRAINING)
    except (ValueError, StoreError) as error:
        st.info(f"{plain(choice.second)} can't be placed here. {plain(error)}")
        return None, None


@st.fragment
@going.telling
def draw_map(
    key: str,
    data: ImageData,
    choice: Choice,
    points: Points,
    plane: Plane,
    second: Points | None,
    places: np.ndarray | None,
) -> None:
    """The map and what is chosen on it; nothing else runs again when something is."""
    training = second is not None and choice.second == TRAINING
    of = "" if points.part == TEST else f" {points.part}"
    identity = f"{data.name} {len(points)}{of}{' and training images' if training else ''}"
    shown = Shown(points, second)
    if "codes_map" not in st.session_state:
        # The page is opened again: the map begins with the selection it was left with.
        st.session_state.pop("_codes_map-first-selection", None)
    # What other pages know of a selection are numbers of test images.
    kept = kept_selections(data.name).get(LATEST) if points.part == TEST else None
    left, right = layout.picture_and_figures()
    with left:
        state = code_map(
            point_set(choice, points, plane.points, points.part),
            key="codes_map",
            identity=identity,
            atlas=atlas(data.name, points.part, len(points), training),
            class_names=data.class_names,
            scale=choice.scale(points),
            second=None if second is None else added_set(choice, second, places, len(points), training),
            rings=panel.rings(shown, identity, st.session_state.get("codes_map")),
            axes=plane.axes,
            projection=plane.title,
            ticks=plane.measured,
            equal_axes=choice.kind == TSNE,
            decode_plane=plane.code_at is not None,
            selected=None if kept is None else np.flatnonzero(np.isin(points.numbers, kept)),
            picked=linked_point(points),
            height=HEIGHT,
            flow=plane.flow,
            forming=plane.forming,
            # On single units the middles of all classes lie close together.
            name_classes=choice.kind != UNITS,
        )
    if points.part == TEST:
        chosen = np.array([], dtype=int) if state.selected is None else state.selected
        keep_selection(data.name, LATEST, points.numbers[chosen[chosen < len(points)]].tolist())
    with right:
        panel.draw(key, data, shown, plane, state)
    if plane.forming:
        return
    with left:
        # Last, because it takes seconds the first time.
        draw_trust(key, points, plane)


def linked_point(points: Points) -> int | None:
    """Index of the point whose test image the link names; None for none, or one that is not drawn."""
    number = st.query_params.get(POINT, "")
    known = number.isdecimal() and points.part == TEST
    found = np.flatnonzero(points.numbers == int(number)) if known else []
    return int(found[0]) if len(found) else None


def point_set(choice: Choice, points: Points, places: np.ndarray, name: str, **options) -> PointSet:
    values = choice.values_of(points)
    return PointSet(places, points.labels, values, numbers=points.numbers, name=name, **options)


def added_set(choice: Choice, second: Points, places: np.ndarray, before: int, training: bool) -> PointSet:
    """The second set, with the same pictures as the first or with its own after them."""
    pictures = np.arange(len(second)) + (before if training else 0)
    name = "training images" if training else second.run.name
    return point_set(choice, second, places, name, pictures=pictures, marker="ring")


def draw_line(key: str, data: ImageData) -> None:
    """A code of one unit is a line: its values by class."""
    from aecore.figures.units import value_histogram

    points = points_of(key, *controls.images_control(data))
    st.caption("A code of one unit is a line, which needs no map: its values, by class.")
    layout.draw_chart(
        value_histogram(points.codes[:, 0], points.labels, data.class_names, height=360),
        alt="Values of the one unit by class",
    )


def draw_maps(run: Run, key: str, data: ImageData) -> None:
    """The row of controls, the map, and how far it can be trusted."""
    choice, points = controls.draw(run, key, data)
    # A place of its own, so that the map below stays the same one whatever stands here.
    with st.container():
        plane = plane_of(key, choice, points)
    there = len(images_of(data, points.part)[0])
    if len(points) < there:
        st.caption(f"Sampled {len(points):,} of {there:,} {points.part}, with seed 0.")
    number = st.query_params.get(POINT, "")
    if number.isdecimal() and linked_point(points) is None:
        st.caption(f"Test image {number} is not among those that are drawn.")
    second, places = added(key, choice, points, plane)
    draw_map(key, data, choice, points, plane, second, places)


def main() -> None:
    run, data = layout.require_run(
        "Codes",
        "Every image as a point, placed by its code: similar codes lie together.",
    )
    key = chosen_key()
    if not test_codes(key).isfinite().all():
        st.error(
            "Some codes of this run are not finite numbers (its training diverged), so they have no map."
        )
    elif run.latent_size == 1:
        draw_line(key, data)
    else:
        draw_maps(run, key, data)
    one_file.draw(key, "codes")


main()
