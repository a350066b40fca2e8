"""Small grids on the bundled digits, each for one question: what does this one setting do?

They are shipped like any grid, so that a picture of them is there at once and the Choose page moves through
their models. Each trains in seconds, on images that are always there, so a page can offer to train them where
they are not shipped.
"""

from __future__ import annotations

from typing import NamedTuple

from aecore.grid import Grid
from aecore.presets import PRESETS


class Experiment(NamedTuple):
    """A grid that answers one question."""

    folder: str
    """Kept as it is: links name it."""
    name: str
    grid: Grid


SEEDS = (0, 1, 2)

BASE = PRESETS["post"].with_values({"data.name": "digits", "train.epochs": 40, "train.batch_size": 64})
"""The post's network and recipe on digits."""

WIDTH = 32
"""Of every layer where depth is the question, so that depth alone differs."""


def layers(count: int) -> tuple[int, ...]:
    """`count` hidden layers a side, all of one width."""
    return (WIDTH,) * count


DEPTH = Experiment(
    "grid-digits-depth",
    "How many layers? Depth and activation on digits",
    Grid(
        BASE,
        {
            "model.activation": ("relu", "sigmoid"),
            "model.hidden": tuple(layers(n) for n in (1, 2, 4, 8)),
            "train.seed": SEEDS,
        },
    ),
)

INITIAL_WEIGHTS = Experiment(
    "grid-digits-initial-weights",
    "Initial weights: eight hidden layers a side on digits",
    Grid(
        BASE.with_values({"model.hidden": layers(8)}),
        {
            "model.init": ("default", "xavier", "he", "orthogonal", "normal", "zeros"),
            "train.seed": SEEDS,
        },
    ),
)

OPTIMIZER = Experiment(
    "grid-digits-optimizer",
    "Adam or SGD? Learning rates on digits",
    Grid(
        BASE,
        {"train.optimizer": ("adam", "sgd"), "train.learning_rate": (1e-4, 1e-3, 1e-2, 1e-1, 1.0)},
    ),
)

LOSS = Experiment(
    "grid-digits-loss",
    "Which loss? Squared, absolute, cross-entropy on digits",
    Grid(
        BASE.with_values({"data.normalization": "zero_one", "model.output_activation": "sigmoid"}),
        {"loss.reconstruction": ("mse", "mae", "bce"), "train.seed": SEEDS},
    ),
)

NORMALIZATION = Experiment(
    "grid-digits-normalization",
    "Which range of pixels? A linear output on digits",
    Grid(
        BASE.with_values({"model.output_activation": "linear"}),
        {"data.normalization": ("zero_one", "minus_one_one", "standardized"), "train.seed": SEEDS},
    ),
)

ALL = (DEPTH, INITIAL_WEIGHTS, OPTIMIZER, LOSS, NORMALIZATION)
