"""Codes in a plane, and small bars beside a map: how far it can be trusted, the classes of a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS

MAP_COLOR = "#4c78a8"
REFERENCE_COLOR = "#8a8f98"


def score_bars(scores: Mapping[str, float], of_the_map: Sequence[str]) -> alt.LayerChart:
    """Shares from 0 to 1 by name as bars with their figure; those not `of_the_map` are grey references."""
    table = pd.DataFrame(
        {
            "score": list(scores),
            "share": list(scores.values()),
            "color": [MAP_COLOR if name in of_the_map else REFERENCE_COLOR for name in scores],
            "text": [f"{value:.3f}" for value in scores.values()],
        }
    )
    base = alt.Chart(table).encode(
        y=alt.Y(
            "score:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False, ticks=False, domain=False),
        )
    )
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, 1]), title=None, axis=None)
    bars = base.mark_bar(height=12).encode(x=x, color=alt.Color("color:N", scale=None))
    # At the bar's foot, where there is room whatever its length.
    texts = base.mark_text(align="left", dx=4, color="white", fontSize=10).encode(
        x=alt.XValue(0), text=alt.Text("text:N")
    )
    return (bars + texts).properties(height=26 * len(table))


def class_bars(labels: np.ndarray, class_names: Sequence[str]) -> alt.Chart:
    """How many of the labels (N whole numbers) are of each class; classes without any keep their place."""
    names = list(class_names)
    counts = np.bincount(np.asarray(labels, dtype=np.int64), minlength=len(names))
    table = pd.DataFrame({"class": names, "images": counts})
    colors = [CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(names))]
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("class:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, ticks=False)),
            y=alt.Y("images:Q", title=None, axis=alt.Axis(tickCount=3, tickMinStep=1)),
            color=alt.Color("class:N", scale=alt.Scale(domain=names, range=colors), legend=None),
            tooltip=[alt.Tooltip("class:N"), alt.Tooltip("images:Q")],
        )
        .properties(height=110)
    )


NAMED = 20
"""Classes that a legend names at most."""


def code_plane(
    points: np.ndarray, labels: np.ndarray, class_names: Sequence[str], titles: Sequence[str] = ("x", "y")
) -> alt.Chart:
    """Codes in a plane, N x 2, coloured by class where there is more than one; `titles` name the axes."""
    names = [class_names[i] for i in np.asarray(labels).tolist()]
    chart = (
        alt.Chart(table(x=points[:, 0], y=points[:, 1], name=names))
        .mark_circle(size=14, opacity=0.7)
        .encode(
            x=alt.X("x:Q", title=titles[0], axis=alt.Axis(grid=False)),
            y=alt.Y("y:Q", title=titles[1], axis=alt.Axis(grid=False)),
        )
        .properties(width=420, height=420)
    )
    if len(class_names) < 2:
        return chart
    shown = list(class_names)
    colors = alt.Scale(domain=shown, range=[CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(shown))])
    legend = alt.Legend(title=None, symbolLimit=0) if len(shown) <= NAMED else None
    return chart.encode(color=alt.Color("name:N", scale=colors, legend=legend))
