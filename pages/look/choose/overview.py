"""The charts over a whole grid, each with a line on how to read it. A click on a mark moves the sliders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from aecore.analysis import grid_charts, grid_words, selection
from aecore.analysis.grid_charts import Point
from aecore.analysis.selection import Candidate
from aecore.grid import Grid, axis_text
from aecore.settings import axis_label, label, member_name

CURVE, HEAT, PARETO, PARALLEL, IMPORTANCE = (
    "Error curve",
    "Heat map",
    "Pareto front",
    "Parallel axes",
    "Importance",
)
VIEWS = (HEAT, PARETO, PARALLEL, IMPORTANCE)


def draw_curve(
    grid: Grid, members: Sequence[Candidate], k: int, field: str, key: str, pick: Callable
) -> None:
    """Squared error against one field through member k, with PCA's, the spread over seeds and the elbow."""
    from aecore.figures.grid import error_curve

    config = grid.members[k]
    curve = grid_charts.curve_through(selection.groups(members), config, field)
    if len(curve.values) > 1:
        rows = [_curve_row(grid, point, k) for point in curve.points]
        here = {row["k"] for row in rows}
        others = [
            {"k": c.k, "x": c.config.get(field), "error": error, "label": member_name(grid, c.k)}
            for c in members
            if c.k not in here
            and (error := curve.error_of(c)) is not None
            and (c.config.get(field) > 0 or not curve.log)
        ]
        chart = error_curve(
            rows, others, label(field), log=curve.log, elbow=curve.elbow, chosen=config.get(field)
        )
        _show(chart, key, pick)
    st.caption(grid_words.curve_words(curve))


def _curve_row(grid: Grid, point: Point, k: int) -> dict[str, Any]:
    own = k if k in point.members else point.best
    return {
        "k": own,
        "x": point.x,
        "error": point.error,
        "low": point.low,
        "high": point.high,
        "pca": point.pca,
        "label": member_name(grid, own),
    }


def draw_heat_map(
    grid: Grid, members: Sequence[Candidate], place: Sequence[int], key: str, pick: Callable
) -> None:
    """Validation error over two axes, the others as on the sliders."""
    from aecore.figures.grid import heat_map as chart

    axes = selection.positions_by_axis(grid)
    wide = [i for i, (_, values) in enumerate(axes) if len(values) > 1]
    if len(wide) < 2:
        st.caption("A heat map needs two axes with several values each; this grid has one.")
        return
    names = {i: axis_label(axes[i][0]) for i in wide}
    with st.container(horizontal=True):
        x = st.selectbox("Across", wide, format_func=names.get, key=f"{key}_x", persist_state="session")
        rest = [i for i in wide if i != x]
        y = st.selectbox("Down", rest, format_func=names.get, key=f"{key}_y_{x}", persist_state="session")
    errors = {c.k: c.validation for c in members}
    chosen = selection.member_at(grid, place)
    cells = []
    for there in selection.slice_places(grid, place, x, y):
        k = selection.member_at(grid, there)
        cells.append(
            {
                "k": k,
                "place": "-".join(map(str, there)),
                "x": axis_text(axes[x][0], axes[x][1][there[x]]),
                "y": axis_text(axes[y][0], axes[y][1][there[y]]),
                "error": errors.get(k),
                "label": member_name(grid, k),
                "here": there == list(place),
            }
        )
    _show(chart(cells, names[x], names[y], chosen, height=240), key, pick)
    st.caption(
        grid_words.HEAT + (f" {grid_words.DASHED}" if any(cell["error"] is None for cell in cells) else "")
    )


def draw_pareto_front(grid: Grid, members: Sequence[Candidate], k: int, key: str, pick: Callable) -> None:
    """Which members no other beats in error, active units and parameters at once."""
    from aecore.figures.grid import pareto as chart

    front = grid_charts.front(members)
    rows = [
        {
            "k": c.k,
            "units": c.active_units,
            "error": c.validation,
            "parameters": c.parameters,
            "front": best,
            "here": c.k == k,
            "label": member_name(grid, c.k),
        }
        for c, best in front
    ]
    if rows:
        _show(chart(rows), key, pick)
    st.caption(grid_words.front_words(front))


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


def draw_importance(grid: Grid, members: Sequence[Candidate], key: str) -> None:
    """Which axes the validation error goes with, where more than chance makes one stand out."""
    from aecore.figures.grid import importance_bars

    found = selection.importance(grid, members)
    if found is not None and found.telling:
        shares = {axis_label(name): share for name, share in found.shares.items()}
        st.altair_chart(importance_bars(shares, found.interactions, found.noise, found.method), key=key)
    st.caption(grid_words.importance_words(found))


def proposal(
    grid: Grid, members: Sequence[Candidate], further: Sequence[Candidate] = ()
) -> tuple[str, selection.Proposal | None]:
    """What is proposed and why, as Markdown, with the proposal."""
    said = grid_words.proposal(grid, members, further)
    return (f"**{said.title}**" if said.title else "") + said.text, said.found


def _show(chart: Any, key: str, pick: Callable) -> None:
    from aecore.figures.grid import PICKED

    st.altair_chart(chart, key=key, on_select=pick, selection_mode=PICKED)
