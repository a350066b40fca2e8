"""The path of lessons: which station is open, and the ways to those before and after, and to all there is."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

LINK = "sparsity_step"
"""In the URL, the open station: its number from 1, or `EXPLORE`."""
OPEN = "_sparsity_step"
"""The same in the session, for a return to this page."""
EXPLORE = "explore"
ASKED_FOR = ("sparsity_view", "sparsity_lesson")
"""Session keys and query parameters of the switches that only free exploration has."""


@dataclass(frozen=True)
class Station:
    """One stop of the path."""

    title: str
    sentence: str
    """What to look at; the answer is made from the figures and stands below the picture."""
    view: str
    """What is shown: a view of two sides, or a picture of the whole width."""
    lesson: str = ""
    """The two sides, where the view has some."""


STATIONS = (
    Station(
        "Which penalty switches units off?",
        "One network with either penalty on its code, at strengths where both rebuild equally well. It "
        "ends in a ReLU, so that a unit can be exactly 0.",
        "Code",
        "ReLU code",
    ),
    Station(
        "Why the corners matter",
        "A penalty holds the solution within a shape around 0: L1's has corners on the axes, where one value "
        "is exactly 0, L2's has none.",
        "Geometry",
    ),
    Station(
        "Does it need the ReLU?",
        "The same two penalties on a linear code: values may come near 0, but do any land on it?",
        "Values",
        "Linear code",
    ),
    Station(
        "A small code is not a sparse one",
        "Here the decoder's atoms may have any norm: the code can shrink, and the penalty with it, while the "
        "atoms grow.",
        "Images",
        "Free decoder",
    ),
    Station(
        "Sparse without a penalty",
        "TopK keeps the ten largest units of every image; BatchNorm with a threshold lets through what lies "
        "above it.",
        "Code",
        "TopK, BatchNorm",
    ),
    Station(
        "What sparsity costs",
        "Every network at once: its squared error against the units that are active in an image.",
        "Trade-off",
    ),
)


def opened(lessons_there: bool) -> str:
    """The station that the URL names, else the one asked for or open before, else the first.

    Without the shipped networks there is no path, and everything that is there stands under `EXPLORE`.
    """
    linked = st.query_params.get(LINK)
    asked = any(key in st.query_params or key in st.session_state for key in ASKED_FOR)
    known = (EXPLORE, *(str(number) for number in range(1, len(STATIONS) + 1)))
    if not lessons_there:
        return EXPLORE
    before = EXPLORE if asked else st.session_state.get(OPEN, "1")
    found = linked if linked in known else before
    go(found)
    return found


def go(station: str) -> None:
    """Opens a station; for the buttons."""
    st.session_state[OPEN] = station
    if st.query_params.get(LINK) != station:
        st.query_params[LINK] = station


def draw_station(number: int) -> None:
    """What the open station asks, and what to look at."""
    station = STATIONS[number - 1]
    st.subheader(station.title, anchor=False)
    st.markdown(station.sentence)


def draw_ways(number: int) -> None:
    """Where on the path this is, and the ways on and back."""
    last = number == len(STATIONS)
    st.caption(f"{number} of {len(STATIONS)}")
    with st.container(horizontal=True, gap="small", key="sparsity_path"):
        st.button(
            "Back",
            key="sparsity_back",
            icon=":material/arrow_back:",
            disabled=number == 1,
            help=None if number == 1 else STATIONS[number - 2].title,
            on_click=go,
            args=(str(number - 1),),
        )
        st.button(
            "Next",
            key="sparsity_next",
            icon=":material/arrow_forward:",
            type="primary",
            disabled=last,
            help=None if last else STATIONS[number].title,
            on_click=go,
            args=(str(number + 1),),
        )
        st.button(
            "Explore",
            key="sparsity_explore",
            icon=":material/explore:",
            help="All comparisons in all views; penalties on weights, codes without an encoder, your runs.",
            on_click=go,
            args=(EXPLORE,),
        )


def draw_way_back() -> None:
    """From free exploration to the path."""
    st.button(
        "To the lessons",
        key="sparsity_lessons",
        icon=":material/route:",
        help=f"{len(STATIONS)} stations, from which penalty switches units off to what that costs.",
        on_click=go,
        args=("1",),
    )
