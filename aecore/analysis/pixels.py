"""What a data set's pixels are like, and whether the range of a network's output holds them.

All of it follows from how often each of the 256 grey levels occurs in each channel
(`data.level_counts`, C x 256): a normalization moves the levels and changes no count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore.config import OUTPUT_RANGES, OutputActivation
from aecore.data import Scaling, in_parts, unit_range

LEVELS = 256


@dataclass(frozen=True)
class Fit:
    """How the range of an output activation holds normalized pixels."""

    output: OutputActivation
    low: float
    """Least normalized value of a pixel."""
    high: float
    """Largest normalized value of a pixel."""
    below: float
    """Share of pixels below the output's range."""
    above: float
    """Share of pixels above it."""
    at_ends: float
    """Share of pixels exactly at an end of it, which the output comes near and does not reach."""
    unused: float
    """Share of the output's range that lies below or above every pixel; 0 where it has no ends."""
    least_error: float
    """Squared error per image, in [0, 1], that is left when every pixel gets the nearest value in range."""

    @property
    def range(self) -> tuple[float, float]:
        """Values between which the output stays."""
        return OUTPUT_RANGES[self.output]


def fit(counts: Tensor, scaling: Scaling, output: OutputActivation, pixels: int) -> Fit:
    """Measures it, from the counts of the grey levels (C x 256) of images of `pixels` values each."""
    weights = counts.double() / counts.sum()
    values = normalized_levels(scaling)
    seen = values[counts > 0]
    low, high = seen.min().item(), seen.max().item()
    start, end = OUTPUT_RANGES[output]

    def share(where: Tensor) -> float:
        return weights[where].sum().item()

    missed = (values - values.clamp(start, end)).square() * torch.tensor(scaling.factor, dtype=torch.float64)[
        :, None
    ]
    used = max(min(end, high) - max(start, low), 0.0)
    return Fit(
        output=output,
        low=low,
        high=high,
        below=share(values < start),
        above=share(values > end),
        at_ends=share((values == start) | (values == end)),
        unused=1 - used / (end - start) if np.isfinite(end - start) else 0.0,
        least_error=pixels * (missed * weights).sum().item(),
    )


def normalized_levels(scaling: Scaling) -> Tensor:
    """The value of each grey level in each channel after normalization: float64, C x 256."""
    channels = len(scaling.mean)
    levels = torch.arange(LEVELS, dtype=torch.uint8).view(LEVELS, 1, 1, 1).expand(-1, channels, -1, -1)
    return scaling.normalize(levels, torch.float64).view(LEVELS, channels).T


def histogram(counts: Tensor, scaling: Scaling, bins: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Edges (bins + 1 values) and the share of all pixels in each bin, after normalization.

    The bins are equal and reach from half a level below black to half a level above white, over all
    channels; a level counts as spread evenly over its own width, so that no bin is favoured where
    channels are scaled differently. With one channel and 32 bins each holds exactly eight levels.
    """
    borders = (torch.arange(LEVELS + 1, dtype=torch.float64) - 0.5) / (LEVELS - 1)
    columns = borders.view(-1, 1, 1, 1).expand(-1, len(scaling.mean), -1, -1)
    ends = scaling.normalize(columns).view(LEVELS + 1, -1).T.numpy()
    edges = np.linspace(ends.min(), ends.max(), bins + 1)
    total = np.zeros(bins)
    for own, count in zip(ends, counts.double().numpy(), strict=True):
        total += np.diff(np.interp(edges, own, np.concatenate([[0.0], np.cumsum(count)])))
    return edges, total / counts.sum().item()


def class_means(images: Tensor, labels: Tensor, classes: int) -> np.ndarray:
    """Mean image of each class in [0, 1]: float32, classes x C x H x W; black where a class has no image.

    `images` are uint8 N x C x H x W and `labels` N whole numbers below `classes`.
    """
    sums = torch.zeros(classes, images[0].numel(), dtype=torch.float64)
    first = 0
    for part in in_parts(images):
        sums.index_add_(0, labels[first : first + len(part)], part.flatten(1).double())
        first += len(part)
    counts = class_counts(labels, classes).clamp(min=1)
    return (sums / counts[:, None] / 255).float().view(classes, *images.shape[1:]).numpy()


def mean_image(images: Tensor) -> Tensor:
    """The mean of uint8 images N x C x H x W: float32 C x H x W in [0, 1]."""
    total = torch.zeros(images.shape[1:], dtype=torch.float64)
    for part in in_parts(images):
        total += unit_range(part).sum(0, dtype=torch.float64)
    return (total / len(images)).float()


def class_counts(labels: Tensor, classes: int) -> Tensor:
    """Number of images of each class, int64."""
    return torch.bincount(labels, minlength=classes)
