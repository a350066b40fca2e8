"""L1 against L2, side by side: on the code at equal reconstruction, on the weights, and in two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from aecore.analysis.comparison import Member
from aecore.gallery import sparsity as gallery
from pages.components.geometry import geometry_figure
from pages.look.sparsity import choice, columns, lessons, panels, path, sources, strip
from pages.look.sparsity.lessons import LESSONS
from pages.shared import going, layout
from pages.shared.plain import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SIDE_BY_SIDE = ("Code", "Values", "Images")
VIEWS = (*SIDE_BY_SIDE, "Trade-off", "Weights", "Geometry")
NOTES = {
    "Code": "Above, one image: a stem for each unit that is not exactly 0. Below, 20 images of each class, "
    "one a row: blank where a unit is exactly 0, the stronger the more opaque. Units in order of use.",
    "Values": "From 2,000 test images, or as many as there are. The grey spike holds the values that are "
    "exactly 0.",
    "Images": "Above, test images over their reconstructions. Below, the atoms, most used first: what one "
    "unit adds to the image, red brighter and blue darker; grey ones belong to units that never fire.",
}
NOT_HERE = "The shipped networks are not here; `make gallery` trains them."


@st.fragment
@going.telling
def draw() -> None:
    """The open station of the path, or free exploration."""
    try:
        members = sources.shipped()
    except store.StoreError as error:
        st.error(f"The shipped networks can't be shown: {plain(error)}.")
        members = []
    there = bool(lessons.available(members))
    if (opened := path.opened(there)) == path.EXPLORE:
        draw_exploration(members, with_path=there)
        return
    station = path.STATIONS[int(opened) - 1]
    # Above both columns: on a phone these stand below each other.
    path.draw_station(int(opened))
    controls, picture = _columns()
    with controls:
        path.draw_ways(int(opened))
    with picture:
        draw_view(station.view, station.lesson, members, controls)


def _columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """All controls in one column, and beside it what they change."""
    controls, picture = st.columns([1, 3.8], gap="medium")
    return controls, picture


def draw_exploration(members: list[Member], with_path: bool) -> None:
    """The switch between views, the choice of what is compared, and both."""
    controls, picture = _columns()
    with controls:
        if with_path:
            path.draw_way_back()
        view = st.segmented_control(
            "Look at",
            VIEWS,
            default="Code",
            required=True,
            wrap=True,
            key="sparsity_view",
            bind="query-params",
        )
        lesson = choice.choose_lesson(members) if view in SIDE_BY_SIDE else ""
    with picture:
        draw_view(view, lesson, members, controls)


def draw_view(view: str, lesson: str, members: list[Member], controls: DeltaGenerator) -> None:
    """One view, of the two sides of a lesson where it has two."""
    if view == "Geometry":
        draw_geometry()
    elif view in SIDE_BY_SIDE:
        draw_side_by_side(lesson, members, view, controls)
    elif not members:
        st.info(NOT_HERE)
    elif view == "Weights":
        panels.draw_weights(members, choice.images_of(gallery.BASE.data.name), controls)
    else:
        draw_trade_off(members, controls)


def draw_side_by_side(lesson: str, members: list[Member], view: str, controls: DeltaGenerator) -> None:
    """The strip of figures, two columns of pictures and what they say, beside their controls."""
    if lesson in LESSONS and lesson not in lessons.available(members):
        st.info(NOT_HERE)
        return
    chosen = choice.choose_sides(lesson, members, view, controls)
    if chosen is None:
        return
    left, right = chosen.sides
    strip.draw(left, right, chosen.count_silent, chosen.gauge)
    if view == "Code":
        columns.draw_codes(chosen.sides, chosen.data, chosen.image, chosen.count_silent)
    elif view == "Values":
        columns.draw_values(chosen.sides, chosen.count_silent)
    else:
        columns.draw_pictures(chosen.sides, chosen.data, chosen.count_silent)
    st.markdown(chosen.sentence)
    st.caption(NOTES[view])


def draw_trade_off(members: list[Member], controls: DeltaGenerator) -> None:
    """Every shipped network, with the slider's two marked."""
    lesson = LESSONS["ReLU code"]
    if not (lesson.left.drawn(members) and lesson.right.drawn(members)):
        st.info(NOT_HERE)
        return
    pair = choice.choose_pair(lesson, members, controls)
    panels.draw_trade_off(members, {"L1": pair.left[0], "L2": pair.right[0]})
    st.markdown(choice.sentence(lesson, pair, members))
    st.caption(
        "Lower left is better. Every point is a network, the faint ones the same at other seeds; the rings "
        "mark the two that the slider has chosen. Solid: one linear decoder layer with atoms of norm 1, 4 "
        "epochs. Dashed: the post's deep decoder, 6 epochs. Only lines of one kind compare."
    )


def draw_geometry() -> None:
    """Nothing trained is needed here."""
    geometry_figure()
    st.caption(
        "Contours of a quadratic loss around its optimum, and the L1 diamond or L2 disc that its solution "
        "lies on; drag the optimum. Beside them what either penalty does to a single value."
    )


def main() -> None:
    layout.draw_header(
        "Sparsity",
        "L1 against L2 at the same reconstruction: what each leaves at exactly zero, and at what price.",
    )
    draw()


main()
