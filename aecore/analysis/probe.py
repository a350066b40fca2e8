"""The test images on which all members of a grid are shown, with PCA's reconstructions beside them."""

from __future__ import annotations

import numpy as np
import torch

from aecore.analysis.projection import pca_baseline
from aecore.data import ImageData
from aecore.grid import Grid
from aecore.store import Probe


def probe_index(data: ImageData, n: int = 10) -> torch.Tensor:
    """Indices of the test images that every member's pictures show: the first of each class, n in all."""
    first = [int((data.test_labels == label).nonzero()[0]) for label in data.test_labels.unique()[:n]]
    rest = [i for i in range(min(len(data.test_labels), 2 * n)) if i not in first]
    return torch.tensor((first + rest)[:n])


def make_probe(grid: Grid, data: ImageData) -> Probe:
    """The probe images of a grid's data set, with PCA at every latent size of its members."""

    def to_bytes(images: torch.Tensor) -> np.ndarray:
        return (images.clamp(0, 1) * 255).round().to(torch.uint8).numpy()

    index = probe_index(data)
    images = data.test_images[index]
    baseline = pca_baseline(data)
    sizes = sorted({config.model.latent_size for config in grid.members})
    return Probe(
        images.numpy(),
        data.test_labels[index].numpy(),
        {n: to_bytes(baseline.reconstruct(images.float() / 255, n)) for n in sizes},
    )
