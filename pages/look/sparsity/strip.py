"""The narrow strip of figures above the pictures: a row for each side, with the range over seeds."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import streamlit as st

from aecore.analysis import comparison
from aecore.palette import text_css
from aecore.results import Figures
from pages.look.sparsity.sources import Source

Figure = tuple[str, str, Callable[[Figures], float | None], str]
"""Heading, tooltip, value and format."""


def draw(left: Source, right: Source, count_silent: bool, gauge: bool) -> None:
    """Squared error, active units, exact zeros, dead units; with `gauge` where the scale sits."""
    columns = _columns(count_silent, gauge)
    heads = "".join(
        f'<th title="{html.escape(tip)}" style="{CELL};{HEAD}">{html.escape(head)}</th>'
        for head, tip, _, _ in columns
    )
    rows = "".join(_row(source, columns) for source in (left, right))
    st.html(
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;width:100%;font-size:0.9rem;'
        f'font-variant-numeric:tabular-nums"><thead><tr><th></th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


HEAD = "white-space:normal;vertical-align:bottom;font-weight:400;opacity:0.7"
CELL = "padding:2px 8px 2px 0;text-align:left;white-space:nowrap"


def _columns(count_silent: bool, gauge: bool) -> list[Figure]:
    zeros: Figure = (
        ("Exact zeros", "Share of values that are exactly 0, over all units", _get("exact_zeros"), ".1%")
        if count_silent
        else (
            "Exact zeros, units that fire",
            "Share of values that are exactly 0, over units that are non-zero for at least one test image",
            _get("exact_zeros_alive"),
            ".1%",
        )
    )
    columns: list[Figure] = [
        (
            "Squared error",
            "Sum over pixels, mean over test images, pixels in [0, 1]; lower is better",
            _get("squared_error"),
            ".2f",
        ),
        ("Active units", "Non-zero units per image, mean over test images", _get("active_units"), ".1f"),
        zeros,
        (
            "Dead units",
            "Standard deviation at most 1 % of the unit with the largest",
            _get("dead_units"),
            ".0f",
        ),
        (
            "Never fire",
            "Units that are exactly 0 for every test image",
            lambda f: f.units - f.alive_units,
            ".0f",
        ),
    ]
    used = "Replacing the unit by its mean raises the squared error by more than 1 %"
    columns.append(("Used", used, _get("used_units"), ".0f"))
    if gauge:
        columns += [
            ("Mean |z|", "Mean size of the code's values", _get("mean_absolute"), ".3f"),
            ("Norm of atoms", "Mean norm of the decoder's columns", _get("column_norm"), ".2f"),
        ]
    else:
        columns.append(
            (
                "Hoyer",
                "Hoyer's sparsity: 0 where all units are equally large, 1 where one carries the code",
                _get("hoyer"),
                ".2f",
            )
        )
    return columns


def _get(name: str) -> Callable[[Figures], float | None]:
    return lambda figures: getattr(figures, name)


def _row(source: Source, columns: Sequence[Figure]) -> str:
    cells = "".join(f'<td style="{CELL}">{_cell(source, value, form)}</td>' for _, _, value, form in columns)
    return (
        f'<tr><td style="{CELL}"><b style="color:{text_css(source.color)}">{html.escape(source.name)}</b> '
        f'<span style="opacity:0.7">{html.escape(source.setting)}</span></td>{cells}</tr>'
    )


def _cell(source: Source, value: Callable, form: str) -> str:
    own = value(source.figures)
    if own is None:
        return "–"
    text = f"<b>{own:{form}}</b>"
    range_ = comparison.spread([own, *(value(f) for f in source.further)])
    if range_ is None or range_.n < 2:
        return text
    low, high = f"{range_.low:{form}}", f"{range_.high:{form}}"
    title = f"least and largest of {range_.n} seeds; mean {range_.mean:{form}}"
    return f'{text} <span title="{title}" style="opacity:0.6;font-size:0.8rem">{low} to {high}</span>'
