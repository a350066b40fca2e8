"""The charts over a whole grid, each with a line on how to read it. A click on a mark moves the sliders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from aecore.analysis import grid_words, selection
from aecore.analysis.selection import Candidate
from aecore.grid import Grid, axis_text
from aecore.settings import axis_label
from aecore.store import GridInfo
from aecore.web.charts.payload import bars_data, curve_data, front_data, heat_data
from pages.components import charts
from pages.look.choose.place import field_chosen, member_picked, place_picked

CURVE, HEAT, PARETO, PARALLEL, IMPORTANCE = (
    "Error curve",
    "Heat map",
    "Pareto front",
    "Parallel axes",
    "Importance",
)
VIEWS = (HEAT, PARETO, PARALLEL, IMPORTANCE)


def draw_curve(info: GridInfo, members: Sequence[Candidate], k: int) -> None:
    """Squared error against a field through member k, with PCA's, the spread over seeds and the elbow."""
    key = f"choose_curve_{info.key}"
    charts.curve(
        _data("curve", info, members),
        k,
        st.session_state.get("_choose_field"),
        on_pick=partial(member_picked, info, key),
        on_field=partial(field_chosen, key),
        key=key,
    )


def draw_heat_map(info: GridInfo, members: Sequence[Candidate], place: Sequence[int]) -> None:
    """Validation error over two axes, the others as on the sliders."""
    key = f"choose_heat_{info.key}"
    charts.heat_map(_data("heat", info, members), place, on_pick=partial(place_picked, info, key), key=key)


def draw_pareto_front(info: GridInfo, members: Sequence[Candidate], k: int) -> None:
    """Which members no other beats in error, active units and parameters at once."""
    key = f"choose_front_{info.key}"
    charts.front(_data("front", info, members), k, on_pick=partial(member_picked, info, key), key=key)


def draw_importance(info: GridInfo, members: Sequence[Candidate]) -> None:
    """Which axes the validation error goes with, where more than chance makes one stand out."""
    charts.bars(_data("bars", info, members), key=f"choose_bars_{info.key}")


def _data(chart: str, info: GridInfo, members: Sequence[Candidate]) -> dict[str, Any]:
    figures = tuple((c.k, c.validation, c.test, c.parameters) for c in members)
    return _kept_data(chart, str(info.path), figures, info.grid, members)


@st.cache_data(max_entries=16, show_spinner=False)
def _kept_data(
    chart: str, path: str, figures: tuple[Any, ...], _grid: Grid, _members: Sequence[Candidate]
) -> dict[str, Any]:
    """What a chart is sent, made again when a member's figures change."""
    made = {"curve": curve_data, "heat": heat_data, "front": front_data, "bars": bars_data}
    return made[chart](_grid, _members)


def draw_parallel_axes(grid: Grid, members: Sequence[Candidate], k: int, key: str, pick: Callable) -> None:
    """A line a member through its place on every axis to its validation error."""
    from aecore.figures.grid import parallel as chart

    judged = [c for c in members if c.validation is not None]
    axes = [(name, values) for name, values in selection.positions_by_axis(grid) if len(values) > 1]
    errors = [c.validation for c in judged]
    span = max(errors) - min(errors) or 1.0
    rows = []
    for c in judged:
        position = grid.position_of(c.k) | {"member": c.k}
        marks = [
            (values.index(position[name]) / (len(values) - 1), axis_text(name, position[name]))
            for name, values in axes
        ]
        marks.append(((c.validation - min(errors)) / span, f"{c.validation:.1f}"))
        rows.append({"k": c.k, "error": c.validation, "marks": marks})
    columns = [*(axis_label(name) for name, _ in axes), "validation error"]
    _show(chart(rows, columns, k), key, pick)
    st.caption(
        "Each line is a model, coloured by its validation error; the thick one is where the sliders are."
    )


def proposal(
    grid: Grid, members: Sequence[Candidate], further: Sequence[Candidate] = ()
) -> tuple[str, selection.Proposal | None]:
    """What is proposed and why, as Markdown, with the proposal."""
    said = grid_words.proposal(grid, members, further)
    return (f"**{said.title}**" if said.title else "") + said.text, said.found


def _show(chart: Any, key: str, pick: Callable) -> None:
    from aecore.figures.grid import PICKED

    st.altair_chart(
        chart,
        key=key,
        on_select=pick,
        selection_mode=PICKED,
        alt="Every model as a line over its settings and its validation error",
    )
