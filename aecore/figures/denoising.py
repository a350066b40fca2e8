"""Charts and sentences of denoising: the ratio against the noise, and what training on noise added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS, PCA_COLOR

COLORS = (PCA_COLOR, CLASS_COLORS[1], "#2f86ad")
"""Of the ways in their order: nothing done, a network, and another beside it."""
DASHES = ([2, 2], [6, 3], [1, 0])
NOTHING_BELOW = 2.0
"""Standard errors that a difference must exceed before it is spoken of."""


def ratio_chart(
    levels: Sequence[float],
    ratios: Mapping[str, Sequence[float]],
    at: float,
    trained: float | None = None,
    height: int = 380,
) -> alt.LayerChart:
    """Signal-to-noise ratios in decibels against the level, a line a way, in the order of `COLORS`.

    A rule stands at the level now looked at, and a dashed one at the level trained on where there is one.
    """
    names = list(ratios)
    finite = [
        (level, name, value)
        for name in names
        for level, value in zip(levels, ratios[name], strict=True)
        if math.isfinite(value)
    ]
    rows = table(
        level=[row[0] for row in finite], way=[row[1] for row in finite], psnr=[row[2] for row in finite]
    )
    lines = (
        alt.Chart(rows)
        .mark_line(point=alt.OverlayMarkDef(size=24))
        .encode(
            x=alt.X("level:Q", title="level of the corruption"),
            y=alt.Y("psnr:Q", title="PSNR (dB)", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "way:N",
                scale=alt.Scale(domain=names, range=list(COLORS[: len(names)])),
                legend=alt.Legend(
                    orient="bottom",
                    columns=1,
                    title=None,
                    labelLimit=400,
                    symbolType="stroke",
                    symbolStrokeWidth=2,
                    symbolSize=300,
                ),
            ),
            strokeDash=alt.StrokeDash(
                "way:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=None
            ),
            tooltip=[
                alt.Tooltip("way:N"),
                alt.Tooltip("level:Q"),
                alt.Tooltip("psnr:Q", format=".2f", title="PSNR (dB)"),
            ],
        )
    )
    rules = [alt.Chart(table(level=[at])).mark_rule(color="#888", strokeWidth=1).encode(x=alt.X("level:Q"))]
    if trained is not None:
        rules.append(
            alt.Chart(table(level=[trained]))
            .mark_rule(color="#888", strokeWidth=1, strokeDash=[3, 3])
            .encode(x=alt.X("level:Q"))
        )
    return alt.LayerChart(layer=[*rules, lines]).properties(height=height)


def verdict(gain: tuple[float, float], images: int, trained_on: str) -> str:
    """What training on a corruption, such as `masking 0.5`, added over the same network never shown any.

    `gain` is that of `denoising.gain` on images with the corruption now looked at, which may be another.
    """
    decibels, spread = gain
    about = f"on {images:,} test images with this noise"
    if not math.isfinite(spread) or abs(decibels) <= NOTHING_BELOW * spread:
        ways = f"training on {trained_on} and on clean images"
        return f"No difference can be told {about} between {ways}."
    more = "more" if decibels > 0 else "less"
    return (
        f"The network trained on {trained_on} reaches {abs(decibels):.1f} dB {more} than the same one "
        f"trained on clean images, {about}; another seed may give another figure."
    )
