"""The models that the axes in the form make, each drawn in its place before anything is trained."""

from __future__ import annotations

import html
import itertools
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import jobs
from aecore.grid import PENALTY, Grid, axis_text
from aecore.settings import axis_label, position_name, show
from pages.shared.layer_bars import layer_bars
from pages.train.new_grid.progress import subject

if TYPE_CHECKING:
    from aecore.config import ModelConfig
    from aecore.data import Dataset

COLUMNS, ROWS = 8, 10
"""The most that are drawn; what is beyond is told."""
HEIGHT = 34
"""Pixels of the largest layer's bar."""
WIDE = 170
"""Pixels that the bars of three models together take side by side, and those of more models as well."""

CELL = "padding:6px 5px;text-align:left;vertical-align:bottom;border-top:1px solid rgba(128,128,128,0.25)"
HEAD = "padding:4px 5px;text-align:left;font-weight:600;vertical-align:bottom"


def is_ahead(grid: Grid) -> bool:
    """Whether these models are still to be trained: no grid is at work, and they were not the last."""
    seen = subject()
    return seen is None or not (jobs.is_active(seen.progress) or seen.grid == grid)


def draw(grid: Grid, dataset: Dataset) -> None:
    """A table of the models: one axis across, all others down, each model as its layers."""
    across, rows = arranged(grid)
    columns = grid.axes[across]
    models = [[grid.members[k].model for k in row[:COLUMNS]] for _, row in rows[:ROWS]]
    try:
        # Members often share their layers.
        cells = {model: _cell(model, dataset.shape, len(columns)) for row in models for model in row}
    except ValueError:
        return  # that such images don't fit is said where the time would stand
    heads = "".join(
        f'<th scope="col" style="{HEAD}">{html.escape(value_text(across, value))}</th>'
        for value in columns[:COLUMNS]
    )
    body = "".join(
        f'<tr><th scope="row" style="{CELL};font-weight:400">{html.escape(name)}</th>'
        f"{''.join(cells[model] for model in row)}</tr>"
        for (name, _), row in zip(rows, models, strict=False)
    )
    st.markdown("**The models to be trained**")
    st.html(
        '<div style="overflow-x:auto"><table data-models style="border-collapse:collapse;font-size:0.85rem">'
        f'<tr><td></td><th scope="colgroup" colspan="{min(len(columns), COLUMNS)}" style="{HEAD}">'
        f"{html.escape(axis_label(across))}</th></tr><tr><td></td>{heads}</tr>{body}</table></div>"
    )
    st.caption(legend(grid, len(rows), len(columns)))


def arranged(grid: Grid) -> tuple[str, list[tuple[str, list[int]]]]:
    """The axis that lies across, and for each combination of the others its name and its members' numbers.

    Across lies the axis with the most values. A combination that makes no model that those before it do not
    make, as each further strength of no penalty, is left out.
    """
    across = max(grid.axes, key=lambda name: len(grid.axes[name]))
    others = {name: values for name, values in grid.axes.items() if name != across}
    numbers = {
        tuple(position.values()): index for position, index in zip(grid.positions, grid.index, strict=True)
    }
    rows, seen = [], set()
    for values in itertools.product(*others.values()):
        position = dict(zip(others, values, strict=True))
        row = [
            numbers[tuple(value if name == across else position[name] for name in grid.axes)]
            for value in grid.axes[across]
        ]
        if not seen.issuperset(row):
            rows.append((position_name(position) if position else "", row))
        seen.update(row)
    return across, rows


def value_text(name: str, value: Any) -> str:
    """A value of an axis as the form shows it."""
    return show(value) if isinstance(value, str) and name != PENALTY else axis_text(name, value)


def _cell(model: ModelConfig, shape: tuple[int, int, int], columns: int) -> str:
    from aecore.models import layer_sizes, parameter_count

    width = max(2, min(8, round(WIDE / max(columns, 3) / len(layer_sizes(model, shape)))))
    return (
        f'<td style="{CELL}">{layer_bars(model, shape, HEIGHT, width, sizes=False)}'
        '<div style="opacity:0.75;font-variant-numeric:tabular-nums">'
        f"{parameter_count(model, shape):,}</div></td>"
    )


def legend(grid: Grid, rows: int, columns: int) -> str:
    """How to read the table, and how much of it is not drawn."""
    text = (
        "Each model as its layers, from the image to the reconstruction, the code in blue, as high as the "
        "logarithm of their size; below, its parameters."
    )
    if rows > ROWS or columns > COLUMNS:
        shown = min(rows, ROWS) * min(columns, COLUMNS)
        text += f" The first {shown} of {len(grid.members):,} models are drawn."
    return text
