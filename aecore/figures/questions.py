"""The charts of the Questions page: lines with a spread, a fitted function, a map, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.figures.theme import ink
from aecore.palette import CLASS_COLORS, L1_COLOR, L2_COLOR, PCA_COLOR

if TYPE_CHECKING:
    from aecore.analysis.approximation import Fit

Row = Mapping[str, Any]

FIXED_COLORS = {"PCA": PCA_COLOR, "L1": L1_COLOR, "L2": L2_COLOR}
"""Series whose colour is the same on every page."""


def lines(
    rows: Sequence[Row],
    x: str,
    y: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    ticks: Sequence[float] | None = None,
    span: tuple[float, float] | None = None,
    zero: bool = True,
    rule: tuple[float, str] | None = None,
    colors: Mapping[str, str] | None = None,
    height: int = 320,
) -> alt.LayerChart:
    """A line a series: rows hold `x`, `y`, `series` and, for a band, `low` and `high`.

    `x` and `y` are the axes' titles; `ticks` are the only places that the x axis names, `span` its ends;
    without `zero` a linear y axis begins near the least value; `rule` is a level to compare with, and its
    words; `colors` are those of series that have one elsewhere. On a logarithmic axis values of 0 have no
    place and are left out.
    """
    kept = [dict(row) for row in rows if (not log_y or row["y"] > 0) and (not log_x or row["x"] > 0)]
    names = list(dict.fromkeys(row["series"] for row in kept))
    spare = [c for c in CLASS_COLORS if c not in FIXED_COLORS.values()]
    fixed = FIXED_COLORS | dict(colors or {})
    shades = [fixed.get(name) or spare[i % len(spare)] for i, name in enumerate(names)]
    axis = alt.Axis(grid=False, labelExpr="format(datum.value, '~g')", labelOverlap=True)
    if ticks is not None:
        axis.values = list(ticks)
    ends = alt.Undefined if span is None else list(span)
    across = alt.X(
        "x:Q",
        title=x,
        scale=alt.Scale(type="log" if log_x else "linear", nice=False, zero=False, padding=12, domain=ends),
        axis=axis,
    )
    scale = alt.Scale(type="log" if log_y else "linear", zero=zero and not log_y, nice=not log_y, padding=8)
    tiny = log_y and min((row["y"] for row in kept), default=1) < 1e-3
    up = alt.Axis(labelExpr=f"format(datum.value, '{'.0e' if tiny else '~g'}')", tickCount=5)

    def level(name: str) -> alt.Y:
        return alt.Y(f"{name}:Q", title=y, scale=scale, axis=up)

    color = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=shades),
        legend=alt.Legend(
            title=None, orient="top", columns=_columns(names), symbolType="circle", symbolOpacity=1
        )
        if len(names) > 1
        else None,
    )
    base = alt.Chart(alt.Data(values=kept)).encode(x=across, color=color)
    tooltip = ["series:N", alt.Tooltip("x:Q", title=x), alt.Tooltip("y:Q", format=".3~g", title=y)]
    layers: list[alt.Chart] = []
    if any("low" in row for row in kept):
        layers.append(base.mark_area(opacity=0.2).encode(y=level("low"), y2=alt.Y2("high:Q")))
    points = alt.OverlayMarkDef(size=30) if len(kept) < 120 else False
    layers.append(base.mark_line(strokeWidth=2, point=points).encode(y=level("y"), tooltip=tooltip))
    if rule is not None:
        at = alt.Chart(alt.Data(values=[{"y": rule[0], "text": rule[1]}]))
        layers.append(at.mark_rule(color=PCA_COLOR, strokeWidth=2, strokeDash=[4, 3]).encode(y=level("y")))
        words = at.mark_text(align="right", baseline="bottom", dy=-3, color=ink(PCA_COLOR), fontWeight="bold")
        layers.append(words.encode(x=alt.XValue("width"), y=level("y"), text=alt.Text("text:N")))
    return alt.LayerChart(layer=layers, height=height)


def _columns(names: Sequence[str]) -> int:
    """Of a legend, so that its longest name has room in a narrow chart, which would cut it off."""
    longest = max(map(len, names), default=0)
    return 3 if longest <= 10 else 2 if longest <= 20 else 1


def fitted_function(found: Fit, height: int = 280) -> alt.LayerChart:
    """A function in grey, the network's output over it, and a tick below at each unit's kink."""
    data = table(x=found.x, target=found.target, output=found.output)
    base = alt.Chart(data).encode(x=alt.X("x:Q", title="input", axis=alt.Axis(grid=False)))
    target = base.mark_line(color=PCA_COLOR, strokeWidth=5, opacity=0.55)
    output = base.mark_line(color=CLASS_COLORS[0], strokeWidth=2)
    kinks = alt.Chart(table(x=found.kinks)).mark_tick(color=CLASS_COLORS[1], thickness=2, size=12, yOffset=-6)
    return alt.LayerChart(
        layer=[
            target.encode(y=alt.Y("target:Q", title="output")),
            output.encode(y=alt.Y("output:Q")),
            kinks.encode(x=alt.X("x:Q"), y=alt.YValue("height")),
        ],
        height=height,
    )


def class_map(points: np.ndarray, names: Sequence[str], x: str, y: str, height: int = 330) -> alt.Chart:
    """Points N x 2, each in the colour of its class; `names` has a class name for each."""
    domain = sorted(set(names))
    colors = [CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(domain))]
    return (
        alt.Chart(table(x=points[:, 0].round(3), y=points[:, 1].round(3), name=list(names)), height=height)
        .mark_circle(size=16, opacity=0.65)
        .encode(
            x=alt.X("x:Q", title=x, axis=alt.Axis(labels=False, ticks=False, grid=False)),
            y=alt.Y("y:Q", title=y, axis=alt.Axis(labels=False, ticks=False, grid=False)),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=domain, range=colors),
                legend=alt.Legend(title=None, orient="top", columns=5),
            ),
            tooltip=[alt.Tooltip("name:N")],
        )
    )


def pixel_histogram(
    values: np.ndarray, output: tuple[float, float], bins: int = 33, height: int = 130
) -> alt.LayerChart:
    """Share of the pixels by their value, over the range that an output can give, which is shaded."""
    counts, edges = np.histogram(values, bins)
    data = table(start=edges[:-1], end=edges[1:], share=counts / counts.sum())
    low, high = (min(max(v, -3.0), 3.0) for v in output)
    shade = alt.Chart(table(low=[low], high=[high])).mark_rect(color=CLASS_COLORS[2], opacity=0.18)
    mark = alt.Chart(data).mark_bar(color=CLASS_COLORS[0], binSpacing=0)
    x = alt.X("start:Q", bin="binned", title=None, scale=alt.Scale(domain=[-3, 3]))
    return alt.LayerChart(
        layer=[
            shade.encode(x=alt.X("low:Q", title=None), x2=alt.X2("high:Q")),
            mark.encode(
                x=x,
                x2=alt.X2("end:Q"),
                y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=3)),
            ),
        ],
        height=height,
    )
