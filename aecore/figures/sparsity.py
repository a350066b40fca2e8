"""Sparse codes and weights as pictures; the two sides of a comparison share their axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.figures.theme import ink

BINS = 40

NONE_COLOR = "#8a8f98"
"""No penalty: the grey of a baseline."""


@dataclass(frozen=True)
class Curve:
    """One line of a trade-off: the same recipe at several settings."""

    name: str
    color: str
    points: Sequence[Mapping[str, Any]]
    """Each with `x`, `y` and `setting` (what a person reads), in the order of the line."""
    spread: Sequence[Mapping[str, Any]] = ()
    """Further seeds, drawn faintly: the same three entries each."""
    dashed: bool = False
    """Whether it is of another kind than the solid ones and compares with dashed ones only."""


def code_bars(code: np.ndarray, color: str, domain: tuple[float, float], height: int = 100) -> alt.Chart:
    """One code as stems with heads, in the order given. A unit that is exactly zero has neither."""
    there = np.flatnonzero(code)
    data = table(rank=there + 1, value=code[there])
    x = alt.X(
        "rank:Q",
        scale=alt.Scale(domain=[0.5, len(code) + 0.5], nice=False),
        axis=alt.Axis(title=None, grid=False, labels=False, ticks=False),
    )
    y = alt.Y("value:Q", title="value", scale=alt.Scale(domain=list(domain), nice=False), axis=_few())
    base = alt.Chart(data).encode(
        x=x, y=y, tooltip=[alt.Tooltip("rank:Q"), alt.Tooltip("value:Q", format=".3f")]
    )
    stems = base.mark_bar(color=color, width=3).encode(y2=alt.datum(0))
    return (stems + base.mark_circle(color=color, size=26, opacity=1)).properties(height=height)


def heat_map(codes: np.ndarray, color: str, limit: float) -> np.ndarray:
    """Images x units as a picture, uint8 rows x columns x RGBA: the stronger, the more opaque.

    An exact zero is fully transparent and everything else is not, however small; `limit` and above are
    opaque.
    """
    size = np.abs(codes) / max(limit, 1e-12)
    opacity = np.where(codes == 0, 0, 0.1 + 0.9 * np.clip(size, 0, 1) ** 0.7)
    picture = np.empty((*codes.shape, 4), dtype=np.uint8)
    picture[..., :3] = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    picture[..., 3] = (255 * opacity).round()
    return picture


def value_edges(*codes: np.ndarray) -> np.ndarray:
    """Edges of bins that hold the values of all the codes but one in a thousand at either end."""
    low = min(0.0, *(float(np.quantile(z, 0.001)) for z in codes))
    high = max(0.0, *(float(np.quantile(z, 0.999)) for z in codes))
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def value_histogram(
    codes: np.ndarray, edges: np.ndarray, color: str, spike_color: str, height: int = 150
) -> alt.Chart:
    """Shares of the code's values: the exact zeros as one bar of their own, the others in bins.

    The root scale keeps a bin of one value in a thousand visible beside a spike of nine in ten.
    """
    zeros = float((codes == 0).mean())
    counts, _ = np.histogram(np.clip(codes[codes != 0], edges[0], edges[-1]), edges)
    scale = alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False, padding=6)
    y = alt.Scale(type="sqrt", domain=[0, 1])
    axis = alt.Axis(format="%", values=[0.01, 0.1, 0.25, 0.5, 1])
    bins = (
        alt.Chart(table(start=edges[:-1], end=edges[1:], share=counts / codes.size))
        .mark_bar(color=color, opacity=0.75, binSpacing=0.5)
        .encode(
            x=alt.X("start:Q", bin="binned", title="value of a unit", scale=scale),
            x2=alt.X2("end:Q"),
            y=alt.Y("share:Q", title="share of values", scale=y, axis=axis),
            tooltip=[alt.Tooltip("start:Q", format=".2f", title="from"), _percent("share")],
        )
    )
    at_zero = alt.Chart(table(value=[0.0], share=[zeros], text=[_exactly_zero(zeros)]))
    spike = at_zero.mark_bar(color=spike_color, width=5).encode(
        x=alt.X("value:Q", scale=scale), y=alt.Y("share:Q", scale=y), tooltip=[_percent("share")]
    )
    label = at_zero.mark_text(align="left", dx=8, baseline="top", fontWeight="bold", color=ink(spike_color))
    label = label.encode(x=alt.X("value:Q", scale=scale), y=alt.YValue(2), text=alt.Text("text:N"))
    return (bins + spike + label).properties(height=height)


def active_histogram(active: np.ndarray, units: int, top: float, color: str, height: int = 110) -> alt.Chart:
    """How many images have how many active units; `top` is the share at which the axis ends."""
    shares = active_shares(active, units)
    bars = (
        alt.Chart(table(units=np.arange(units + 1), share=shares))
        .mark_bar(color=color, opacity=0.8)
        .encode(
            x=alt.X(
                "units:Q", title="active units of an image", scale=_rank_scale(units, 0), axis=_counts(units)
            ),
            y=alt.Y("share:Q", title="images", scale=alt.Scale(domain=[0, top]), axis=_few(format="%")),
            tooltip=[alt.Tooltip("units:Q"), _percent("share")],
        )
    )
    mean = alt.Chart(table(mean=[float(active.mean())], text=[f"mean {active.mean():.1f}"]))
    x = alt.X("mean:Q", scale=_rank_scale(units, 0))
    rule = mean.mark_rule(color=color, strokeDash=[4, 3], strokeWidth=2).encode(x=x)
    left = active.mean() > units / 2
    text = mean.mark_text(
        align="right" if left else "left", dx=-6 if left else 6, fontWeight="bold", color=color
    )
    return (bars + rule + text.encode(x=x, y=alt.YValue(8), text=alt.Text("text:N"))).properties(
        height=height
    )


def active_shares(active: np.ndarray, units: int) -> np.ndarray:
    """Share of images with 0, 1, ..., `units` active units."""
    return np.bincount(active, minlength=units + 1) / len(active)


def use_bars(use: np.ndarray, color: str, height: int = 110) -> alt.Chart:
    """Share of images for which each unit is active, in the order given."""
    return (
        alt.Chart(table(rank=np.arange(1, len(use) + 1), use=use))
        .mark_bar(color=color, opacity=0.8)
        .encode(
            x=alt.X(
                "rank:Q",
                title="units, most used first",
                scale=_rank_scale(len(use), 1),
                axis=_counts(len(use)),
            ),
            y=alt.Y("use:Q", title="active for", scale=alt.Scale(domain=[0, 1]), axis=_few(format="%")),
            tooltip=[alt.Tooltip("rank:Q"), _percent("use")],
        )
        .properties(height=height)
    )


def trade_off(curves: Sequence[Curve], marked: Sequence[Mapping[str, Any]], height: int = 430) -> alt.Chart:
    """Squared error against active units, one line a curve; `marked` points get a ring and their name.

    Lower left is better: fewer units and less error.
    """
    names, colors = [c.name for c in curves], [c.color for c in curves]
    color = alt.Color(
        "curve:N",
        scale=alt.Scale(domain=names, range=colors),
        legend=alt.Legend(orient="top", title=None, columns=6, labelLimit=260, symbolOpacity=1),
    )
    x = alt.X("x:Q", title="active units per image", scale=alt.Scale(zero=True))
    y = alt.Y("y:Q", title="squared error per image", scale=alt.Scale(zero=False, padding=14))
    tooltip = [
        alt.Tooltip("curve:N", title="recipe"),
        alt.Tooltip("setting:N"),
        alt.Tooltip("x:Q", format=".1f", title="active units"),
        alt.Tooltip("y:Q", format=".2f", title="squared error"),
    ]

    def rows(part: str) -> alt.Data:
        values = [
            {**p, "curve": c.name, "order": i, "dashed": c.dashed}
            for c in curves
            for i, p in enumerate(getattr(c, part))
        ]
        return alt.Data(values=values)

    base = alt.Chart(rows("points")).encode(x=x, y=y, color=color, tooltip=tooltip)
    dashes = alt.Scale(domain=[False, True], range=[[1, 0], [6, 4]])
    dash = alt.StrokeDash("dashed:N", legend=None, scale=dashes)
    lines = base.mark_line(strokeWidth=2).encode(order=alt.Order("order:Q"), strokeDash=dash)
    points = base.mark_circle(size=70, opacity=1)
    seeds = alt.Chart(rows("spread")).mark_circle(size=26, opacity=0.4)
    seeds = seeds.encode(x=x, y=y, color=color, tooltip=tooltip)
    chosen = alt.Chart(alt.Data(values=[dict(m) for m in marked]))
    chosen = chosen.encode(x=x, y=y, color=alt.Color("curve:N", legend=None))
    rings = chosen.mark_point(size=330, strokeWidth=3, filled=False)
    labels = chosen.mark_text(align="left", dx=14, dy=-10, fontWeight="bold", fontSize=13)
    return (lines + seeds + points + rings + labels.encode(text=alt.Text("text:N"))).properties(height=height)


def pruning(curves: Sequence[Curve], height: int = 300) -> alt.Chart:
    """Squared error after the smallest weights were set to zero, against their share."""
    names, colors = [c.name for c in curves], [c.color for c in curves]
    values = [{**p, "curve": c.name} for c in curves for p in c.points]
    # Beyond a few times the error of the whole network the reconstruction is lost; the axis ends there.
    top = 3 * min(v["y"] for v in values)
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=alt.OverlayMarkDef(size=45), clip=True, strokeWidth=2)
        .encode(
            x=alt.X("x:Q", title="smallest weights set to zero", axis=alt.Axis(format="%")),
            y=alt.Y("y:Q", title="squared error per image", scale=alt.Scale(domain=[0, top])),
            color=alt.Color(
                "curve:N",
                scale=alt.Scale(domain=names, range=colors),
                legend=alt.Legend(orient="top", title=None, labelLimit=260),
            ),
            tooltip=[
                alt.Tooltip("curve:N", title="network"),
                _percent("x"),
                alt.Tooltip("y:Q", format=".2f", title="squared error"),
            ],
        )
        .properties(height=height)
    )


def _exactly_zero(share: float) -> str:
    return "no value is exactly 0" if share == 0 else f"{share:.1%} exactly 0"


def _percent(name: str) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", format=".1%")


def _few(**options: Any) -> alt.Axis:
    return alt.Axis(tickCount=3, **options)


def _counts(units: int) -> alt.Axis:
    """Ticks at quarters of the number of units."""
    return alt.Axis(values=sorted({round(units * part / 4) for part in range(5)}), format="d")


def _rank_scale(units: int, first: int) -> alt.Scale:
    return alt.Scale(domain=[first - 0.5, units + 0.5], nice=False)
