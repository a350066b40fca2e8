"""The spread of reconstruction errors over the test images, and what it says in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    label = base.mark_text(align="right" if to_the_left else "left", color=ink(color), fontWeight="bold")
    return line + label.encode(text="text:N", y=alt.value(y))


def verdict(
    errors: np.ndarray,
    pca_errors: np.ndarray,
    units: int,
    narrowest: int | None = None,
    penalty: str = "",
    finished: bool = True,
) -> str:
    """Does the network beat PCA with as many components, and what was seen that may have to do with it.

    Both arrays hold the squared error of the same N images; `narrowest` is the smallest number of values
    between image and code (None where no layer lies between), `penalty` the penalties in words. Speaks where
    the mean difference is more than two of its standard errors over the images. Names no cause: one network
    tells none.
    """
    difference = np.asarray(pca_errors, dtype=np.float64) - np.asarray(errors, dtype=np.float64)
    mean, pca = float(np.mean(errors)), float(np.mean(pca_errors))
    components = f"{units} component{'s' * (units != 1)}"
    count = len(difference)
    uncertain = float(difference.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    if abs(difference.mean()) <= 2 * uncertain:
        return (
            f"On these {count:,} images nothing can be said between the network and PCA with {components} "
            f"({mean:.1f} against {pca:.1f})."
        )
    if mean < pca:
        return (
            f"The network leaves {1 - mean / pca:.0%} less error than PCA with {components}, and is "
            f"the better one on {float(np.mean(difference > 0)):.0%} of the images."
        )
    seen = []
    if narrowest is not None and narrowest <= units:
        seen.append(f"its narrowest layer before the code is {narrowest} wide")
    if penalty:
        seen.append(f"it was trained with a penalty ({penalty})")
    if not finished:
        seen.append("it was not trained to its end")
    text = f"PCA with {components} does better ({pca:.1f} against {mean:.1f})."
    if not seen:
        return text
    listed = " and ".join([", ".join(seen[:-1]), seen[-1]] if len(seen) > 1 else seen)
    return f"{text} Of this network: {listed}. One without would tell whether that is why."


def extremes(errors: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> str:
    """Which class is reconstructed worst and which best; empty with fewer than two classes.

    A class is named where its mean error is apart from the next one's by more than two standard errors of
    the difference.
    """
    classes = sorted((errors[labels == c] for c in np.unique(labels)), key=np.mean)
    if len(classes) < 2:
        return ""
    by_mean = sorted(np.unique(labels), key=lambda c: np.mean(errors[labels == c]))
    words = []
    if _apart(classes[-1], classes[-2]):
        words.append(f"Hardest class: {names[by_mean[-1]]} ({classes[-1].mean():.1f} per image)")
    if _apart(classes[1], classes[0]):
        words.append(f"easiest: {names[by_mean[0]]} ({classes[0].mean():.1f})")
    if not words:
        return "No class is clearly the hardest or the easiest."
    text = "; ".join(words)
    return f"{text[0].upper()}{text[1:]}."


def _apart(above: np.ndarray, below: np.ndarray) -> bool:
    if min(len(above), len(below)) < 2:
        return False
    uncertain = math.sqrt(sum(float(np.var(e, ddof=1)) / len(e) for e in (above, below)))
    return float(np.mean(above) - np.mean(below)) > 2 * uncertain
