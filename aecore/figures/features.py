"""Charts of what features are worth for telling classes: shares as bars, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.palette import CLASS_COLORS, PCA_COLOR

COLORS = {"code": CLASS_COLORS[0], "PCA": PCA_COLOR, "pixels": CLASS_COLORS[1]}
"""Of the kinds of features, the same in every chart."""
OTHER_CODE = CLASS_COLORS[2]
"""Of another network's code beside the run's own."""
COUNTED = 12
"""Classes up to which the matrix's cells have room for their counts."""


def color_of(kind: str) -> str:
    """The colour of a kind of features."""
    return COLORS.get(kind, OTHER_CODE)


def bars(values: Mapping[str, Mapping[str, float]]) -> alt.LayerChart:
    """Values from 0 to 1 by measure and kind of features: a group of bars a measure, each with its figure."""
    rows = [(measure, kind, value) for measure, by_kind in values.items() for kind, value in by_kind.items()]
    kinds = list(dict.fromkeys(kind for _, kind, _ in rows))
    data = table(
        bar=[f"{measure}|{kind}" for measure, kind, _ in rows],
        measure=[row[0] for row in rows],
        kind=[row[1] for row in rows],
        value=[row[2] for row in rows],
        text=[f"{row[2]:.3f}" for row in rows],
    )
    base = alt.Chart(data).encode(
        y=alt.Y(
            "measure:N",
            sort=list(values),
            title=None,
            axis=alt.Axis(labelLimit=220, ticks=False, domain=False),
        ),
        yOffset=alt.YOffset("kind:N", sort=kinds),
        tooltip=[alt.Tooltip("measure:N"), alt.Tooltip("kind:N"), alt.Tooltip("value:Q", format=".4f")],
    )
    x = alt.X("value:Q", scale=alt.Scale(domain=[0, 1], clamp=True), title=None, axis=None)
    shades = alt.Scale(domain=kinds, range=[color_of(kind) for kind in kinds])
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=300)
    drawn = base.mark_bar().encode(x=x, color=alt.Color("kind:N", scale=shades, legend=legend))
    # At the bar's foot, where there is room whatever its length.
    texts = base.mark_text(align="left", dx=4, color="white", fontSize=10).encode(
        x=alt.XValue(0),
        yOffset=alt.YOffset("kind:N", sort=kinds, bandPosition=0.5),
        text=alt.Text("text:N"),
    )
    # The legend takes its part of the height.
    return (drawn + texts).properties(height=40 + 19 * len(rows))


def matrix(counts: np.ndarray, names: Sequence[str], height: int = 430) -> alt.LayerChart:
    """How many images of each class (rows) were given which: a click selects a cell's `row` and `column`.

    The shade is the share of the row. Classes without test images keep their place.
    """
    row, column = (place.ravel() for place in np.indices(counts.shape))
    totals = np.maximum(counts.sum(1), 1)[row]
    data = table(
        row=row,
        column=column,
        true=np.array(names)[row],
        given=np.array(names)[column],
        images=counts[row, column],
        share=counts[row, column] / totals,
    )
    cell = alt.selection_point(name="cell", fields=["row", "column"], on="click", empty=False)
    base = alt.Chart(data, height=height).encode(
        x=alt.X(
            "given:N", sort=list(names), title="named", axis=alt.Axis(labelAngle=0, orient="top", ticks=False)
        ),
        y=alt.Y("true:N", sort=list(names), title="class", axis=alt.Axis(ticks=False)),
        tooltip=[
            alt.Tooltip("true:N", title="class"),
            alt.Tooltip("given:N", title="named"),
            alt.Tooltip("images:Q", title="images"),
            alt.Tooltip("share:Q", title="of the class", format=".1%"),
        ],
    )
    # The square root lets a per cent be seen beside ninety.
    shade = alt.Scale(type="sqrt", domain=[0, 1], scheme="blues")
    cells = base.mark_rect(cursor="pointer").encode(
        color=alt.Color("share:Q", scale=shade, legend=None),
        stroke=alt.condition(cell, alt.value(CLASS_COLORS[5]), alt.value(None)),
        strokeWidth=alt.StrokeWidthValue(2),
    )
    layers: list[alt.Chart] = [cells.add_params(cell)]
    if len(names) <= COUNTED:
        color = alt.condition(alt.datum.share > 0.3, alt.value("white"), alt.value("#333"))
        counted = base.transform_filter(alt.datum.images > 0)
        layers.append(counted.mark_text(fontSize=11).encode(text=alt.Text("images:Q"), color=color))
    return alt.LayerChart(layer=layers)
