"""What the charts over a grid are sent: its curves, its errors by place, the front, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aecore.analysis import grid_charts, grid_words, selection
from aecore.analysis.grid_charts import Curve
from aecore.analysis.selection import Candidate
from aecore.grid import Grid, axis_text
from aecore.palette import CHOSEN_COLOR, FRONT_COLOR, MEMBER_COLOR, PCA_COLOR
from aecore.settings import axis_label, label, member_names

COLORS = {"member": MEMBER_COLOR, "chosen": CHOSEN_COLOR, "front": FRONT_COLOR, "pca": PCA_COLOR}


def curve_data(grid: Grid, members: Sequence[Candidate]) -> dict[str, Any]:
    """The error against each field with a number, for every place of the sliders; `curve.js` reads it."""
    groups = selection.groups(members)
    known = {c.k: c for c in members}
    fields = []
    for field in grid_charts.numeric_fields(grid):
        found, place = grid_charts.curves(grid, groups, field)
        fields.append(
            {
                "name": field,
                "label": label(field),
                "curves": [_curve(curve) for curve in found],
                "curveOf": place,
                "x": [config.get(field) for config in grid.members],
            }
        )
    return {
        "fields": fields,
        "names": member_names(grid),
        "test": [known[k].test if k in known else None for k in range(len(grid.members))],
        "validation": [known[k].validation if k in known else None for k in range(len(grid.members))],
        "colors": COLORS,
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "points": [
            {
                "members": list(point.members),
                "best": point.best,
                "x": point.x,
                "error": point.error,
                "low": point.low,
                "high": point.high,
                "pca": point.pca,
            }
            for point in (curve.points if len(curve.values) > 1 else ())
        ],
        "onTest": curve.on_test,
        "log": curve.log,
        "elbow": curve.elbow,
        "words": grid_words.curve_words(curve),
    }


def heat_data(grid: Grid, members: Sequence[Candidate]) -> dict[str, Any]:
    """The axes with every member's validation error; `heat.js` reads it."""
    errors = {c.k: c.validation for c in members}
    return {
        "axes": [
            {"name": axis_label(name), "values": [axis_text(name, value) for value in values]}
            for name, values in selection.positions_by_axis(grid)
        ],
        "index": list(grid.index),
        "errors": [errors.get(k) for k in range(len(grid.members))],
        "names": member_names(grid),
        "words": grid_words.HEAT,
        "noFigure": grid_words.DASHED,
        "colors": COLORS,
    }


def front_data(grid: Grid, members: Sequence[Candidate]) -> dict[str, Any]:
    """Error, active units and parameters of the members, and which no other beats; `front.js` reads it."""
    front, names = grid_charts.front(members), member_names(grid)
    return {
        "marks": [
            {
                "k": c.k,
                "units": c.active_units,
                "error": c.validation,
                "parameters": c.parameters,
                "front": best,
                "name": names[c.k],
            }
            for c, best in front
        ],
        "words": grid_words.front_words(front),
        "colors": COLORS,
    }


def bars_data(grid: Grid, members: Sequence[Candidate]) -> dict[str, Any]:
    """Which axes the validation error goes with, where more than chance makes one stand out: `bars.js`."""
    found = selection.importance(grid, members)
    shares = []
    if found is not None and found.telling:
        ordered = sorted(found.shares.items(), key=lambda item: -item[1])
        shares = [{"name": axis_label(n), "share": s, "telling": n in found.telling} for n, s in ordered]
        if found.interactions > grid_words.SHOWN:
            shares.append({"name": "together", "share": found.interactions, "telling": False})
    return {
        "shares": shares,
        "noise": found.noise if found else 0.0,
        "title": found.method if found else "",
        "words": grid_words.importance_words(found),
        "colors": COLORS,
    }
