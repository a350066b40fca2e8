"""A data set's classes and pixels as charts, and in words whether an output's range holds the pixels."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
from torch import Tensor

from aecore.analysis.pixels import Fit, histogram, normalized_levels
from aecore.data import Scaling
from aecore.figures.tables import table
from aecore.figures.theme import ink
from aecore.palette import CLASS_COLORS

REACHED, MISSED = CLASS_COLORS[0], CLASS_COLORS[5]
TRAINING, TEST = CLASS_COLORS[0], CLASS_COLORS[4]

UNUSED = 0.05
"""Share of the output's range beyond all pixels from which it is worth a word."""


def fit_in_words(fit: Fit) -> str:
    """Whether the range of an output activation holds the pixels, and what goes wrong where it does not."""
    start, end = fit.range
    ends = ""
    if fit.at_ends:
        ends = (
            f" {percent(fit.at_ends)} of the pixels lie exactly at its ends, which "
            f"{fit.output} comes near and never reaches."
        )
    if fit.below + fit.above > 0:
        sides = ((fit.below, f"below {start:g}"), (fit.above, f"above {end:g}"))
        (first, where), *other = [(share, where) for share, where in sides if share]
        missed = f"{percent(first)} of the pixels lie {where}"
        missed += "".join(f" and {percent(share)} {where}" for share, where in other)
        return (
            f"{missed}, where a {fit.output} output can't go. Whatever the weights, a squared error of at "
            f"least {fit.least_error:.2f} per image stays."
        )
    if not np.isfinite(end - start):
        return (
            "A linear output reaches every pixel. It has no ends, so a reconstruction may also leave "
            "the images' range; what is shown is clipped, what is measured is not."
        )
    if fit.unused >= UNUSED:
        return (
            f"Every pixel lies in the range of {fit.output}, but {percent(fit.unused)} of that range is "
            f"never needed: the pixels go from {fit.low:.2f} to {fit.high:.2f}.{ends}"
        )
    return f"The range of {fit.output} is that of the pixels.{ends}"


def percent(share: float) -> str:
    """`43%`, `4.3%`, or that it is under 0.1%; nothing but all is 100%."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.995 <= share < 1:
        return "over 99%"
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def pixel_histogram(
    counts: Tensor, scaling: Scaling, title: str, fit: Fit | None = None, height: int = 230
) -> alt.LayerChart:
    """Histogram of the pixels after a normalization, from the counts of their levels (C x 256).

    With a `fit`, pixels beyond the output's range stand out and a line with its name spans that range.
    The share axis has a square-root scale: in most sets one value, the background's, outweighs the others.
    """
    edges, shares = histogram(counts, scaling)
    missed = np.zeros_like(shares)
    domain = [float(edges[0]), float(edges[-1])]
    if fit is not None:
        values = normalized_levels(scaling)
        outside = counts * ((values < fit.range[0]) | (values > fit.range[1]))
        if outside.any():
            missed = histogram(outside, scaling)[1] * (outside.sum() / counts.sum()).item()
        domain = [min([domain[0], *_finite(fit.range)]), max([domain[1], *_finite(fit.range)])]
    x_scale = alt.Scale(domain=domain, nice=False, padding=6)
    bins = alt.Chart(
        table(
            start=np.tile(edges[:-1], 2),
            end=np.tile(edges[1:], 2),
            share=np.concatenate([shares - missed, missed]),
            part=["in reach"] * len(shares) + ["out of reach"] * len(shares),
        )
    )
    bars = bins.mark_bar(binSpacing=0.5).encode(
        x=alt.X("start:Q", bin="binned", title=title, scale=x_scale, axis=alt.Axis(grid=False, tickCount=7)),
        x2=alt.X2("end:Q"),
        y=alt.Y(
            "share:Q",
            title="share of pixels",
            stack="zero",
            scale=alt.Scale(type="sqrt", nice=False),
            axis=alt.Axis(format="%", tickCount=5),
        ),
        color=alt.Color(
            "part:N",
            scale=alt.Scale(domain=["in reach", "out of reach"], range=[REACHED, MISSED]),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("start:Q", format=".2f", title="from"),
            alt.Tooltip("end:Q", format=".2f", title="to"),
            alt.Tooltip("share:Q", format=".2%", title="pixels"),
            alt.Tooltip("part:N", title="the output's range"),
        ],
    )
    parts = [bars] if fit is None else [bars, *_range_line(fit, domain, x_scale)]
    return alt.LayerChart(layer=parts).properties(height=height)


def class_histogram(
    training: np.ndarray, test: np.ndarray, names: Sequence[str], height: int = 200
) -> alt.Chart:
    """Images of each class, training and test ones above each other; one count a class in both arrays."""
    # Names that would not all fit side by side stand aslant: each class keeps its own.
    axis = alt.Axis(labelAngle=0 if len("".join(names)) <= 30 else -45, labelOverlap=False)
    rows = table(
        name=[*names, *names],
        images=np.concatenate([training, test]),
        part=["training"] * len(names) + ["test"] * len(names),
    )
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("name:N", sort=None, title=None, axis=axis),
            y=alt.Y("images:Q", title="images", axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "part:N",
                title=None,
                sort=None,
                scale=alt.Scale(domain=["training", "test"], range=[TRAINING, TEST]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[alt.Tooltip("name:N"), alt.Tooltip("part:N"), alt.Tooltip("images:Q", format=",")],
        )
        .properties(height=height)
    )


def _range_line(fit: Fit, domain: Sequence[float], scale: alt.Scale) -> list[alt.Chart]:
    """A line above the bars from end to end of the output's range, with the output's name."""
    start, end = max(fit.range[0], domain[0]), min(fit.range[1], domain[1])
    row = table(start=[start], end=[end], middle=[(start + end) / 2], text=[f"range of {fit.output}"])
    base = alt.Chart(row)
    above = alt.value(-6)
    line = base.mark_rule(strokeWidth=4, color=CLASS_COLORS[2]).encode(
        x=alt.X("start:Q", scale=scale), x2=alt.X2("end:Q"), y=above
    )
    name = base.mark_text(color=ink(CLASS_COLORS[2]), fontWeight="bold", baseline="bottom").encode(
        x=alt.X("middle:Q", scale=scale), y=alt.YValue(-11), text=alt.Text("text:N")
    )
    return [line, name]


def _finite(ends: Sequence[float]) -> list[float]:
    return [end for end in ends if np.isfinite(end)]
