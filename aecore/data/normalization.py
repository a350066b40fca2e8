"""Scaling between the images' own range [0, 1] and the range a network trains in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import torch

from aecore.config import Normalization
from aecore.data.floats import FloatData, TrainingData

# One grey level: keeps constant images from dividing by zero.
SMALLEST_STD = 1 / 255


@dataclass(frozen=True)
class Scaling:
    """x_train = (x - mean) / std per channel, with x in [0, 1]; stored with a run, so that it decodes
    without its data set. Raises ValueError for unequal lengths, a std of 0 or less, or infinities.
    """

    mean: tuple[float, ...]
    """One value per channel."""
    std: tuple[float, ...]
    """One value per channel, above 0."""

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            values = getattr(self, name)
            if (
                isinstance(values, str)
                or not isinstance(values, Sequence)
                or not all(type(v) in (int, float) and math.isfinite(v) for v in values)
            ):
                raise ValueError(f"scaling: {name} must be a list of finite numbers, not {values!r}")
            object.__setattr__(self, name, tuple(float(v) for v in values))
        if len(self.mean) != len(self.std) or not self.mean:
            raise ValueError(
                f"scaling: mean and std need one value per channel, not {len(self.mean)} and {len(self.std)}"
            )
        if min(self.std) <= 0:
            raise ValueError(f"scaling: std must be above 0, not {min(self.std)}")

    @property
    def factor(self) -> tuple[float, ...]:
        """std^2 per channel: squared error in [0, 1] = factor x squared error in the training range."""
        return tuple(s * s for s in self.std)

    def normalize(self, images: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
        """Images ... x C x H x W, uint8 or floating in [0, 1], to the training range, on their device.

        The result is a new tensor of `dtype`: by default float32 for uint8 and the images' own for
        floats. In minus_one_one and zero_one black and white land exactly on the ends of the range.
        """
        whole = images.dtype == torch.uint8
        if dtype is None:
            dtype = torch.float32 if whole else images.dtype
        white = 255 if whole else 1
        # Dividing (not multiplying by a rounded reciprocal) is what makes 255 exactly 1.
        x = images.to(dtype, copy=True)
        x = x.div_(self._column([white * s for s in self.std], x))
        if any(self.mean):
            x = x.sub_(self._column([m / s for m, s in zip(self.mean, self.std, strict=True)], x))
        return x

    def denormalize(self, x: torch.Tensor) -> torch.Tensor:
        """Inverse of `normalize` for ... x C x H x W; not clipped, so errors stay exact."""
        if not any(self.mean) and set(self.std) == {1.0}:
            return x
        return x * self._column(self.std, x) + self._column(self.mean, x)

    def _column(self, values: Sequence[float], like: torch.Tensor) -> float | torch.Tensor:
        """A number where all channels agree (no tensor to send to the device), else C x 1 x 1."""
        if like.ndim < 3 or like.shape[-3] != len(values):
            raise ValueError(
                f"images must be ... x C x H x W with {len(values)} channels, not {tuple(like.shape)}"
            )
        if len(set(values)) == 1:
            return values[0]
        return torch.tensor(values, dtype=like.dtype, device=like.device).view(-1, 1, 1)

    def to_dict(self) -> dict[str, list[float]]:
        """Plain values, ready for JSON."""
        return {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Scaling:
        """Inverse of `to_dict`. Raises ValueError in one sentence."""
        if not isinstance(values, Mapping) or set(values) != {"mean", "std"}:
            raise ValueError(f"scaling must have exactly the fields mean and std, not {values!r}")
        return cls(values["mean"], values["std"])


def scaling(normalization: Normalization, data: TrainingData) -> Scaling:
    """The Scaling that `data.normalization` names, for these images.

    zero_one keeps [0, 1]; minus_one_one gives [-1, 1]; standardized gives every channel of the
    training images mean 0 and standard deviation 1. `FloatData` come standardized and stay as they are.
    """
    channels = data.shape[0]
    if isinstance(data, FloatData):
        if normalization != "standardized":
            raise ValueError(
                "rows of numbers come standardized: data.normalization must be standardized, "
                f"not {normalization}"
            )
        return Scaling((0.0,) * channels, (1.0,) * channels)
    if normalization == "zero_one":
        return Scaling((0.0,) * channels, (1.0,) * channels)
    if normalization == "minus_one_one":
        return Scaling((0.5,) * channels, (0.5,) * channels)
    if normalization == "standardized":
        moments = [_moments(counts) for counts in level_counts(data.train_images)]
        return Scaling(tuple(m for m, _ in moments), tuple(max(s, SMALLEST_STD) for _, s in moments))
    raise ValueError(
        f"normalization must be one of {', '.join(get_args(Normalization))}, not {normalization!r}"
    )


def level_counts(images: torch.Tensor) -> torch.Tensor:
    """How many pixels of uint8 images N x C x H x W have each grey level: int64, C x 256.

    All that is known of the pixels' values without their places: exact and small.
    """
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for part in images.split(4096):  # bincount makes whole numbers of eight bytes of what it counts
        for c in range(len(counts)):
            counts[c] += torch.bincount(part[:, c].reshape(-1), minlength=256)
    return counts


def _moments(counts: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation in [0, 1], from the counts of the 256 grey levels."""
    counts = counts.double()
    levels = torch.arange(256, dtype=torch.float64) / 255
    mean = (counts * levels).sum() / counts.sum()
    variance = (counts * (levels - mean).square()).sum() / counts.sum()
    return mean.item(), variance.sqrt().item()
