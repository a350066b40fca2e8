"""The charts over a whole grid, each with a line on how to read it. A click on a mark moves the sliders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from aecore.analysis import selection
from aecore.analysis.selection import LATENT, SEED, Candidate
from aecore.config import field_paths
from aecore.grid import Grid, axis_text
from pages.shared.members import axis_label, member_name
from pages.shared.settings_table import label

CURVE, HEAT, PARETO, PARALLEL, IMPORTANCE = (
    "Error curve",
    "Heat map",
    "Pareto front",
    "Parallel axes",
    "Importance",
)
SHOWN = 0.0005
"""Shares of the variance below this are not drawn."""
VIEWS = (HEAT, PARETO, PARALLEL, IMPORTANCE)


def numeric_fields(grid: Grid) -> list[str]:
    """Fields with a number that differs between members, the latent size first."""
    varying = []
    for field, kind in field_paths().items():
        if kind in (int, float) and field != SEED:
            values = {config.get(field) for config in grid.members}
            if len(values) > 1:
                varying.append(field)
    return sorted(varying, key=lambda field: field != LATENT)


def draw_curve(
    grid: Grid, members: Sequence[Candidate], k: int, field: str, key: str, pick: Callable
) -> None:
    """Squared error against one field through member k, with PCA's, the spread over seeds and the elbow."""
    from aecore.figures.grid import error_curve

    config = grid.members[k]
    found = selection.groups(members)
    through = selection.along_field(found, config, field)
    on_test = all(group.test is not None for group in through)
    if len(through) < 2:
        st.caption(lone_value(field, [group.config.get(field) for group in through]))
        return
    log = _spans_decades([group.config.get(field) for group in through])
    if log:
        through = [group for group in through if group.config.get(field) > 0]
    rows = [_curve_row(grid, group, k, field, on_test) for group in through]
    bend = None
    if field == LATENT:
        at = selection.elbow([row["x"] for row in rows], [group.validation for group in through])
        bend = None if at is None else rows[at]["x"]
    here = {row["k"] for row in rows}
    others = [
        {"k": c.k, "x": c.config.get(field), "error": error, "label": member_name(grid, c.k)}
        for c in members
        if c.k not in here
        and (error := c.test if on_test else c.validation) is not None
        and (c.config.get(field) > 0 or not log)
    ]
    chart = error_curve(rows, others, label(field), log=log, elbow=bend, chosen=config.get(field))
    _show(chart, key, pick)
    images = "test" if on_test else "validation"
    seeds = max((len(group.members) for group in through), default=1)
    words = [f"Line: {images} images, everything but this setting as on the sliders"]
    words.append(f"band: lowest to highest of {seeds} seeds" if seeds > 1 else "one seed, so no spread")
    if any(row["pca"] is not None for row in rows):
        words.append("grey: PCA with as many components")
    text = "; ".join(words) + "."
    if bend is not None:
        text += (
            f" Elbow: from here to the next size, each further unit lowers the validation error by less than "
            f"{selection.GAIN:.0%}. It depends on the sizes between which is chosen, not on the largest."
        )
    st.caption(text)


def lone_value(field: str, values: Sequence[Any]) -> str:
    """Why there is no curve along a field: fewer than two values of it beside what the sliders say."""
    where = f"at {axis_text(field, values[0])} alone" if values else "not at all"
    return (
        f"With everything else as on the sliders, this grid has {label(field)} {where} so far, "
        "so there is no curve along it. Move the other sliders to see its values."
    )


def _curve_row(grid: Grid, group: selection.Group, k: int, field: str, on_test: bool) -> dict[str, Any]:
    values = group.tests if on_test else [c.validation for c in group.members]
    own = next((c.k for c in group.members if c.k == k), group.best.k)
    return {
        "k": own,
        "x": group.config.get(field),
        "error": float(np.mean(values)),
        "low": min(values),
        "high": max(values),
        "pca": group.members[0].pca if on_test else None,
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
        "Squared error on the validation images; the darker, the larger. The frame is where the sliders are."
        + (" A dashed cell has no figure." if any(cell["error"] is None for cell in cells) else "")
    )


def draw_pareto_front(grid: Grid, members: Sequence[Candidate], k: int, key: str, pick: Callable) -> None:
    """Which members no other beats in error, active units and parameters at once."""
    from aecore.figures.grid import pareto as chart

    judged = [c for c in members if None not in (c.validation, c.active_units, c.parameters)]
    if not judged:
        st.caption(
            "Active units are counted on validation images at a training's end; no model here has that "
            "figure."
        )
        return
    front = selection.pareto_front([(c.validation, c.active_units, c.parameters) for c in judged])
    rows = [
        {
            "k": c.k,
            "units": c.active_units,
            "error": c.validation,
            "parameters": c.parameters,
            "front": bool(best),
            "here": c.k == k,
            "label": member_name(grid, c.k),
        }
        for c, best in zip(judged, front, strict=True)
    ]
    _show(chart(rows), key, pick)
    st.caption(
        f"In colour: {front.sum()} of {len(front)} models. For each grey one there is another that is at "
        "least as good in validation error, in active units on validation images and in parameters (the "
        "mark's size), and better in one of them."
    )


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
    st.caption(importance_words(found))


def importance_words(found: selection.Importance | None) -> str:
    """What the axes' shares say; that they say nothing, where shuffled errors give as much."""
    if found is None:
        return "There are not enough different models yet to say which setting matters."
    chance = (
        f"with the errors shuffled among the models, the largest bar is at most {found.noise:.0%} in 99 "
        "of 100 draws"
    )
    if not found.telling:
        return f"No setting stands out from chance: {chance}, and no setting here has more."
    names = [f"“{axis_label(name)}”" for name in found.telling]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    text = f"The validation error goes with {listed} more than by chance: {chance} (the line)."
    if found.interactions > SHOWN:
        text += " “Together” is the settings' joint effect, chance included."
    return text


def proposal(
    grid: Grid, members: Sequence[Candidate], further: Sequence[Candidate] = ()
) -> tuple[str, selection.Proposal | None]:
    """The sentences that propose a member, say why and how sure that is, with the proposal.

    `further` are members of other grids, for the seeds that this one lacks.
    """
    found = selection.groups(members, further)
    if not found:
        if members or not grid.base.data.validation_fraction:
            return (
                "No validation images were held out, so nothing here can choose: test images only report.",
                None,
            )
        return "A proposal comes when the first models are done.", None
    proposed = selection.propose(found)
    if proposed is None:
        if all(group.finished for group in found):
            return "Nothing is proposed: how uncertain the validation errors are is not known here.", None
        return "A proposal comes when the first models are done.", None
    return (
        f"**Proposed: {member_name(grid, proposed.chosen.best.k)}**{_reason(grid, proposed, found)}",
        proposed,
    )


def _reason(grid: Grid, proposed: selection.Proposal, found: Sequence[selection.Group]) -> str:
    chosen, best = proposed.chosen, proposed.best
    over = f"over {best.seeds} seeds" if proposed.over_seeds else "over the validation images"
    error = f"{best.standard_error:.2f}, {over}"
    own = ""
    if chosen.seeds > 1 and chosen.best.validation is not None:
        own = f" (by itself {chosen.best.validation:.2f} on validation images)"
    if chosen is best:
        why = (
            f"{_validation(best)} is the lowest, and no smaller code comes within one standard error of it "
            f"({error})"
        )
    else:
        why = (
            f"{_validation(chosen)} is within one standard error ({error}) of the lowest, "
            f"{best.validation:.2f} with {member_name(grid, best.best.k)}, and no smaller code is"
        )
    return f"{own}: {why}.{_doubt(found)}"


def _validation(group: selection.Group) -> str:
    if group.seeds == 1:
        return f"its validation error, {group.validation:.2f},"
    return f"the mean validation error of its {group.seeds} seeds, {group.validation:.2f},"


def _doubt(found: Sequence[selection.Group]) -> str:
    """What the standard error leaves out, where settings were trained with one seed."""
    single = sum(group.seeds == 1 for group in found)
    if not single:
        return ""
    if single < len(found):
        return " Other settings were trained with one seed only; another seed of them may choose otherwise."
    return (
        " Every setting was trained with one seed: the standard error says what other images would change, "
        "not what another seed would, and another seed may choose otherwise."
    )


def _show(chart: Any, key: str, pick: Callable) -> None:
    from aecore.figures.grid import PICKED

    st.altair_chart(chart, key=key, on_select=pick, selection_mode=PICKED)


def _spans_decades(values: Sequence[float]) -> bool:
    positive = [value for value in values if value > 0]
    return len(positive) > 1 and max(positive) / min(positive) >= 8
