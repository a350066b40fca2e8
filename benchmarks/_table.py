"""Rows as a Markdown table."""

from __future__ import annotations

from typing import Any


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a markdown table; numbers to four digits, right-aligned."""
    if not rows:
        return "no rows"
    keys = list(rows[0])
    numeric = {key for key in keys if all(isinstance(row[key], (int, float)) for row in rows)}
    cells = [keys, *([cell(row[key]) for key in keys] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(keys))]
    lines = [
        [c.rjust(w) if k in numeric else c.ljust(w) for c, w, k in zip(line, widths, keys, strict=True)]
        for line in cells
    ]
    rule = ["-" * (w - 1) + (":" if k in numeric else "-") for w, k in zip(widths, keys, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])


def cell(value: Any) -> str:
    """A value as the table shows it."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if type(value) is int else str(value)
