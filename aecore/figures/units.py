"""The values of one unit, by class."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from aecore.palette import CLASS_COLORS

BINS = 24


def value_histogram(
    values: np.ndarray, labels: np.ndarray, class_names: Sequence[str], height: int = 110
) -> alt.Chart:
    """Histogram of one unit's values (N) stacked by class (N whole numbers), counted here.

    The bins span all values, so that nothing is left out.
    """
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    parts = []
    for label in np.unique(labels):
        counts, _ = np.histogram(values[labels == label], edges)
        name = class_names[label]
        parts.append(pd.DataFrame({"start": edges[:-1], "end": edges[1:], "images": counts, "class": name}))
    names = list(class_names)
    colors = [CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(names))]
    return (
        alt.Chart(pd.concat(parts, ignore_index=True))
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X("start:Q", bin="binned", title=None, axis=alt.Axis(grid=False, tickCount=5)),
            x2=alt.X2("end:Q"),
            y=alt.Y("images:Q", title=None, axis=alt.Axis(tickCount=2)),
            color=alt.Color("class:N", scale=alt.Scale(domain=names, range=colors), legend=None, sort=names),
            order=alt.Order("class:N"),
            tooltip=[
                alt.Tooltip("class:N"),
                alt.Tooltip("images:Q"),
                alt.Tooltip("start:Q", format=".2f", title="from"),
            ],
        )
        .properties(height=height)
    )
