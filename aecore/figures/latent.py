"""Two groups of codes along the direction that leads from one to the other."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

BINS = 40


def projection_histogram(
    projections: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
    colors: tuple[str, str],
    height: int = 210,
) -> alt.Chart:
    """Share of each group's images in bins along a direction: 0 at the first group's mean, 1 at the second's.

    Shares, so that a large group does not hide a small one.
    """
    together = np.concatenate(projections)
    edges = np.linspace(together.min(), together.max() + 1e-6, BINS + 1)
    parts = [
        pd.DataFrame(
            {
                "start": edges[:-1],
                "end": edges[1:],
                "share": np.histogram(values, edges)[0] / len(values),
                "group": name,
            }
        )
        for values, name in zip(projections, names, strict=True)
    ]
    x = alt.X(
        "start:Q", bin="binned", title=f"along the direction: mean of {names[0]} at 0, of {names[1]} at 1"
    )
    return (
        alt.Chart(pd.concat(parts, ignore_index=True))
        .mark_bar(opacity=0.6, binSpacing=0)
        .encode(
            x=x,
            x2=alt.X2("end:Q"),
            y=alt.Y("share:Q", stack=None, title=None, axis=alt.Axis(format="%", tickCount=3)),
            color=alt.Color(
                "group:N",
                scale=alt.Scale(domain=list(names), range=list(colors)),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[alt.Tooltip("group:N"), alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=height)
    )
