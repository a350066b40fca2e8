"""Charts of a training's layers: a quantity over layers and steps, its profile at an epoch, histograms."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from aecore.figures.tables import table
from aecore.looks import BINS, EDGES, HISTOGRAMS, QUANTITIES, SMALLEST, LayerHistory
from aecore.palette import CLASS_COLORS

COLUMNS = 200
"""Most looks that a heat map shows: a screen has no room for more."""


def layer_labels(looks: LayerHistory) -> list[str]:
    """`1 encoder, 128` for each layer, from image to reconstruction."""
    halves = [layer.name.split(".")[0] for layer in looks.layers]
    return [
        f"{i} {half}, {layer.units:,}"
        for i, (half, layer) in enumerate(zip(halves, looks.layers, strict=True), 1)
    ]


def shown_looks(looks: LayerHistory) -> np.ndarray:
    """Indices of the looks that a heat map shows, evenly spread over them."""
    return np.unique(np.linspace(0, len(looks) - 1, min(len(looks), COLUMNS)).round().astype(int))


def span(values: Sequence[np.ndarray], quantity: str) -> tuple[float, float] | None:
    """Least and largest of a quantity's finite values, for charts on one scale; None where there are none."""
    found = np.concatenate([v[np.isfinite(v)] for v in values])
    if QUANTITIES[quantity].log:
        found = np.maximum(found, SMALLEST)
    return (float(found.min()), float(found.max())) if len(found) else None


def heat_map(
    looks: LayerHistory, quantity: str, domain: tuple[float, float] | None = None, height: int = 260
) -> alt.Chart:
    """A quantity of `looks.QUANTITIES`, layers x steps; a click on a cell selects its `look` and `layer`.

    Layers where the quantity does not apply are left out. Steps stand side by side, whatever lies between.
    `domain` is what the colours span, by default the values' own range.
    """
    shown = shown_looks(looks)
    values = looks.values(quantity)[shown]
    labels = np.array(layer_labels(looks))
    look, layer = np.nonzero(~np.isnan(values))
    found = values[look, layer]
    known = QUANTITIES[quantity]
    rows = table(
        look=shown[look],
        layer=layer,
        label=labels[layer],
        step=looks.rows["total"][shown][look],
        epoch=looks.rows["epoch"][shown][look],
        value=np.where(np.isfinite(found), found, np.finfo(np.float32).max),
        shade=np.maximum(found, SMALLEST) if known.log else found,
    )
    scale = alt.Scale(type="log" if known.log else "linear", scheme="viridis", clamp=True)
    if domain is not None:
        scale.domain = list(domain)
    cell = alt.selection_point(name="cell", fields=["look", "layer"], on="click", empty=False)
    return (
        alt.Chart(rows, height=height)
        .mark_rect()
        .encode(
            x=alt.X("step:O", title="step", axis=alt.Axis(labelOverlap=True, ticks=False)),
            y=alt.Y("label:N", title=None, sort=labels.tolist()),
            color=alt.Color(
                "shade:Q", title=known.label, scale=scale, legend=alt.Legend(format=".2~g", tickCount=5)
            ),
            stroke=alt.condition(cell, alt.value(CLASS_COLORS[5]), alt.value(None)),
            tooltip=[
                alt.Tooltip("label:N"),
                alt.Tooltip("epoch:Q"),
                alt.Tooltip("step:Q"),
                alt.Tooltip("value:Q", title=known.label, format=".3g"),
            ],
        )
        .add_params(cell)
    )


def profile(
    looks: LayerHistory,
    quantity: str,
    epochs: list[int],
    domain: tuple[float, float] | None = None,
    height: int = 200,
) -> alt.Chart:
    """A quantity over the layers at one or several epochs, each the median of the epoch's looks.

    `domain` is what the axis spans, by default the values' own range.
    """
    labels, known = np.array(layer_labels(looks)), QUANTITIES[quantity]
    values = np.stack([looks.profile(quantity, epoch) for epoch in epochs])
    place, layer = np.nonzero(np.isfinite(values))
    found = values[place, layer]
    rows = table(
        epoch=np.array(epochs)[place],
        label=labels[layer],
        value=found,
        height=np.maximum(found, SMALLEST) if known.log else found,
    )
    scale = alt.Scale(type="log", nice=False) if known.log else alt.Scale(zero=False)
    if domain is not None:
        scale.domain, scale.padding = list(domain), 6
    return (
        alt.Chart(rows, height=height)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("label:N", title=None, sort=labels.tolist()),
            y=alt.Y("height:Q", title=known.label, scale=scale),
            color=alt.Color("epoch:O", title="epoch", scale=alt.Scale(scheme="viridis")),
            tooltip=[
                alt.Tooltip("label:N"),
                alt.Tooltip("epoch:O"),
                alt.Tooltip("value:Q", title=known.label, format=".3g"),
            ],
        )
    )


def first_to_last(looks: LayerHistory, epoch: int) -> float:
    """The first layer's gradient norm over the last layer's at an epoch; infinite where the last has none."""
    norms = looks.profile("gradient_norm", epoch)
    return float(norms[0] / norms[-1]) if norms[-1] else float("inf")


def histogram(
    looks: LayerHistory, of: str, look: int, layer: int, top: float | None = None, height: int = 140
) -> alt.Chart:
    """Shares of absolute `gradients` or `activations` of one layer at one look, a bar a factor of four.

    Exact zeros stand apart, as a bar in grey on the left. `top` is where the axis ends, by default the
    largest share.
    """
    shares = looks.values(of)[look, layer]
    bounds = [float(edge) for edge in EDGES]
    rows = table(
        low=[bounds[0] / 8, *bounds[:-1]],
        high=[bounds[0] / 2, *bounds[1:]],
        share=shares,
        what=["exactly zero", *(f"{low:.2g} to {4 * low:.2g}" for low in bounds[:-1])],
        color=["#8a8f98", *[CLASS_COLORS[0]] * (BINS - 1)],
    )
    return (
        alt.Chart(rows, height=height)
        .mark_rect()
        .encode(
            x=alt.X("low:Q", title=f"absolute {HISTOGRAMS[of]}", scale=alt.Scale(type="log", nice=False)),
            x2=alt.X2("high:Q"),
            y=alt.Y(
                "share:Q",
                title="share",
                axis=alt.Axis(format="%"),
                scale=alt.Scale() if top is None else alt.Scale(domain=[0, top]),
            ),
            color=alt.Color("color:N", scale=None),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("share:Q", format=".2%")],
        )
    )
