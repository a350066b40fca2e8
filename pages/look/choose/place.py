"""Which grid is looked at and where its sliders stand: in the link, in the session, and as they are moved."""

from __future__ import annotations

import streamlit as st

from aecore import jobs
from aecore.analysis import selection
from aecore.store import GridInfo
from pages.shared.plain import plain

BOARD = "choose_board"
"""Session key of the sliders."""

GRID, LINK = "grid", "at"
"""In the URL."""


def choose_grid(infos: list[GridInfo]) -> GridInfo:
    """Draws the choice of a grid and returns the one chosen.

    It starts with the one of the link, else that of the session, else the newest finished one, and rather one
    with axes than a list of members, which has nothing to be moved along.
    """
    by_key = {info.key: info for info in infos}
    linked = st.query_params.get(GRID)
    # Once a session: later the address may still hold an older place of the same session.
    if linked and "_choose_linked_grid" not in st.session_state:
        if linked in by_key:
            st.session_state["choose_grid"] = linked
        else:
            st.warning(
                f"The link names the grid {plain(linked)}, which is not here; another is shown instead."
            )
    if st.session_state.get("choose_grid") not in by_key:
        first = min(infos, key=lambda info: (info.result is None, not info.grid.axes))
        st.session_state["choose_grid"] = first.key
    key = st.selectbox(
        "Grid",
        list(by_key),
        format_func=lambda key: f"{by_key[key].name} ({jobs.status(by_key[key])})"
        if jobs.status(by_key[key]) != "finished" else by_key[key].name,
        key="choose_grid",
        persist_state="session",
        width=520,
    )  # fmt: skip
    st.query_params[GRID] = st.session_state["_choose_linked_grid"] = key
    return by_key[key]


def place_in(info: GridInfo, proposed: selection.Candidate | None) -> list[int]:
    """Where the sliders of a grid stand: where the link or the session says, else at the proposed member."""
    places = st.session_state.setdefault("_choose_places", {})
    linked = st.query_params.get(LINK)
    if linked and "_choose_linked_place" not in st.session_state:
        take(info, linked)
    if info.key not in places:
        places[info.key] = selection.place_of(info.grid, proposed.k if proposed else 0)
    note(info, places[info.key])
    return places[info.key]


def take(info: GridInfo, text: str) -> None:
    """Moves the sliders to a place such as `3-0-1`; what is none is left alone."""
    try:
        place = [int(part) for part in text.split("-")]
        selection.member_at(info.grid, place)
    except ValueError:
        return
    st.session_state.setdefault("_choose_places", {})[info.key] = place


def note(info: GridInfo, place: list[int]) -> None:
    text = "-".join(map(str, place))
    st.query_params[LINK] = text
    st.session_state["_choose_linked_place"] = True


def moved(info: GridInfo) -> None:
    """The sliders were let go; for the component."""
    take(info, st.session_state[BOARD].at or "")
    # A chart that still holds its last click would not report the same mark again: a new one does.
    if st.session_state.pop("_choose_picked", False):
        st.session_state["_choose_charts"] = st.session_state.get("_choose_charts", 0) + 1


def go_to(info: GridInfo, k: int) -> None:
    """Moves the sliders to member k."""
    place = selection.place_of(info.grid, k)
    st.session_state["_choose_places"][info.key] = place
    st.session_state["_choose_move"] = st.session_state.get("_choose_move", 0) + 1


def member_picked(info: GridInfo, key: str) -> None:
    """A mark of a member was picked; for the charts that are components."""
    if (k := st.session_state[key].picked) is not None:
        go_to(info, int(k))


def place_picked(info: GridInfo, key: str) -> None:
    """A cell of the heat map was picked."""
    take(info, st.session_state[key].at or "")
    st.session_state["_choose_move"] = st.session_state.get("_choose_move", 0) + 1


def field_chosen(key: str) -> None:
    """Another field was chosen to draw the error against."""
    st.session_state["_choose_field"] = st.session_state[key].field


def picked(info: GridInfo, key: str) -> None:
    """A mark was clicked; for a chart of Altair's."""
    chosen = st.session_state[key]["selection"].get("picked") or []
    if chosen and "k" in chosen[0]:
        go_to(info, int(chosen[0]["k"]))
        st.session_state["_choose_picked"] = True


def probe_chosen() -> None:
    if (probe := st.session_state[BOARD].probe) is not None:
        st.session_state["_choose_probe"] = int(probe)
