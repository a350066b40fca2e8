"""The spread of reconstruction errors over the test images."""

from __future__ import annotations

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.figures.theme import ink
from aecore.palette import PCA_COLOR

RUN_COLOR = "#2f86ad"
"""The network, beside PCA's grey; readable on both backgrounds."""

TICK_COLOR = "#d55e00"
"""The images shown, on top of the network's bars."""

BINS = 40


def error_histogram(
    errors: np.ndarray, shown: np.ndarray, pca_mean: float, height: int = 250
) -> alt.LayerChart:
    """Histogram of squared errors per image, a tick for each error in `shown`, rules at the two means.

    Bins are counted here, so that the chart's size does not grow with the number of images.
    """
    errors, shown = np.asarray(errors, dtype=np.float64), np.asarray(shown, dtype=np.float64)
    mean = float(errors.mean())
    end = max(float(np.quantile(errors, 0.998)), pca_mean * 1.02, float(shown.max(initial=0)))
    counts, edges = np.histogram(errors, bins=BINS, range=(0, end))
    counts[-1] += int((errors > end).sum())
    bins = table(start=edges[:-1], end=edges[1:], images=counts)
    scale = alt.Scale(domain=[0, end], nice=False)
    x = alt.X("start:Q", bin="binned", title="squared error per image", scale=scale)
    histogram = (
        alt.Chart(bins)
        .mark_bar(color=RUN_COLOR, opacity=0.55, binSpacing=0.5)
        .encode(
            x=x,
            x2=alt.X2("end:Q"),
            y=alt.Y("images:Q", title="images", axis=alt.Axis(tickCount=3)),
            tooltip=[
                alt.Tooltip("start:Q", format=".1f", title="from"),
                alt.Tooltip("end:Q", format=".1f", title="to"),
                alt.Tooltip("images:Q"),
            ],
        )
    )
    # The plot's own height, whatever the axes take of the chart's.
    foot, top = alt.ExprRef("height"), alt.ExprRef("height - 12")
    ticks = (
        alt.Chart(table(error=shown))
        .mark_rule(strokeWidth=1.5, color=TICK_COLOR)
        .encode(
            x=alt.X("error:Q", scale=scale),
            y=alt.YValue(foot),
            y2=alt.Y2Value(top),
            tooltip=[alt.Tooltip("error:Q", format=".1f", title="shown, error")],
        )
    )
    rules = [
        _rule(mean, f"network {mean:.1f}", RUN_COLOR, -20, mean > 0.6 * end, scale),
        _rule(pca_mean, f"PCA {pca_mean:.1f}", PCA_COLOR, -7, pca_mean > 0.6 * end, scale),
    ]
    return alt.LayerChart(layer=[histogram, ticks, *rules]).properties(height=height)


def _rule(value: float, text: str, color: str, y: int, to_the_left: bool, scale: alt.Scale) -> alt.Chart:
    """A dashed rule with its label above the plot, each rule's on a line of its own."""
    base = alt.Chart(table(value=[value], text=[text])).encode(x=alt.X("value:Q", scale=scale))
    line = base.mark_rule(color=color, strokeWidth=2, strokeDash=[4, 3])
    label = base.mark_text(align="right" if to_the_left else "left", color=ink(color), fontWeight="bold")
    return line + label.encode(text=alt.Text("text:N"), y=alt.YValue(y))
