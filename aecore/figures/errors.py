"""The spread of reconstruction errors over the test images, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.palette import PCA_COLOR

RUN_COLOR = "#2f86ad"
"""The network, beside PCA's grey; readable on both backgrounds."""

TICK_COLOR = "#d55e00"
"""The images shown, on top of the network's bars."""

BINS = 40


def choose_images(errors: np.ndarray, order: str, count: int, draw: int = 0) -> np.ndarray:
    """Indices of `count` images (fewer where there are fewer): the worst first, the best first, or random.

    `errors` are N values; `draw` seeds the random choice. ValueError for another order.
    """
    if order == "random":
        return np.random.default_rng(draw).permutation(len(errors))[:count]
    if order not in ("worst", "best"):
        raise ValueError(f"order must be worst, best or random, not {order!r}")
    ascending = np.argsort(errors, kind="stable")
    return (ascending[::-1] if order == "worst" else ascending)[:count]


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
            x2="end:Q",
            y=alt.Y("images:Q", title="images", axis=alt.Axis(tickCount=3)),
            tooltip=[
                alt.Tooltip("start:Q", format=".1f", title="from"),
                alt.Tooltip("end:Q", format=".1f", title="to"),
                "images:Q",
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
    label = base.mark_text(align="right" if to_the_left else "left", color=color, fontWeight="bold")
    return line + label.encode(text="text:N", y=alt.value(y))


def verdict(
    errors: np.ndarray, pca_errors: np.ndarray, units: int, narrowest: int | None, finished: bool = True
) -> str:
    """One sentence: does the network beat PCA with as many components, and why if it does not.

    Both arrays hold the squared error of the same N images; `narrowest` is the smallest number of values
    between image and code (None where no layer lies between).
    """
    mean, pca = float(np.mean(errors)), float(np.mean(pca_errors))
    share = float(np.mean(np.asarray(errors) < np.asarray(pca_errors)))
    if mean < pca:
        return (
            f"The network leaves {1 - mean / pca:.0%} less error than PCA with {units} components, and is "
            f"the better one on {share:.0%} of the images."
        )
    start = f"With {units} units PCA does better ({pca:.1f} against {mean:.1f}): "
    if narrowest is not None and narrowest <= units:
        return start + (
            f"the network's narrowest layer before the code is {narrowest} wide, so more units add nothing; "
            "a wider layer would."
        )
    if not finished:
        return start + "this run was not trained to its end."
    return start + "longer training, wider layers or a weaker penalty would help."


def extremes(errors: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> str:
    """Which class is reconstructed worst and which best; empty with fewer than two classes."""
    present = np.unique(labels)
    if len(present) < 2:
        return ""
    means = {int(c): float(np.mean(errors[labels == c])) for c in present}
    worst, best = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    return (
        f"Hardest class: {names[worst]} ({means[worst]:.1f} per image); "
        f"easiest: {names[best]} ({means[best]:.1f})."
    )
