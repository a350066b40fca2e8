"""A run's further figures as charts."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS, PCA_COLOR

STEP, AXIS = 18, 44
"""Pixels of a bar with its gap, and of the axis below."""


def class_error_bars(errors: Mapping[str, float], mean: float) -> alt.LayerChart:
    """Mean squared error of each class, the largest first, with the mean over all images as a rule."""
    names = sorted(errors, key=lambda name: -errors[name])
    values = table(name=names, error=[errors[name] for name in names])
    base = alt.Chart(values).encode(
        x=alt.X("error:Q", title="squared error per image", scale=alt.Scale(zero=True)),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=90)),
        tooltip=[alt.Tooltip("name:N", title="class"), alt.Tooltip("error:Q", format=".2f")],
    )
    rule = alt.Chart(table(mean=[mean])).mark_rule(color=PCA_COLOR, strokeWidth=2, strokeDash=[4, 3])
    return alt.LayerChart(
        layer=[base.mark_bar(color=CLASS_COLORS[0]), rule.encode(x=alt.X("mean:Q"))],
        height=STEP * len(names) + AXIS,
    )
