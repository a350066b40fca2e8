"""What a contrast shows, in sentences made from its figures. Pure: no Streamlit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.settings import show

UNEVEN = 1e-3
"""A first layer's gradient below this part of the last one's is called small."""
APART = 10
"""Ratios that differ by less than this factor are not worth a sentence."""


@dataclass(frozen=True)
class Told:
    """What is said of one network."""

    label: str
    error: float | None
    """Squared error on the test images; None where the training failed."""
    learns: bool
    """Whether it ends clearly below the mean image's error."""
    ratio: float | None
    """First layer's gradient norm over the last one's in the first epoch; None where no layer has any
    gradient, not a number where that is not known."""
    alarms: tuple[str, ...]
    """Titles of the health checks that are alarms."""


def member_label(position: Mapping[str, Any]) -> str:
    """A network by what sets it apart: `sigmoid, 8 layers`."""
    parts = []
    for name, value in position.items():
        if name == "model.hidden":
            parts.append(f"{len(value)} layers")
        elif name == "model.init_std":
            parts.append(f"size {value:g}")
        elif name == "train.learning_rate":
            parts.append(f"rate {value:g}")
        else:
            parts.append(show(value))
    return ", ".join(parts)


def outcome(found: Sequence[Told], mean: float) -> str:
    """Who ends lowest and highest, and who no lower than the mean image."""
    learned = sorted((t for t in found if t.learns), key=lambda t: t.error or 0)
    rest = [t for t in found if not t.learns]
    parts = []
    if learned:
        text = f"Lowest squared error: {_with_error(learned[0])}"
        if len(learned) > 1:
            text += f"; highest{' of those below the mean image' if rest else ''}: {_with_error(learned[-1])}"
        parts.append(f"{text}.")
    if rest:
        names = "; ".join(_with_error(t) for t in rest)
        parts.append(f"Not clearly below the mean image, one picture for all ({mean:.2f}): {names}.")
    return " ".join(parts)


def gradients(found: Sequence[Told]) -> str:
    """The first layer's gradients by the last one's, and where that number alone would mislead."""
    known = sorted((t for t in found if (t.ratio or 0) > 0), key=lambda t: t.ratio or 0)
    none = [t.label for t in found if t.ratio is None]
    parts = []
    if known and (none or (known[-1].ratio or 0) > APART * (known[0].ratio or 0)):
        text = (
            f"First layer's gradient norm over the last layer's, in the first epoch: {_with_ratio(known[0])}"
        )
        parts.append(text + (f" up to {_with_ratio(known[-1])}." if len(known) > 1 else "."))
    if none:
        parts.append(f"In the first epoch the median gradient is 0 in every layer: {'; '.join(none)}.")
    if small := [t.label for t in known if (t.ratio or 0) < UNEVEN and t.learns]:
        names = f"{'; '.join(small)} {_come(small)}"
        parts.append(f"A small ratio alone is no verdict: {names} below the mean image.")
    if even := [t.label for t in known if 0.1 < (t.ratio or 0) < 10 and not t.learns]:
        names = f"{'; '.join(even)} {_come(even)}"
        parts.append(f"An even one is no promise: {names} not clearly below the mean image.")
    return " ".join(parts)


def number(ratio: float) -> str:
    """`3.9e-14`, `0.28`, `430`."""
    return f"{ratio:,.0f}" if 10 <= ratio < 1e6 else f"{ratio:.2g}"


def reach(tanh_unused: float, below: float, floor: float, mean: float) -> str:
    """What the two misfits cost: a tanh against [0, 1], a sigmoid against [-1, 1]."""
    beside = "more" if floor > mean else "less"
    return (
        f"A tanh against [0, 1] comes as near to every pixel as needed, but {tanh_unused:.0%} of its range "
        f"is never used. A sigmoid against [-1, 1] can't reach {below:.0%} of the pixels: even a perfect "
        f"network would leave a squared error of {floor:.2f}, {beside} than the mean image's {mean:.2f}. "
        "A tanh is taken with [-1, 1] and a sigmoid with [0, 1] only, so the networks below have a linear "
        "output."
    )


def ratio(norms: np.ndarray) -> float | None:
    """The first of the layers' gradient norms over the last, as `Told` has it."""
    if not norms.any():
        return None
    return float(norms[0] / norms[-1]) if norms[-1] and np.isfinite(norms).all() else math.nan


def _with_error(told: Told) -> str:
    return f"{told.label} ({'not finite' if told.error is None else f'{told.error:.2f}'})"


def _come(names: Sequence[str]) -> str:
    return "comes" if len(names) == 1 else "come"


def _with_ratio(told: Told) -> str:
    return f"{number(told.ratio or 0)} ({told.label})"
