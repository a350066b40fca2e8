"""What a training notes of its layers at a step, and what it keeps of every epoch: rows of one size each.

A look at the layers is one row of `look_dtype`, an epoch's pictures are one row of `frame_dtype`; a file of
either is a header and the rows behind it (`aecore.store.rows`), so that a training only ever appends. Imports
no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aecore.config import TrainConfig
from aecore.records import Record

FIRST = 100
"""Steps at the start of a training each of which is looked at."""

PER_EPOCH = 4
"""Looks in a later epoch, the last of them at its last step."""

APART = 50
"""Least steps between two of them: a short epoch has one look."""

EDGES = 2.0 ** np.arange(-40, 25, 2)
"""Edges of a log-histogram's bins, from 9e-13 to 1.7e7, each four times the one before."""

BINS = len(EDGES)
"""Bins of a log-histogram: exact zeros, then the bins between `EDGES`, the outer two of them open; what is
not finite counts in the last."""

SMALLEST = 1e-12
"""Where a chart's logarithmic scale ends: what is smaller, zero too, is drawn there."""

CODES = 256
"""Test images whose codes are kept at every epoch."""

FILTERS = 32
"""Units of the first layer whose weights are kept at every epoch."""


class Quantity(NamedTuple):
    """One number that a look takes of each layer."""

    label: str
    log: bool
    """Whether it spans powers of ten."""
    doc: str


QUANTITIES: dict[str, Quantity] = {
    "gradient_norm": Quantity("gradient norm", True, "Euclidean norm of the loss's gradient by the weights"),
    "weight_norm": Quantity("weight norm", True, "Euclidean norm of the weights before the step"),
    "update_ratio": Quantity("update ratio", True, "norm of the step's change over the weights' norm"),
    "activation_mean": Quantity("mean activation", False, "over images and units of the layer's output"),
    "activation_std": Quantity("spread of activations", True, "their standard deviation"),
    "dead": Quantity("dead units", False, "share of units that are zero on 99 % of the images and more"),
    "saturated": Quantity(
        "saturated values", False, "share of outputs where the slope is under 1 % of the largest"
    ),
}
"""By field of a row. `dead` is not a number (NaN) for a layer whose activation has no flat zero, `saturated`
for one without flat ends."""

HISTOGRAMS = {"gradients": "gradients", "activations": "activations"}
"""Log-histograms of absolute values by field of a row, with their labels."""


@dataclass(frozen=True)
class Layer(Record):
    """A layer with weights, in the order from image to reconstruction."""

    name: str
    """Of its module, `encoder.1`: its weights are `encoder.1.weight`."""
    kind: str
    """linear, conv2d or convtranspose2d."""
    units: int
    """Outputs of a dense layer, channels of a convolution."""
    activation: str
    """What is applied to its outputs."""


@dataclass(frozen=True)
class LookHeader(Record):
    """What the rows of a file of looks are of."""

    layers: tuple[Layer, ...]
    bins: int = BINS

    @property
    def dtype(self) -> np.dtype:
        return look_dtype(len(self.layers))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= len(self.layers) <= 10_000 or self.bins != BINS:
            raise ValueError(f"looks are of 1 to 10,000 layers with {BINS} bins")


@dataclass(frozen=True)
class FrameHeader(Record):
    """What the rows of a file of frames are of."""

    pictures: int
    """Test images whose reconstructions are kept."""
    shape: tuple[int, ...]
    """(C, H, W) of them."""
    codes: int
    """Test images whose codes are kept; the pictures' own are the first of them."""
    latent_size: int
    filters: int
    """Units of the first layer whose weights are kept, evenly spread over it."""
    filter_shape: tuple[int, ...]
    """Of one unit's weights: (C, H, W) of the image for a dense layer, of the kernel for a convolution."""

    @property
    def dtype(self) -> np.dtype:
        return frame_dtype(self)

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = (self.pictures, self.codes, self.latent_size, self.filters, *self.shape, *self.filter_shape)
        if len(self.shape) != 3 or len(self.filter_shape) != 3 or not all(1 <= n <= 16384 for n in sizes):
            raise ValueError("a frame's sizes are whole numbers from 1 to 16384")


def look_dtype(layers: int) -> np.dtype:
    """A row of a look: `epoch` and `step` of the epoch (both from 1), `total` steps, then the quantities."""
    return np.dtype(
        [
            ("epoch", "<i4"),
            ("step", "<i4"),
            ("total", "<i8"),
            *((name, "<f4", (layers,)) for name in QUANTITIES),
            # Shares of the values, which add up to 1.
            *((name, "<f2", (layers, BINS)) for name in HISTOGRAMS),
        ]
    )


def frame_dtype(header: FrameHeader) -> np.dtype:
    """A row of a frame: the weights of a filter are `filters` x `filter_scale` / 127."""
    return np.dtype(
        [
            ("epoch", "<i4"),
            ("step", "<i4"),
            ("reconstructions", "u1", (header.pictures, *header.shape)),
            ("codes", "<f2", (header.codes, header.latent_size)),
            ("filters", "i1", (header.filters, *header.filter_shape)),
            ("filter_scale", "<f4", (header.filters,)),
        ]
    )


@dataclass(frozen=True)
class LayerHistory:
    """All looks at a run's layers, in order."""

    layers: tuple[Layer, ...]
    rows: np.ndarray
    """`look_dtype`, one row a look."""

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, quantity: str) -> np.ndarray:
        """looks x layers, float64; a log-histogram is looks x layers x `BINS`."""
        return self.rows[quantity].astype(np.float64)

    def in_epoch(self, epoch: int) -> np.ndarray:
        """Indices of the looks in an epoch, from 1."""
        return np.flatnonzero(self.rows["epoch"] == epoch)

    def profile(self, quantity: str, epoch: int) -> np.ndarray:
        """One value a layer: the median over the epoch's looks. ValueError for an epoch without one."""
        looks = self.in_epoch(epoch)
        if not len(looks):
            raise ValueError(f"epoch {epoch} has no look at the layers")
        return np.median(self.values(quantity)[looks], axis=0)

    @property
    def epochs(self) -> list[int]:
        """Epochs that have a look."""
        return np.unique(self.rows["epoch"]).tolist()


@dataclass(frozen=True)
class Frames:
    """A run's pictures at every epoch, from 0, its initial weights."""

    header: FrameHeader
    rows: np.ndarray
    """`frame_dtype`, one row an epoch."""

    @property
    def epochs(self) -> np.ndarray:
        return self.rows["epoch"]

    def filters(self, i: int) -> np.ndarray:
        """Weights of the first layer in row i, float32, filters x *filter_shape."""
        row = self.rows[i]
        scale = row["filter_scale"].reshape(-1, 1, 1, 1)
        return (row["filters"].astype(np.float32) * (scale / 127)).astype(np.float32)


def is_looked_at(epoch: int, step: int, steps: int) -> bool:
    """Whether a step (from 0, of `steps` in the epoch, which is from 0 too) is looked at."""
    every = max(APART, -(-steps // PER_EPOCH))
    return epoch * steps + step < FIRST or step == steps - 1 or (step + 1) % every == 0


def look_count(epochs: int, steps: int) -> int:
    """Looks of a whole training."""
    later = sum(is_looked_at(FIRST, step, steps) for step in range(steps))
    early = range(min(epochs, -(-FIRST // steps)))
    first = sum(is_looked_at(epoch, step, steps) for epoch in early for step in range(steps))
    return first + (epochs - len(early)) * later


def is_kept(train: TrainConfig, epoch: int) -> bool:
    """Whether the weights after an epoch (from 1) are kept beside the last ones."""
    if train.keep_weights == "powers_of_two":
        return epoch & (epoch - 1) == 0
    return train.keep_weights == "all"


def filter_index(units: int) -> Sequence[int]:
    """Which units of a first layer are kept: at most `FILTERS`, evenly spread."""
    count = min(units, FILTERS)
    return [i * units // count for i in range(count)]
