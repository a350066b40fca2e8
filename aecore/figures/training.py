"""Charts of a training: how the error and the loss's terms fall, epoch by epoch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from aecore.config import PENALTIES
from aecore.events import Event, change_text, course
from aecore.figures.theme import ink
from aecore.palette import CLASS_COLORS, EVENT_COLOR, PCA_COLOR
from aecore.results import EpochRecord, Origin

BOUND = "-elbo"
"""Minus the evidence lower bound: the sum of a variational model's two terms, which falls as a loss does."""

TERM_NAMES = {
    "loss": "loss (sum)",
    BOUND: "−ELBO",
    "reconstruction": "reconstruction",
    "kl": "KL",
} | {name: penalty.name for name, penalty in PENALTIES.items()}
"""The loss's terms as a person reads them."""

TERM_COLORS = {
    "loss": "#8a6fbf",
    BOUND: "#8a6fbf",
    "reconstruction": CLASS_COLORS[2],
    "kl": CLASS_COLORS[1],
} | {name: penalty.color for name, penalty in PENALTIES.items()}

LEGEND_ROW = 32
"""Pixels of a row of the legend."""

POINTS = 200
"""Epochs that a curve shows at most."""

DASHES = {"train": [4, 3], "validation": [1, 0]}


class Mark(NamedTuple):
    """Something that happened in a training, at a place of its curves."""

    epoch: float
    text: str


MARK_APART = 0.04
"""Part of the axis within which a second mark is drawn without its text, which would cover the first's."""


MARK_HEIGHT = 50
"""Pixels by which a chart with marks is higher, so that their texts have room."""


def marks(events: Sequence[Event], origin: Origin | None = None) -> list[Mark]:
    """The changes that a training follows, and where a branch left the run that it comes from."""
    found = [Mark(float(origin.epoch), f"branch from epoch {origin.epoch}")] if origin else []
    return found + [Mark(event.epoch, change_text(event.values)) for event in course(events)]


def term_name(term: str) -> str:
    """A term as a person reads it; one that is not known here by its own name."""
    return TERM_NAMES.get(term, term.replace("_", " "))


def rows(history: Sequence[EpochRecord], terms: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """{"epoch", "part", "term", "value"} for each epoch, part and term (all terms unless named)."""
    return [
        {"epoch": record.epoch, "part": part, "term": term, "value": value}
        for record in history
        for part, values in (("train", record.train), ("validation", record.validation))
        for term, value in values.items()
        if (not term.endswith(("squared_error", "active_units")) if terms is None else term in terms)
    ]


def _bound_rows(history: Sequence[EpochRecord]) -> list[dict[str, Any]]:
    """The same of a variational model's bound and its two terms, in nats."""
    found = rows(history, ["elbo", "reconstruction", "kl"])
    return [row | {"term": BOUND, "value": -row["value"]} if row["term"] == "elbo" else row for row in found]


def thinned(history: Sequence[EpochRecord]) -> Sequence[EpochRecord]:
    """Records at equal distances, POINTS at most, the first and the last among them."""
    if len(history) <= POINTS:
        return history
    last = len(history) - 1
    return [history[i * last // (POINTS - 1)] for i in range(POINTS)]


def error_curve(
    history: Sequence[EpochRecord],
    epochs: int,
    pca: float | None = None,
    height: int = 230,
    marks: Sequence[Mark] = (),
) -> alt.Chart:
    """Squared error per image on train (dashed) and validation images, with PCA's as a grey rule.

    `epochs` is where the axis ends, so that the curve grows into its frame and the frame stays. A long
    history is thinned, here as in `term_curves`. `marks` are upright rules with their texts.
    """
    table = rows(thinned(history), ["squared_error"])
    chart = _lines(table, epochs, "squared error", height).encode(
        color=alt.ColorValue(CLASS_COLORS[0]), strokeDash=_dash(table)
    )
    chart = _with_marks(chart, marks, epochs)
    if pca is None:
        return chart
    base = alt.Chart(alt.Data(values=[{"value": pca, "text": f"PCA {pca:.1f}"}]))
    rule = base.mark_rule(color=PCA_COLOR, strokeWidth=2).encode(y=alt.Y("value:Q"))
    text = base.mark_text(align="right", baseline="bottom", dy=-3, color=ink(PCA_COLOR), fontWeight="bold")
    return chart + rule + text.encode(x=alt.XValue("width"), y=alt.Y("value:Q"), text=alt.Text("text:N"))


def term_curves(
    history: Sequence[EpochRecord], epochs: int, height: int = 230, marks: Sequence[Mark] = ()
) -> alt.Chart:
    """The loss's terms on a logarithmic axis, each in its colour, train dashed and validation solid.

    Its frame is low below the legend: `marks` are rules whose texts come at the pointer.
    Values of zero (a penalty before its warm-up) have no place on that axis and are left out. A variational
    model's are minus its ELBO and the two terms of it, in nats, on an even axis, since a density's logarithm
    has either sign.
    """
    in_nats = "elbo" in history[0].train
    if in_nats:
        table = _bound_rows(thinned(history))
    else:
        table = [row for row in rows(thinned(history)) if row["value"] > 0]
    seen = dict.fromkeys(row["term"] for row in table)
    used = [term for term in TERM_NAMES if term in seen] + [term for term in seen if term not in TERM_NAMES]
    if used == ["loss", "reconstruction"]:
        # Without a penalty the two are one line.
        used = ["loss"]
        table = [row for row in table if row["term"] == "loss"]
    table = [row | {"term": term_name(row["term"])} for row in table]
    spare = itertools.cycle(CLASS_COLORS[3:])
    colors = alt.Scale(
        domain=[term_name(term) for term in used],
        range=[TERM_COLORS.get(term) or next(spare) for term in used],
    )
    # The height is that of the whole drawing: what the legend's rows take is added.
    legend = alt.Legend(title=None, orient="top", columns=2, symbolSize=60) if len(used) > 1 else None
    if legend is not None:
        height += LEGEND_ROW * -(-len(used) // 2)
    title = "nats an image" if in_nats else "loss"
    chart = _lines(table, epochs, title, height, log=not in_nats)
    chart = chart.encode(color=alt.Color("term:N", scale=colors, legend=legend), strokeDash=_dash(table))
    return _with_marks(chart, marks, epochs, texts=False)


def _lines(table: list[dict[str, Any]], epochs: int, title: str, height: int, log: bool = False) -> alt.Chart:
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    # Vega puts ticks at half epochs unless told where whole ones are.
    ticks = alt.Axis(tickMinStep=1, format="d", grid=False)
    return (
        alt.Chart(alt.Data(values=table), height=height)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=22) if len(table) < 200 else False)
        .encode(
            x=alt.X("epoch:Q", title="epoch", scale=_epoch_scale(epochs), axis=ticks),
            y=alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
            tooltip=[
                alt.Tooltip("epoch:Q"),
                alt.Tooltip("part:N"),
                alt.Tooltip("term:N"),
                alt.Tooltip("value:Q", format=".4g"),
            ],
        )
    )


def _epoch_scale(epochs: int) -> alt.Scale:
    return alt.Scale(domain=[1, max(epochs, 2)], nice=False)


def _with_marks(chart: alt.Chart, marks: Sequence[Mark], epochs: int, texts: bool = True) -> alt.Chart:
    """The chart with an upright rule for each mark; one in the first epoch stands at the axis's beginning."""
    if not marks:
        return chart
    table, written = [], -math.inf
    for mark in sorted(marks):
        place = max(mark.epoch, 1.0)
        shown = mark.text if place - written >= MARK_APART * (epochs - 1) else ""
        written = place if shown else written
        table.append({"place": place, "epoch": mark.epoch, "change": mark.text, "shown": shown})
    base = alt.Chart(alt.Data(values=table)).encode(x=alt.X("place:Q", scale=_epoch_scale(epochs)))
    rule = base.mark_rule(color=EVENT_COLOR, strokeDash=[2, 2], strokeWidth=1.5).encode(
        tooltip=[alt.Tooltip("epoch:Q", format=".4g"), alt.Tooltip("change:N")]
    )
    chart = chart.properties(height=chart.height + MARK_HEIGHT)
    if not texts:
        return chart + rule
    text = base.mark_text(
        angle=270,
        align="right",
        baseline="top",
        dx=-2,
        dy=3,
        fontSize=10,
        color=EVENT_COLOR,
        # What runs out of the frame would shrink the frame, where the chart has to fit into a place.
        clip=True,
    )
    return chart + rule + text.encode(y=alt.YValue(2), text=alt.Text("shown:N"))


def _dash(table: list[dict[str, Any]]) -> alt.StrokeDash:
    parts = [part for part in DASHES if any(row["part"] == part for row in table)]
    return alt.StrokeDash(
        "part:N", scale=alt.Scale(domain=parts, range=[DASHES[p] for p in parts]), legend=None
    )
