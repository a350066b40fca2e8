"""What a trained auto-encoder can be used for, each beside what a simpler method makes of it.

Images are float N x C x H x W in [0, 1]; codes N x latent_size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from aecore.analysis.denoising import corrupted, psnr
from aecore.analysis.neighbors import Neighbors, as_points
from aecore.config import TrainConfig


@dataclass(frozen=True)
class Denoised:
    """PSNR to the clean images, in decibels."""

    noisy: float
    """Of the noisy images themselves: what doing nothing leaves."""
    network: float
    """Of their reconstructions by the network."""
    pca: float
    """Of their reconstructions by PCA."""
    clean: float
    """Of the network's reconstructions of the clean images: its limit here."""


def with_gaussian_noise(x: Tensor, std: float) -> Tensor:
    """x with Gaussian noise of that standard deviation, at most 1; not clipped, and the same at each call."""
    return corrupted(x, TrainConfig(corruption="gaussian", corruption_level=std))


def denoise(
    x: Tensor, std: float, network: Callable[[Tensor], Tensor], pca: Callable[[Tensor], Tensor]
) -> Denoised:
    """What two ways of reconstructing make of noisy images; each maps images to images."""
    noisy = with_gaussian_noise(x, std)
    return Denoised(*(psnr(x, other) for other in (noisy, network(noisy), pca(noisy), network(x))))


def accuracy_by_labels(
    train: np.ndarray | Tensor,
    train_labels: np.ndarray | Tensor,
    test: np.ndarray | Tensor,
    test_labels: np.ndarray | Tensor,
    counts: Sequence[int],
    draws: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Share of test points whose nearest labelled training point has their class: draws x len(counts).

    Of the training points `counts` are labelled, drawn at random, `draws` times; a draw of the same number is
    the same whatever the points are, so that two kinds of features see the same images labelled. Points are
    N x D or images. Raises ValueError for a count above the number of training points.
    """
    points, queries = as_points(train, "training points"), as_points(test, "test points")
    labels, wanted = np.asarray(train_labels), np.asarray(test_labels)
    if max(counts) > len(points):
        raise ValueError(f"there are {len(points)} training points to label, not {max(counts)}")
    found = np.empty((draws, len(counts)))
    for draw in range(draws):
        order = np.random.default_rng([seed, draw]).permutation(len(points))
        for i, count in enumerate(counts):
            chosen = order[:count]
            nearest = Neighbors(points[chosen]).query(queries, 1)[1][:, 0]
            found[draw, i] = (labels[chosen][nearest] == wanted).mean()
    return found
