"""Columns as the rows that a chart takes."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np


def table(**columns: Any) -> alt.Data:
    """Columns of equal length (lists or arrays) as rows, each a dictionary by the columns' names."""
    names = list(columns)
    rows = zip(*(np.asarray(c).tolist() for c in columns.values()), strict=True)
    return alt.Data(values=[dict(zip(names, row, strict=True)) for row in rows])
