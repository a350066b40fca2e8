"""One layer's values for an image as charts and pictures, and a network's widths in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from aecore.analysis.layers import Layer, pinch
from aecore.figures.network import rows_and_columns
from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS

POSITIVE, NEGATIVE = CLASS_COLORS[5], CLASS_COLORS[0]
BINS = 40


def value_histogram(values: np.ndarray, height: int = 170) -> alt.Chart:
    """Histogram of a layer's values (any shape, at least one), counted here over all of them."""
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    counts, _ = np.histogram(values, edges)
    return (
        alt.Chart(table(start=edges[:-1], end=edges[1:], count=counts))
        .mark_bar(binSpacing=0.5, color=NEGATIVE)
        .encode(
            x=alt.X("start:Q", bin="binned", title="value", axis=alt.Axis(grid=False, tickCount=6)),
            x2=alt.X2("end:Q"),
            y=alt.Y("count:Q", title="how many", axis=alt.Axis(tickCount=3, tickMinStep=1)),
            tooltip=[
                alt.Tooltip("start:Q", format=".3g", title="from"),
                alt.Tooltip("end:Q", format=".3g", title="to"),
                alt.Tooltip("count:Q", format=",", title="values"),
            ],
        )
        .properties(height=height)
    )


def unit_bars(values: np.ndarray, height: int = 170) -> alt.Chart:
    """A bar for each of N units, red above zero and blue below."""
    return (
        alt.Chart(table(unit=np.arange(len(values)), value=values))
        .mark_bar()
        .encode(
            x=alt.X("unit:O", title="unit", axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)),
            y=alt.Y("value:Q", title="value", axis=alt.Axis(tickCount=5)),
            color=alt.condition("datum.value > 0", alt.value(POSITIVE), alt.value(NEGATIVE)),
            tooltip=[alt.Tooltip("unit:O"), alt.Tooltip("value:Q", format=".4g")],
        )
        .properties(height=height)
    )


def squares(values: np.ndarray) -> np.ndarray:
    """N values as rows of squares about twice as tall as wide, as the network's drawing has them.

    float, rows x columns; the places beyond the last value are NaN.
    """
    rows, columns = rows_and_columns(len(values))
    padded = np.full(rows * columns, np.nan)
    padded[: len(values)] = values
    return padded.reshape(rows, columns)


def widths_in_words(found: Sequence[Layer]) -> str:
    """Where the pinch is, how much narrower than the image, and where the parameters are."""
    narrowest = found[pinch(found)]
    pixels = found[0].size
    text = f"The narrowest layer is {_called(narrowest)}, {_values(narrowest.size)}"
    if pixels >= 2 * narrowest.size:
        text += f", {pixels / narrowest.size:.0f} times fewer than the image has"
    if narrowest.place != "code":
        code = next(layer for layer in found if layer.place == "code")
        text += f": a code of {code.size:,} can't hold more than passes there"
    total = sum(layer.parameters for layer in found)
    largest = max(found, key=lambda layer: layer.parameters)
    share = largest.parameters / total
    return (
        f"{text}. Of the network's {total:,} parameters {share:.0%} are in {_called(largest)} "
        f"({largest.kind.split(', ')[0]}, {largest.parameters:,})."
    )


def _called(layer: Layer) -> str:
    return f"the {layer.name}" if layer.place in ("code", "reconstruction") else layer.name


def _values(size: int) -> str:
    return "1 value" if size == 1 else f"{size:,} values"
