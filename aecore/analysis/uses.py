"""What a trained auto-encoder can be used for, each beside what a simpler method makes of it.

Images are float N x C x H x W in [0, 1]; codes N x latent_size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from aecore.analysis.denoising import corrupted, psnr
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
