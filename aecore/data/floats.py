"""Rows of numbers that are no images, such as a table's, as a training takes them: as floats."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from aecore.config import TrainConfig
from aecore.data.images import ImageData, split_indices

ON_FLOATS = ("none", "gaussian", "masking")
"""Corruptions that make sense where 0 is the mean and 1 a standard deviation; the others speak of pixels."""


@dataclass(frozen=True, eq=False)
class FloatData:
    """Standardized floats to train on, in the place of an `ImageData`; all of them, none are held out.

    An image's uint8 would round a table's numbers to 256 levels and cut off what is beyond them. Whoever
    makes these has brought their means to 0 and their spreads to 1, and keeps what undoes it: a network is
    given them as they are. Raises ValueError for other types or shapes, and for what is no finite number.
    """

    rows: torch.Tensor
    """float32 or float64, N x C x H x W; a table of F columns is N x 1 x 1 x F."""

    def __post_init__(self) -> None:
        if not self.rows.is_floating_point() or self.rows.ndim != 4 or not self.rows.numel():
            raise ValueError(
                f"rows of numbers must be floats N x C x H x W, not {self.rows.dtype} "
                f"{tuple(self.rows.shape)}"
            )
        if not bool(self.rows.isfinite().all()):
            raise ValueError("rows of numbers must be finite")

    @property
    def name(self) -> str:
        """What a config calls them: it tells other rows by their content."""
        return f"rows-{zlib.crc32(np.ascontiguousarray(self.rows.numpy()).data):08x}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one row."""
        _, channels, height, width = self.rows.shape
        return channels, height, width

    @property
    def train_images(self) -> torch.Tensor:
        return self.rows

    @property
    def test_images(self) -> torch.Tensor:
        """What the layers are watched on: there are no others."""
        return self.rows

    def split(self, fraction: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(train_index, validation_index), as `ImageData.split` gives them."""
        return split_indices(len(self.rows), fraction, seed)

    def check(self, config: TrainConfig) -> None:
        """ValueError where a training would do to rows of numbers what is meant for images."""
        if config.shift or config.binarize or config.corruption not in ON_FLOATS:
            raise ValueError(
                "train.shift and train.binarize are for images, and rows of numbers can have "
                f"train.corruption {', '.join(ON_FLOATS)}"
            )


TrainingData = ImageData | FloatData
"""What can be trained on."""
