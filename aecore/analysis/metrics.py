"""How good a reconstruction is. Images are float N x C x H x W in [0, 1]."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from aecore.analysis import variational
from aecore.analysis.projection import pca_baseline
from aecore.data import ImageData, in_parts, unit_range
from aecore.results import Score
from aecore.store.run import Run


def squared_errors(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Squared error of each image, the sum over its pixels: N values."""
    return (x - reconstruction).square().flatten(1).sum(1)


def errors_on(run: Run, images: Tensor, numbers: Tensor | None = None) -> Tensor:
    """Squared error of each image (uint8, or float in [0, 1]) under the run's model: N values.

    Where `numbers` are given, of the images that they name.
    """
    parts = []
    for part in in_parts(images, numbers, run.batch):
        x = unit_range(part)
        parts.append(squared_errors(x, run.reconstruct(x)))
    return torch.cat(parts)


def errors_on_test_images(run: Run, data: ImageData) -> Tensor:
    """Squared error of each test image under the run's model: N values."""
    return errors_on(run, data.test_images)


def standard_error(values: Tensor) -> float | None:
    """Standard deviation over the square root of the count: how uncertain a mean is. None for one value."""
    if len(values) < 2:
        return None
    return values.double().std().item() / math.sqrt(len(values))


def evaluate(run: Run, data: ImageData) -> Score:
    """How good a run's reconstructions of the test images are, with PCA's error beside it."""
    error = errors_on_test_images(run, data).double().mean().item()
    bound = variational.bound(run, data.test_images).to_dict() if run.config.model.variational else {}
    return Score(error, error / data.pixels, pca_baseline(data).error(run.latent_size), **bound)
