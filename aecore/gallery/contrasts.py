"""Small grids on the bundled digits whose members differ in one thing that decides whether a network learns.

Unlike the experiments they are not shipped: with a single seed they train in seconds, and what they are for,
the record of every layer's gradients, would be many times the size of the models.
"""

from __future__ import annotations

from typing import NamedTuple

from aecore.gallery import experiments
from aecore.gallery.experiments import BASE, layers
from aecore.grid import Grid


class Contrast(NamedTuple):
    """Networks that differ in what the axes of their grid name, and in nothing else."""

    key: str
    """Kept as it is: links name it."""
    title: str
    question: str
    """What to look at."""
    grid: Grid

    @property
    def name(self) -> str:
        """Of the trained grid."""
        return f"Contrast: {self.title[0].lower()}{self.title[1:]}"


ALL = (
    Contrast(
        "activation",
        "Sigmoid against ReLU, shallow and deep",
        "How much of the gradient is left where it reaches the first layer, and does depth change that?",
        Grid(
            experiments.DEPTH.grid.base,
            {"model.activation": ("relu", "sigmoid"), "model.hidden": (layers(2), layers(8))},
        ),
    ),
    Contrast(
        "initial-weights",
        "Initial weights at eight layers a side",
        "From which initial weights do all layers get gradients of about the same size?",
        Grid(
            experiments.INITIAL_WEIGHTS.grid.base,
            {"model.init": ("default", "xavier", "he", "orthogonal")},
        ),
    ),
    Contrast(
        "zeros",
        "All weights zero",
        "Which layers get a gradient at all when every weight starts at 0?",
        Grid(BASE, {"model.init": ("default", "zeros")}),
    ),
    Contrast(
        "large-weights",
        "Weights too large",
        "What do large weights do to tanh units, and to what the network then learns?",
        Grid(
            BASE.with_values({"model.activation": "tanh", "model.init": "normal"}),
            {"model.init_std": (0.1, 1.0, 4.0)},
        ),
    ),
    Contrast(
        "learning-rate",
        "Learning rate too low and too high",
        "Does the error fall steadily, hardly, or not at all?",
        Grid(BASE, {"train.learning_rate": (1e-5, 1e-3, 0.3)}),
    ),
    Contrast(
        "normalization",
        "The range of the pixels and that of the output",
        "Which outputs can reach the pixels, and what does the range change where all of them can?",
        Grid(
            experiments.NORMALIZATION.grid.base,
            {"data.normalization": ("zero_one", "minus_one_one", "standardized")},
        ),
    ),
)

BY_KEY = {contrast.key: contrast for contrast in ALL}
