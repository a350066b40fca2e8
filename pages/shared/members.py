"""What a grid's axes and members are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aecore.config import PENALTIES
from aecore.grid import PENALTY, STRENGTH, Grid, axis_text, axis_title
from pages.shared.settings_table import label


def axis_label(name: str) -> str:
    """An axis as a person reads it: the form's label of the field."""
    return label(name) if "." in name else name.capitalize()


def member_name(grid: Grid, k: int) -> str:
    """A member by its place on the axes: `12 units, L1 0.001, seed 1`."""
    return position_name(grid.position_of(k))


def position_name(position: Mapping[str, Any]) -> str:
    parts = []
    for name, value in position.items():
        if name == "model.latent_size":
            parts.append(f"{value} unit{'s' * (value != 1)}")
        elif name == PENALTY:
            words = PENALTIES[value].name if value in PENALTIES else "no penalty"
            strength = position.get(STRENGTH)
            parts.append(words if value == "none" or strength is None else f"{words} {strength:g}")
        elif name == STRENGTH and PENALTY in position:
            continue
        elif name.removeprefix("loss.") in PENALTIES:
            parts.append(f"{PENALTIES[name[5:]].name} {value:g}" if value else "")
        else:
            parts.append(f"{axis_title(name)} {axis_text(name, value)}")
    return ", ".join(part for part in parts if part) or "the base settings"
