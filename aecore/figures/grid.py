"""Charts of a grid of models, in which a mark is a member; a click selects it by its number `k`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from aecore.figures.theme import ink
from aecore.palette import CHOSEN_COLOR, MEMBER_COLOR

PICKED = "picked"
"""Name of the point selection that every chart reports a click by; it holds `k`."""

TEXT = "#7d8590"
"""Words and rules beside the marks: readable on both backgrounds."""

Row = Mapping[str, Any]


def parallel(rows: Sequence[Row], columns: Sequence[str], chosen: int, height: int = 300) -> alt.Chart:
    """A line a member through its place on each axis to its error: rows hold `k`, `error` and `marks`.

    `marks` has, for each of `columns`, the height from 0 to 1 and the value as text.
    """
    long = [
        {
            "k": row["k"],
            "error": row["error"],
            "column": name,
            "at": at,
            "text": text,
            "here": row["k"] == chosen,
        }
        for row in rows
        for name, (at, text) in zip(columns, row["marks"], strict=True)
    ]
    base = alt.Chart(alt.Data(values=long)).encode(
        x=alt.X(
            "column:N",
            sort=list(columns),
            title=None,
            axis=alt.Axis(labelAngle=0, domain=False),
            scale=alt.Scale(padding=0.35),
        ),
        y=alt.Y("at:Q", axis=None, scale=alt.Scale(domain=[-0.04, 1.04], nice=False)),
        detail=alt.Detail("k:N"),
    )
    color = alt.Color("error:Q", scale=alt.Scale(scheme="viridis", zero=False), legend=None)
    tooltip = [
        alt.Tooltip("error:Q", format=".2f", title="validation error"),
        alt.Tooltip("text:N", title="here"),
    ]
    lines = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(color=color)
    dots = base.mark_circle(size=44, opacity=1, cursor="pointer").encode(color=color, tooltip=tooltip)
    here = base.transform_filter("datum.here").mark_line(strokeWidth=4, color=CHOSEN_COLOR)
    ends = {(row["column"], row["text"]): row for row in long if row["column"] != columns[-1]}
    errors = sorted((row for row in long if row["column"] == columns[-1]), key=lambda row: row["at"])
    words = [*ends.values(), *([errors[0], errors[-1]] if len(errors) > 1 else errors)]
    text = alt.Chart(alt.Data(values=words)).mark_text(
        align="right", dx=-9, fontSize=12, fontWeight="bold", color=ink(TEXT)
    )
    text = text.encode(x=alt.X("column:N", sort=list(columns)), y=alt.Y("at:Q"), text=alt.Text("text:N"))
    return (lines + here + dots.add_params(_pick()) + text).properties(height=height)


def member_curves(rows: Sequence[Row], epochs: int, split: str | None, height: int = 260) -> alt.Chart:
    """Validation error against epoch, a line a member: rows hold `k`, `epoch`, `error`, `label`, `color`."""
    first = [row["color"] for row in rows]
    numbers = all(isinstance(value, (int, float)) for value in first)
    encoded = alt.Color(
        f"color:{'O' if numbers else 'N'}",
        title=split,
        sort=None,
        scale=alt.Scale(scheme="viridis") if numbers else alt.Undefined,
    )
    return (
        alt.Chart(alt.Data(values=list(rows)), height=height)
        .mark_line(strokeWidth=1.5, opacity=0.85, point=alt.OverlayMarkDef(size=16))
        .encode(
            x=alt.X(
                "epoch:Q",
                scale=alt.Scale(domain=[1, max(epochs, 2)], nice=False),
                axis=alt.Axis(tickMinStep=1, format="d", grid=False),
            ),
            y=alt.Y("error:Q", title="validation error", scale=alt.Scale(zero=False)),
            detail=alt.Detail("k:N"),
            color=encoded if split else alt.value(MEMBER_COLOR),
            tooltip=[alt.Tooltip("label:N"), alt.Tooltip("epoch:Q"), alt.Tooltip("error:Q", format=".2f")],
        )
    )


def _pick() -> alt.Parameter:
    return alt.selection_point(name=PICKED, fields=["k"], empty=False, on="click", clear=False)
