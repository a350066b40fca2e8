"""How well a network takes noise away, beside what is had without it. Images are float in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.metrics import squared_errors, standard_error
from aecore.analysis.quality import ssim
from aecore.batch import Noise
from aecore.config import TrainConfig
from aecore.corruption import EVALUATION, corrupt
from aecore.corruption import field as field_of
from aecore.data import ImageData, unit_range
from aecore.results import Score
from aecore.store.run import Run


def corrupted(images: Tensor, config: TrainConfig, first: int = 0) -> Tensor:
    """Images N x C x H x W, uint8 or in [0, 1], corrupted as `config` says; float, may leave [0, 1].

    The same at each call, for all runs: the noise depends on the images' numbers, which count from `first`.
    """
    numbers = torch.arange(first, first + len(images))
    return corrupt(unit_range(images), config, Noise(0, EVALUATION, numbers))


def noise_of_first(corruption: str, shape: tuple[int, int, int]) -> Tensor:
    """The random numbers by which `corrupted` treats the first of its images, whatever the level.

    float32, C x H x W or 1 x H x W, see `corruption.field`.
    """
    return field_of(corruption, shape, Noise(0, EVALUATION, torch.zeros(1, dtype=torch.int64)))[0]


def evaluate(run: Run, data: ImageData) -> Score | None:
    """How good the reconstructions of corrupted test images are; None for a run that saw no corruption."""
    if run.config.train.corruption == "none":
        return None
    total, images = 0.0, data.test_images
    for start in range(0, len(images), run.batch):
        clean = unit_range(images[start : start + run.batch])
        seen = corrupted(clean, run.config.train, first=start)
        total += squared_errors(clean, run.reconstruct(seen)).double().sum().item()
    error = total / len(images)
    return Score(error, error / data.pixels)


@dataclass(frozen=True)
class Filter:
    """A classical filter with its strength, chosen on images other than those it is scored on."""

    name: str
    """`median of 3 × 3`, or `non-local means, h 0.2`."""
    apply: Callable[[np.ndarray], np.ndarray] = field(repr=False)
    """Images N x C x H x W in [0, 1] as float32, filtered."""


@dataclass(frozen=True)
class Attempt:
    """What a way of denoising comes to over a set of images."""

    psnr: float
    """10 log10(1 / mean squared error), pixels in [0, 1], in decibels; the mean is over all images."""
    ssim: float
    """Structural similarity, mean over images."""


def score(clean: Tensor, denoised: Tensor) -> Attempt:
    """How near `denoised` comes to the clean images, N x C x H x W in [0, 1]; it is not clipped."""
    return Attempt(psnr(clean, denoised), float(ssim(clean, denoised).mean()))


def psnr(clean: Tensor, denoised: Tensor) -> float:
    """10 log10(1 / mean squared error) in decibels, the mean over all pixels of all images."""
    mse = squared_errors(clean, denoised).double().mean().item() / clean[0].numel()
    return 10 * math.log10(1 / mse) if mse else math.inf


def gain(clean: Tensor, ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """By how many decibels `ours` is nearer to the clean images than `theirs`, and its standard error.

    The error is that of the mean over images of the difference of squared errors, which are paired, carried
    over to decibels by the derivative of the logarithm. NaN for fewer than two images.
    """
    a, b = squared_errors(clean, ours).double(), squared_errors(clean, theirs).double()
    decibels = 10 / math.log(10)
    # d log a - d log b, image by image, around the means.
    spread = standard_error(a / a.mean() - b / b.mean())
    return decibels * math.log(float(b.mean() / a.mean())), math.nan if spread is None else decibels * spread


def curve(
    ways: Mapping[str, Callable[[Tensor], Tensor]],
    clean: Tensor,
    config: TrainConfig,
    levels: Sequence[float],
) -> dict[str, list[float]]:
    """The signal-to-noise ratio in decibels of each way of denoising, by its name, at each level.

    Ways take the images N x C x H x W corrupted as `config` says, at the level, and give them denoised.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for level in levels:
        seen = corrupted(clean, replace(config, corruption_level=level))
        for name, way in ways.items():
            found[name].append(psnr(clean, way(seen)))
    return found


def filters(noise: float) -> list[Filter]:
    """The classical filters to choose from, for noise of that standard deviation, pixels in [0, 1]."""
    found = [Filter("none that helps", lambda images: images)]
    for side in (3, 5, 7):
        footprint = np.ones((side, side))
        found.append(Filter(f"median of {side} × {side}", partial(_median, footprint=footprint)))
    for part in (0.6, 1.0, 1.5, 2.5):
        h = part * max(noise, 0.01)
        found.append(Filter(f"non-local means, h {h:.2g}", partial(_non_local_means, h=h, noise=noise)))
    return found


def choose_filter(clean: Tensor, seen: Tensor) -> Filter:
    """The filter whose result is nearest to the clean images by squared error; `seen` are these corrupted.

    Buades et al. 2005 for non-local means. To be called with validation images, not those it is scored on.
    """
    images = seen.clamp(0, 1).numpy()

    def error(found: Filter) -> float:
        return float(squared_errors(clean, torch.from_numpy(found.apply(images))).mean())

    return min(filters(_noise(clean, seen)), key=error)


def filter_of(name: str, clean: Tensor, seen: Tensor) -> Filter:
    """The filter of that name among those that `choose_filter` chooses from; StopIteration for another."""
    return next(found for found in filters(_noise(clean, seen)) if found.name == name)


def _noise(clean: Tensor, seen: Tensor) -> float:
    return float((seen - clean).std())


def _median(images: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    from skimage.filters import median

    return _by_channel(images, lambda image: median(image, footprint, mode="nearest"))


def _non_local_means(images: np.ndarray, h: float, noise: float) -> np.ndarray:
    from skimage.restoration import denoise_nl_means

    def one(image: np.ndarray) -> np.ndarray:
        return denoise_nl_means(image, patch_size=3, patch_distance=6, h=h, sigma=noise, fast_mode=True)

    return _by_channel(images, one)


def _by_channel(images: np.ndarray, filtered: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    planes = images.reshape(-1, *images.shape[-2:])
    return np.stack([filtered(plane) for plane in planes]).astype(np.float32).reshape(images.shape)
