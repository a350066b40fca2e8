"""Charts of a training: how the error and the loss's terms fall, epoch by epoch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import altair as alt

from aecore.config import PENALTIES
from aecore.palette import CLASS_COLORS, PCA_COLOR
from aecore.results import EpochRecord

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
    history: Sequence[EpochRecord], epochs: int, pca: float | None = None, height: int = 170
) -> alt.Chart:
    """Squared error per image on train (dashed) and validation images, with PCA's as a grey rule.

    `epochs` is where the axis ends, so that the curve grows into its frame and the frame stays. A long
    history is thinned, here as in `term_curves`.
    """
    table = rows(thinned(history), ["squared_error"])
    chart = _lines(table, epochs, "squared error", height).encode(
        color=alt.value(CLASS_COLORS[0]), strokeDash=_dash(table)
    )
    if pca is None:
        return chart
    base = alt.Chart(alt.Data(values=[{"value": pca, "text": f"PCA {pca:.1f}"}]))
    rule = base.mark_rule(color=PCA_COLOR, strokeWidth=2).encode(y="value:Q")
    text = base.mark_text(align="right", baseline="bottom", dy=-3, color=PCA_COLOR, fontWeight="bold")
    return chart + rule + text.encode(x=alt.value("width"), y="value:Q", text="text:N")


def term_curves(history: Sequence[EpochRecord], epochs: int, height: int = 170) -> alt.Chart:
    """The loss's terms on a logarithmic axis, each in its colour, train dashed and validation solid.

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
    return chart.encode(color=alt.Color("term:N", scale=colors, legend=legend), strokeDash=_dash(table))


def _lines(table: list[dict[str, Any]], epochs: int, title: str, height: int, log: bool = False) -> alt.Chart:
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    # Vega puts ticks at half epochs unless told where whole ones are.
    last = max(epochs, 2)
    ticks = alt.Axis(tickMinStep=1, format="d", grid=False)
    return (
        alt.Chart(alt.Data(values=table), height=height)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=22) if len(table) < 200 else False)
        .encode(
            x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[1, last], nice=False), axis=ticks),
            y=alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
            tooltip=["epoch:Q", "part:N", "term:N", alt.Tooltip("value:Q", format=".4g")],
        )
    )


def _dash(table: list[dict[str, Any]]) -> alt.StrokeDash:
    parts = [part for part in DASHES if any(row["part"] == part for row in table)]
    return alt.StrokeDash(
        "part:N", scale=alt.Scale(domain=parts, range=[DASHES[p] for p in parts]), legend=None
    )
