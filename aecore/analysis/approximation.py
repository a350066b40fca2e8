"""A function of one variable rebuilt by a network with one hidden layer of ReLU units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

POINTS = 601
"""Places in [0, 1] at which functions are fitted and compared."""

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "waves": lambda x: np.sin(2 * np.pi * (0.5 + 2.5 * x) * x),
    "hill": lambda x: np.exp(-60 * (x - 0.45) ** 2),
    "step": lambda x: (x >= 0.5).astype(float),
    "kinks": lambda x: 2 * np.abs(2 * np.abs(2 * x - 1) - 1) - 1,
}
"""Functions on [0, 1] by name."""


@dataclass(frozen=True)
class Fit:
    """What a width of the hidden layer makes of a function."""

    x: np.ndarray
    target: np.ndarray
    output: np.ndarray
    """The network's, at x."""
    kinks: np.ndarray
    """Where the hidden units begin to be active."""

    @property
    def error(self) -> float:
        """Root of the mean squared difference over x."""
        return float(np.sqrt(np.mean((self.output - self.target) ** 2)))


def fit(name: str, width: int) -> Fit:
    """The network d + sum_k c_k max(x - t_k, 0) with `width` units nearest to a function, in squared error.

    The units' kinks t_k are fixed, evenly spaced from 0; the output layer (c, d) is found by least squares,
    so that nothing here depends on a training. It is piecewise linear with at most `width` pieces. Raises
    ValueError for an unknown function, or a width below 1.
    """
    if name not in FUNCTIONS:
        raise ValueError(f"a function is one of {', '.join(FUNCTIONS)}, not {name!r}")
    if width < 1:
        raise ValueError(f"the hidden layer needs at least 1 unit, not {width}")
    x = np.linspace(0, 1, POINTS)
    target = FUNCTIONS[name](x)
    kinks = np.arange(width) / width
    hidden = np.maximum(x[:, None] - kinks, 0)
    layer = np.column_stack([np.ones_like(x), hidden])
    weights = np.linalg.lstsq(layer, target, rcond=None)[0]
    return Fit(x, target, layer @ weights, kinks)
