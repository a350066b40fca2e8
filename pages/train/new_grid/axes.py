"""The form of a grid's axes: which settings differ between the models, and with which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
import streamlit as st

from aecore.config import PENALTIES, Config, field_paths
from aecore.grid import PENALTY, STRENGTH, Grid, axis_text, parse_axis
from aecore.settings import axis_label, show
from pages.shared import settings_form
from pages.shared.plain import plain
from pages.shared.settings_table import SETTINGS

_OFFERED = {field: setting.axis for field, setting in SETTINGS.items() if setting.axis is not None}

SUGGESTED: dict[str, tuple[str, ...]] = {
    "model.latent_size": _OFFERED.pop("model.latent_size"),
    PENALTY: ("none", *PENALTIES),
    STRENGTH: ("0.0001", "0.001", "0.01", "0.1"),
    **_OFFERED,
}
"""Fields offered as axes, with values to start from; fields with a fixed choice offer all of it."""

START = {
    "model.latent_size": ("2", "4", "8", "16", "32"),
    PENALTY: ("none", "code_l1"),
    STRENGTH: ("0.001", "0.01"),
}
"""Axes of a first visit."""

AXES = "new_grid_axes"
HALVING = "new_grid_halving"
RANGED = {int, float}


def label(name: str) -> str:
    """An axis as a person reads it."""
    if name == "model.hidden":
        return "Hidden layers (widths, depth)"
    return axis_label(name)


def key(name: str) -> str:
    """Session key of an axis's values."""
    return f"new_grid_{name.replace('.', '_')}"


def fill(axes: Mapping[str, Sequence[Any]]) -> None:
    """Puts axes into the form; call it before the form is drawn, or in a callback."""
    st.session_state[AXES] = list(axes)
    for name, values in axes.items():
        st.session_state[key(name)] = [
            value if isinstance(value, str) else axis_text(name, value) for value in values
        ]


def texts() -> dict[str, list[str]]:
    """The axes in the form with their values as they stand there."""
    return {name: list(st.session_state.get(key(name)) or []) for name in st.session_state[AXES]}


def checked(base: Config, found: Any) -> dict[str, list[str]]:
    """Axes that `texts` gave, from outside; ValueError in one sentence where they are none."""
    if not isinstance(found, dict) or not all(isinstance(values, list) for values in found.values()):
        raise ValueError("its axes must be lists of values")
    kept = {name: [str(value) for value in values] for name, values in found.items()}
    Grid(base, {name: parse_axis(f"{name}={','.join(values)}")[1] for name, values in kept.items()})
    return kept


def draw() -> None:
    """The choice of axes, and a line of values for each."""
    if AXES not in st.session_state:
        fill(START)
    chosen = st.multiselect(
        "What differs between the models",
        list(dict.fromkeys([*SUGGESTED, *st.session_state[AXES]])),
        format_func=label,
        key=AXES,
        persist_state="session",
        placeholder="Choose at least one setting",
        wrap=True,
        help="Every combination of the values below becomes a model.",
    )
    for name in chosen:
        _values(name)


def draw_halving() -> None:
    """Whether models that are clearly beaten stop early."""
    st.checkbox(
        "Stop models that are clearly beaten",
        key=HALVING,
        persist_state="session",
        help="Successive halving: after a quarter and after half of the epochs, models with the same code "
        "and losses are compared by their validation error, the seeds of one setting by their mean, and the "
        "worse half is trained no further. Worth it where they differ in layers or learning rate; models "
        "with different codes or penalties are never compared. Choose marks those that were stopped, and "
        "proposes none of them.",
    )


def _choice_name(value: str) -> str:
    return PENALTIES[value].name if value in PENALTIES else show(value)


def _values(name: str) -> None:
    kind = field_paths().get(name)
    if name == PENALTY or get_origin(kind) is Literal:
        st.pills(
            label(name),
            SUGGESTED[PENALTY] if name == PENALTY else get_args(kind),
            selection_mode="multi",
            format_func=_choice_name,
            key=key(name),
            persist_state="session",
            wrap=True,
        )
        return
    if key(name) not in st.session_state:
        st.session_state[key(name)] = list(SUGGESTED.get(name, ())[:3])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            label(name),
            list(dict.fromkeys([*SUGGESTED.get(name, ()), *st.session_state[key(name)]])),
            key=key(name),
            persist_state="session",
            accept_new_options=True,
            wrap=True,
            placeholder="128-64, 256-128" if "hidden" in name or "channels" in name else "Type a number",
            help="Choose, or type a value and press Enter."
            + (" Layers are written 128-64, input to code." if "hidden" in name else ""),
            width="stretch",
        )
        if name == STRENGTH or kind in RANGED:
            with st.popover("Range", key=f"{key(name)}_popover"):
                _range(name, int if kind is int else float)


def _range(name: str, kind: type) -> None:
    """First, last and number of values, with equal steps or equal factors between them."""
    place = key(name)
    first = st.number_input(
        "From", value=2 if kind is int else 1e-4, key=f"{place}_from", format=_format(kind)
    )
    last = st.number_input("To", value=32 if kind is int else 1e-2, key=f"{place}_to", format=_format(kind))
    count = st.number_input("Number of values", 2, 100, 5, key=f"{place}_count")
    by = st.segmented_control(
        "Between them", ["equal factors", "equal steps"], default="equal factors", key=f"{place}_by"
    )
    st.button("Use them", key=f"{place}_use", on_click=_use, args=(name, kind, first, last, count, by))


def _use(name: str, kind: type, first: float, last: float, count: int, by: str | None) -> None:
    try:
        st.session_state[key(name)] = spread(kind, first, last, int(count), by == "equal factors")
    except ValueError as error:
        st.toast(plain(error), icon=":material/block:")


def spread(kind: type, first: float, last: float, count: int, factors: bool) -> list[str]:
    """`count` values from first to last as text; whole numbers are rounded, and each is named once."""
    if factors and not (first > 0 and last > 0):
        raise ValueError("equal factors need a range above 0; use equal steps")
    values = np.geomspace(first, last, count) if factors else np.linspace(first, last, count)
    texts = [str(round(value)) if kind is int else f"{float(f'{value:.2g}'):g}" for value in values]
    return list(dict.fromkeys(texts))


def _format(kind: type) -> str:
    return "%d" if kind is int else "%g"


def read(base: Config) -> Grid:
    """The grid in the form; ValueError in one sentence, in the form's own words."""
    try:
        axes = {}
        for name in st.session_state[AXES]:
            values = st.session_state.get(key(name)) or []
            if not values:
                raise ValueError(f"{label(name)} has no values yet")
            for value in values:
                if "," in value:
                    raise ValueError(f"one value at a time for {label(name)}, not {value!r}")
            axes[name] = parse_axis(f"{name}={','.join(values)}")[1]
        if not axes:
            raise ValueError("choose at least one setting that differs between the models")
        return Grid(base, axes, halving=bool(st.session_state.get(HALVING)))
    except ValueError as error:
        raise ValueError(settings_form.in_words(str(error))) from error
