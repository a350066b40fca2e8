"""Charts of a grid of models, in which a mark is a member; a click selects it by its number `k`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt

from aecore.figures.theme import ink
from aecore.palette import CLASS_COLORS, PCA_COLOR

PICKED = "picked"
"""Name of the point selection that every chart reports a click by; it holds `k`."""

LINE, CHOSEN, FRONT = CLASS_COLORS[0], CLASS_COLORS[5], CLASS_COLORS[2]
HEAT: Final = "blues"
TEXT = "#7d8590"
"""Words and rules beside the marks: readable on both backgrounds."""

Row = Mapping[str, Any]


def error_curve(
    along: Sequence[Row],
    others: Sequence[Row],
    title: str,
    *,
    log: bool = False,
    elbow: float | None = None,
    chosen: float | None = None,
    height: int = 300,
) -> alt.LayerChart:
    """Squared error against one axis: the line through the position, with its spread over seeds.

    Rows of `along` hold `k`, `x`, `error`, `low`, `high` (over seeds) and, where there is one, `pca`;
    `others` are further members, `k`, `x` and `error`, drawn faintly.
    """
    scale = (
        alt.Scale(type="log", base=2, nice=False, padding=12) if log else alt.Scale(nice=False, padding=12)
    )
    ticks = sorted({row["x"] for row in (*along, *others)})
    # Not `format`, to which a logarithmic axis adds a precision of its own: 64 became 6e+1.
    axis = alt.Axis(values=ticks, grid=False, labelExpr="format(datum.value, '~g')", labelOverlap=True)
    x = alt.X("x:Q", title=title, scale=scale, axis=axis)

    def y(name: str) -> alt.Y:
        return alt.Y(f"{name}:Q", title="squared error per image", scale=alt.Scale(zero=False, padding=8))

    tooltip = [
        alt.Tooltip("x:Q", title=title),
        alt.Tooltip("error:Q", format=".2f", title="squared error"),
        alt.Tooltip("label:N", title="model"),
    ]
    line = alt.Chart(alt.Data(values=list(along)))
    layers = [
        alt.Chart(alt.Data(values=list(others)))
        .mark_circle(size=34, opacity=0.35, color=LINE)
        .encode(x=x, y=y("error"), tooltip=tooltip),
        line.mark_area(opacity=0.2, color=LINE).encode(x=x, y=y("low"), y2="high:Q"),
    ]
    known = [row for row in along if row.get("pca") is not None]
    if len(known) > 1:
        pca = alt.Chart(alt.Data(values=known)).encode(x=x, y=y("pca"))
        layers.append(pca.mark_line(color=PCA_COLOR, strokeWidth=2, strokeDash=[5, 3]))
        text = alt.Chart(alt.Data(values=known[:1])).mark_text(
            align="left", dx=8, dy=-6, color=ink(PCA_COLOR), fontWeight="bold"
        )
        layers.append(text.encode(x=x, y=y("pca"), text=alt.value("PCA")))
    if elbow is not None:
        at = alt.Chart(alt.Data(values=[{"x": elbow, "text": f"elbow: {elbow:g}"}]))
        layers.append(at.mark_rule(strokeDash=[2, 3], color=TEXT).encode(x=x))
        label = at.mark_text(align="left", dx=5, baseline="top", fontWeight="bold", color=ink(TEXT))
        layers.append(label.encode(x=x, y=alt.value(2), text="text:N"))
    layers.append(line.mark_line(color=LINE, strokeWidth=2).encode(x=x, y=y("error")))
    points = line.mark_circle(color=LINE, size=90, opacity=1, cursor="pointer")
    layers.append(points.encode(x=x, y=y("error"), tooltip=tooltip).add_params(_pick()))
    here = alt.Chart(alt.Data(values=[row for row in along if row["x"] == chosen]))
    layers.append(_ring(here).encode(x=x, y=y("error")))
    return alt.LayerChart(layer=layers).properties(height=height)


def heat_map(cells: Sequence[Row], x: str, y: str, chosen: int, height: int = 300) -> alt.LayerChart:
    """Validation error over two axes, a cell a member: rows hold `k`, `x`, `y`, `error` and `here`.

    A cell without an error is a dashed outline.
    """
    # Orders are given, because the layers do not all hold every cell.
    columns, rows = (list(dict.fromkeys(cell[name] for cell in cells)) for name in ("x", "y"))
    base = alt.Chart(alt.Data(values=list(cells))).encode(
        x=alt.X("x:O", title=x, sort=columns, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("y:O", title=y, sort=rows),
    )
    errors = [cell["error"] for cell in cells if cell["error"] is not None]
    middle = (min(errors) + max(errors)) / 2 if errors else 0
    color = alt.Color("error:Q", title="squared error", scale=alt.Scale(scheme=HEAT, zero=False), legend=None)
    known = base.transform_filter("isValid(datum.error)")
    colors = known.mark_rect().encode(color=color)
    text = known.mark_text(fontSize=12).encode(
        text=alt.Text("error:Q", format=".1f"),
        color=alt.condition(f"datum.error > {middle}", alt.value("#ffffff"), alt.value("#14202b")),
    )
    # A colour would rank a cell without a figure among those with one: it is an outline.
    clicked = base.mark_rect(fill="transparent", strokeDash=[3, 3], cursor="pointer").encode(
        stroke=alt.condition("isValid(datum.error)", alt.value("transparent"), alt.value(TEXT)),
        tooltip=[alt.Tooltip("label:N", title="model"), alt.Tooltip("error:Q", format=".2f")],
    )
    frame = base.transform_filter("datum.here").mark_rect(filled=False, stroke=CHOSEN, strokeWidth=3)
    return (colors + text + clicked.add_params(_pick()) + frame).properties(height=height)


def pareto(rows: Sequence[Row], height: int = 300) -> alt.Chart:
    """Validation error against active units, the mark's size the parameters, dominated members grey.

    Rows hold `k`, `units`, `error`, `parameters`, `front`, `here` and `label`.
    """
    base = alt.Chart(alt.Data(values=list(rows))).encode(
        x=alt.X("units:Q", title="active units per image", scale=alt.Scale(nice=False, padding=14)),
        y=alt.Y("error:Q", title="validation error", scale=alt.Scale(zero=False, padding=14)),
    )
    smallest = min((row["parameters"] for row in rows), default=1)
    largest = max((row["parameters"] for row in rows), default=1)
    area = [50, 400] if largest > 1.2 * smallest else [90, 90]
    size = alt.Size("parameters:Q", scale=alt.Scale(range=area, zero=False), legend=None)
    tooltip = [
        alt.Tooltip("label:N", title="model"),
        alt.Tooltip("error:Q", format=".2f", title="validation error"),
        alt.Tooltip("units:Q", format=".1f", title="active units"),
        alt.Tooltip("parameters:Q", format=","),
    ]
    marks = base.mark_circle(cursor="pointer").encode(
        size=size,
        color=alt.condition("datum.front", alt.value(FRONT), alt.value(PCA_COLOR)),
        opacity=alt.condition("datum.front", alt.value(1), alt.value(0.4)),
        tooltip=tooltip,
    )
    front = base.transform_filter("datum.front").mark_line(
        interpolate="step-after", color=FRONT, opacity=0.5, strokeDash=[4, 3]
    )
    return (front + marks.add_params(_pick()) + _ring(base.transform_filter("datum.here"))).properties(
        height=height
    )


def parallel(rows: Sequence[Row], columns: Sequence[str], chosen: int, height: int = 300) -> alt.Chart:
    """A line a member through its place on each axis to its error: rows hold `k`, `error` and `marks`.

    `marks` has, for each of `columns`, the height from 0 to 1 and the value as text.
    """
    long = [
        {
            "k": row["k"],
            "error": row["error"],
            "column": name,
            "at": at,
            "text": text,
            "here": row["k"] == chosen,
        }
        for row in rows
        for name, (at, text) in zip(columns, row["marks"], strict=True)
    ]
    base = alt.Chart(alt.Data(values=long)).encode(
        x=alt.X(
            "column:N",
            sort=list(columns),
            title=None,
            axis=alt.Axis(labelAngle=0, domain=False),
            scale=alt.Scale(padding=0.35),
        ),
        y=alt.Y("at:Q", axis=None, scale=alt.Scale(domain=[-0.04, 1.04], nice=False)),
        detail="k:N",
    )
    color = alt.Color("error:Q", scale=alt.Scale(scheme="viridis", zero=False), legend=None)
    tooltip = [
        alt.Tooltip("error:Q", format=".2f", title="validation error"),
        alt.Tooltip("text:N", title="here"),
    ]
    lines = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(color=color)
    dots = base.mark_circle(size=44, opacity=1, cursor="pointer").encode(color=color, tooltip=tooltip)
    here = base.transform_filter("datum.here").mark_line(strokeWidth=4, color=CHOSEN)
    ends = {(row["column"], row["text"]): row for row in long if row["column"] != columns[-1]}
    errors = sorted((row for row in long if row["column"] == columns[-1]), key=lambda row: row["at"])
    words = [*ends.values(), *([errors[0], errors[-1]] if len(errors) > 1 else errors)]
    text = alt.Chart(alt.Data(values=words)).mark_text(
        align="right", dx=-9, fontSize=12, fontWeight="bold", color=ink(TEXT)
    )
    text = text.encode(x=alt.X("column:N", sort=list(columns)), y="at:Q", text="text:N")
    return (lines + here + dots.add_params(_pick()) + text).properties(height=height)


def importance_bars(
    shares: Mapping[str, float], interactions: float, noise: float, title: str, height: int = 200
) -> alt.LayerChart:
    """Each axis's share as `title` says, largest first, what is left, and a rule where chance ends."""
    rows = [{"axis": name, "share": share} for name, share in sorted(shares.items(), key=lambda s: -s[1])]
    rows += [{"axis": "together", "share": interactions}] if interactions > 0.0005 else []
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "share:Q",
            title=title,
            axis=alt.Axis(format="%"),
            scale=alt.Scale(domain=[min(0, *shares.values()), 1.08 * max(1, *shares.values())], nice=False),
        ),
        y=alt.Y("axis:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
    )
    bars = base.mark_bar().encode(
        color=alt.condition(
            f"datum.axis == 'together' || datum.share <= {noise}", alt.value(PCA_COLOR), alt.value(LINE)
        )
    )
    text = base.mark_text(align="left", dx=5, color=ink(TEXT)).encode(text=alt.Text("share:Q", format=".1%"))
    limit = alt.Chart(alt.Data(values=[{"share": noise, "axis": ""}]))
    rule = limit.mark_rule(strokeDash=[2, 3], color=TEXT).encode(x="share:Q")
    return (bars + text + rule).properties(height=height)


def member_curves(rows: Sequence[Row], epochs: int, split: str | None, height: int = 260) -> alt.Chart:
    """Validation error against epoch, a line a member: rows hold `k`, `epoch`, `error`, `label`, `color`."""
    first = [row["color"] for row in rows]
    numbers = all(isinstance(value, (int, float)) for value in first)
    encoded = alt.Color(
        f"color:{'O' if numbers else 'N'}",
        title=split,
        sort=None,
        scale=alt.Scale(scheme="viridis") if numbers else alt.Undefined,
    )
    return (
        alt.Chart(alt.Data(values=list(rows)), height=height)
        .mark_line(strokeWidth=1.5, opacity=0.85, point=alt.OverlayMarkDef(size=16))
        .encode(
            x=alt.X(
                "epoch:Q",
                scale=alt.Scale(domain=[1, max(epochs, 2)], nice=False),
                axis=alt.Axis(tickMinStep=1, format="d", grid=False),
            ),
            y=alt.Y("error:Q", title="validation error", scale=alt.Scale(zero=False)),
            detail="k:N",
            color=encoded if split else alt.value(LINE),
            tooltip=["label:N", "epoch:Q", alt.Tooltip("error:Q", format=".2f")],
        )
    )


def _pick() -> alt.Parameter:
    return alt.selection_point(name=PICKED, fields=["k"], empty=False, on="click", clear=False)


def _ring(chart: alt.Chart) -> alt.Chart:
    return chart.mark_point(size=330, strokeWidth=3, filled=False, color=CHOSEN, opacity=1)
