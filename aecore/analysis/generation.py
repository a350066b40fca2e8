"""How like the data generated images are, in the features of a small classifier; the scores need no download.

Features are N x D (`analysis.classifier`). Images are scored against training images, so that test images,
scored in the same way, show what can be had, and the mean image what doing nothing gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from aecore.analysis.neighbors import Neighbors, as_points
from aecore.analysis.pixels import mean_image
from aecore.data import ImageData, in_parts
from aecore.kept import digest

SCORED = 2000
"""Images of a draw that are scored, and training images beside which density and coverage are taken."""
NEAREST = 5
"""k of density and coverage, as in Naeem et al. 2020."""


@dataclass(frozen=True)
class Moments:
    """Mean (D) and covariance (D x D) of features, float64."""

    mean: np.ndarray
    covariance: np.ndarray


def moments(features: Tensor | np.ndarray) -> Moments:
    """Of N x D features; ValueError for fewer than two."""
    points = as_points(features, "features").astype(np.float64)
    if len(points) < 2:
        raise ValueError("moments need the features of at least 2 images")
    return Moments(points.mean(0), np.atleast_2d(np.cov(points, rowvar=False)))


def frechet_distance(a: Moments, b: Moments) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2)): the squared Fréchet distance of two Gaussians.

    Dowson & Landau 1982; Heusel et al. 2017 call it by that name without the square, as is usual since. The
    trace of (A B)^(1/2) is that of (A^(1/2) B A^(1/2))^(1/2), whose eigenvalues are real.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ b.covariance @ root).clip(min=0)).sum()
    distance = np.square(a.mean - b.mean).sum() + np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared
    return max(float(distance), 0.0)


class Balls:
    """Around each of N real points a ball up to its k-th nearest other real point (Naeem et al. 2020)."""

    def __init__(self, real: Tensor | np.ndarray, k: int = NEAREST) -> None:
        neighbors = Neighbors(real)
        self.points, self.k = neighbors.points, k
        self.radii = neighbors.among_themselves(k)[0][:, -1]

    def density_and_coverage(self, made: Tensor | np.ndarray) -> tuple[float, float]:
        """Of M points that were made (M x D).

        Density is the number of balls that a made point lies in, over k, mean over made points: about 1 for
        points like the real ones, and not bounded by it. Coverage is the share of balls that hold a made
        point: for as many points of the same distribution about 1 - 2^-k.
        """
        made = torch.from_numpy(as_points(made, "made points"))
        real, radii = torch.from_numpy(self.points), torch.from_numpy(self.radii)
        inside, covered = 0, torch.zeros(len(real), dtype=torch.bool)
        for part in made.split(1024):
            # Differences and not products of large numbers: a point lies on itself, to the bit.
            within = torch.cdist(part, real, compute_mode="donot_use_mm_for_euclid_dist") <= radii
            inside += int(within.sum())
            covered |= within.any(0)
        return inside / (self.k * len(made)), float(covered.float().mean())


@dataclass(frozen=True)
class Score:
    """What images come to beside training images."""

    frechet: float
    """Fréchet distance in a small classifier's features; lower is better, 0 for the same moments."""
    density: float
    coverage: float


@dataclass(frozen=True)
class Measured:
    """What is measured once for a data set, in plain values."""

    moments: Moments
    """Of the training images that `data.known` names."""
    real: np.ndarray
    """float32, N x D: features of the training images beside which density and coverage are taken."""
    floor: Score
    """Of test images, as many as are scored of a draw: what new real images come to."""
    ceiling: Score
    """Of the mean training image, again and again."""
    count: int
    """Images of a draw that are scored."""


class Reference:
    """The training images' side of every score, with what real images and one dull image come to."""

    def __init__(self, measured: Measured, features: Callable[[Tensor], Tensor]) -> None:
        """`features` makes of images N x C x H x W, float in [0, 1] or uint8, features N x D."""
        self.moments, self.balls = measured.moments, Balls(measured.real)
        self.floor, self.ceiling, self.count = measured.floor, measured.ceiling, measured.count
        self.features = features

    def score(self, images: Tensor) -> Score:
        """Of images N x C x H x W in [0, 1], clipped there."""
        return _score(self.features(images), self.moments, self.balls)

    @cached_property
    def digest(self) -> str:
        """Tells references apart: scores that were taken against one of the same digest are the same."""
        return digest(self.moments.mean, self.moments.covariance, self.balls.points)


def reference(data: ImageData, features: Callable[[Tensor], Tensor]) -> Reference:
    """Measures a data set by features and makes a reference of it; raises what `measure` does."""
    return Reference(measure(data, features), features)


def measure(data: ImageData, features: Callable[[Tensor], Tensor]) -> Measured:
    """What scores of a data set's images are taken against; ValueError where it has too few images."""
    count = min(SCORED, len(data.train_images), len(data.test_images))
    if count <= NEAREST:
        raise ValueError(f"scores need more than {NEAREST} training and test images")
    known = torch.cat([features(part) for part in in_parts(data.train_images, data.known)])
    chosen = np.random.default_rng(0).choice(len(known), count, replace=False)
    balls = Balls(known[torch.from_numpy(np.sort(chosen))])
    of_training = moments(known)
    tests = np.random.default_rng(0).choice(len(data.test_images), count, replace=False)
    real = features(data.test_images[torch.from_numpy(np.sort(tests))])
    dull = features(mean_image(data.train_images)[None]).expand(count, -1)
    floor, ceiling = (_score(part, of_training, balls) for part in (real, dull))
    return Measured(of_training, balls.points, floor, ceiling, count)


def _score(features: Tensor, of_training: Moments, balls: Balls) -> Score:
    return Score(frechet_distance(moments(features), of_training), *balls.density_and_coverage(features))


@dataclass(frozen=True)
class Spread:
    """A figure over several draws: its mean, and its smallest and largest value."""

    mean: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    return Spread(sum(values) / len(values), min(values), max(values))


def frechet_by_sampler(scores: Mapping[str, list[Score]]) -> dict[str, Spread]:
    """The distances of each sampler's draws."""
    return {name: spread([score.frechet for score in draws]) for name, draws in scores.items()}


def nearer(a: Spread, b: Spread) -> bool:
    """Whether every draw of `a` has the smaller figure than every draw of `b`."""
    return a.high < b.low
