"""Principal components of images or codes: what a linear code of the same size would do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from aecore.analysis.neighbors import as_points
from aecore.cache import cache_root
from aecore.data import ImageData, in_parts, unit_range
from aecore.files import write_whole

Array = np.ndarray | torch.Tensor

AT_ONCE = 100_000_000
"""Values in double precision that are held at once: 800 MB."""
WIDEST = 4096
"""Values of an image up to which all components are found; their covariance takes 128 MB."""
MOST = 512
"""Components of wider images."""


@dataclass(frozen=True)
class PCA:
    """Principal components, those of largest variance first. Methods answer in the kind of array given."""

    mean: np.ndarray
    """float32, D: the mean of the points it was fitted to."""
    components: np.ndarray
    """float32, K x D: orthonormal rows; in each, the value of largest magnitude is positive."""
    explained_variance_ratio: np.ndarray
    """float32, K: share of the variance along each component."""

    def __len__(self) -> int:
        return len(self.components)

    def transform(self, x: Array, n: int | None = None) -> Array:
        """Scores on the first n components (all by default): N x D, or N x C x H x W, to float32 N x n."""
        n = self._checked(len(self) if n is None else n)
        return _like(x, self._scores(x, n).astype(np.float32))

    def inverse(self, scores: Array, components: Sequence[int] | None = None) -> Array:
        """The points with these scores, N x n, on the first n or the named components: float32 N x D.

        All other components are at their mean, so that a place in the plane of two components is a point.
        """
        values = as_points(scores, "scores")
        chosen = list(range(values.shape[1])) if components is None else list(components)
        if len(chosen) != values.shape[1]:
            raise ValueError(f"there are {values.shape[1]} scores for {len(chosen)} components")
        if outside := [c for c in chosen if not 0 <= c < len(self)]:
            raise ValueError(f"components are numbered from 0 to {len(self) - 1}, not {outside[0]}")
        return _like(scores, values @ self.components[chosen] + self.mean)

    def reconstruct(self, x: Array, n: int) -> Array:
        """The nearest points in the span of the first n components, in x's shape; float32, not clipped."""
        scores = self._scores(x, self._checked(n))
        return _like(x, (scores @ self.components[:n] + self.mean).astype(np.float32).reshape(x.shape))

    def squared_error(self, x: Array) -> np.ndarray:
        """Squared error (sum over a point's values, mean over points) of `reconstruct` for every n at once.

        float64, K + 1: entry n belongs to n components, entry 0 to the mean alone. By Pythagoras it is the
        squared distance from the mean less the squares of the first n scores.
        """
        distances = np.square(self._centred(x)).sum(axis=1).mean()
        explained = np.square(self._scores(x, len(self))).mean(axis=0)
        return np.maximum(distances - np.concatenate([[0.0], np.cumsum(explained)]), 0)

    def _centred(self, x: Array) -> np.ndarray:
        points = as_points(x)
        if points.shape[1] != len(self.mean):
            raise ValueError(f"each point must have {len(self.mean)} values, not {points.shape[1]}")
        return points.astype(np.float64) - self.mean

    def _scores(self, x: Array, n: int) -> np.ndarray:
        return self._centred(x) @ self.components[:n].T.astype(np.float64)

    def _checked(self, n: int) -> int:
        if not 0 <= n <= len(self):
            raise ValueError(f"the number of components must be from 0 to {len(self)}, not {n}")
        return n


def fit_pca(x: Array) -> PCA:
    """All principal components of points N x D or images N x C x H x W, by scikit-learn.

    The covariance's eigenvectors are much faster than the singular values of all points (1 s for 60,000
    images of 28 x 28), and as exact for all components that carry variance. Raises ValueError for fewer
    than two points.
    """
    from sklearn import decomposition

    points = as_points(x)
    n, width = points.shape
    if n < 2:
        raise ValueError("principal components need at least 2 points, not 1")
    if points.size <= AT_ONCE:
        points = points.astype(np.float64)
    with np.errstate(invalid="ignore"):  # points that all coincide have no variance to share out
        fitted = decomposition.PCA(svd_solver="covariance_eigh" if n >= width else "full").fit(points)
    return PCA(
        mean=fitted.mean_.astype(np.float32),
        # In rows also in memory: safetensors writes memory as it lies.
        components=np.ascontiguousarray(fitted.components_, dtype=np.float32),
        explained_variance_ratio=np.nan_to_num(fitted.explained_variance_ratio_).astype(np.float32),
    )


@dataclass(frozen=True)
class Baseline:
    """What PCA reaches on a data set: fitted to all its training images, scored on its test images."""

    pca: PCA
    squared_error: np.ndarray
    """float64, K + 1: squared error per image on the test images with 0 to K components, not clipped."""

    def error(self, n: int) -> float:
        """Squared error per image with n components, or with all of them where there are fewer than n."""
        if n < 0:
            raise ValueError(f"the number of components must be at least 0, not {n}")
        return float(self.squared_error[min(n, len(self.pca))])

    def reconstruct(self, images: Array, n: int) -> Array:
        """Images N x C x H x W in [0, 1] from their first n components (all where there are fewer)."""
        return self.pca.reconstruct(images, min(n, len(self.pca)))

    def errors_on(
        self, images: torch.Tensor, n: int, clipped: bool = False, numbers: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Squared error of each of N images (uint8, or float in [0, 1]) with n components: N values.

        Where `numbers` are given, of the images that they name.

        Clipped, the reconstructions are first brought into [0, 1], as a network's bounded outputs are.
        """
        parts = [torch.zeros(0)]
        for part in in_parts(images, numbers) if len(images) else ():
            x = unit_range(part)
            found = torch.as_tensor(self.reconstruct(x, n))
            found = found.clamp(0, 1) if clipped else found
            parts.append((x - found).square().flatten(1).sum(1))
        return torch.cat(parts)


_recent: list[tuple[ImageData, Baseline]] = []


def pca_baseline(data: ImageData) -> Baseline:
    """PCA of the images in [0, 1], kept for this process (the last four) and on disk below `cache_root()`.

    Of images of more than 4,096 values the first 512 components, fitted to as many of them as fit in memory.

    The file is named by the data set and by a checksum of its images, so that other images of the same
    name get another. Where the cache can't be read or written, the baseline is computed.
    """
    for known, baseline in _recent:
        if known is data:
            return baseline
    path = _cache_path(data)
    kept = _read(path, data)
    baseline = _fit(data) if kept is None else kept
    if kept is None:
        _write(path, baseline)
    _recent.insert(0, (data, baseline))
    del _recent[4:]
    return baseline


def _fit(data: ImageData) -> Baseline:
    images = data.train_images
    if data.pixels > WIDEST:
        pca = _of_wide(images)
    elif len(images) > data.pixels:
        pca = _of_many(images)
    else:
        pca = fit_pca(unit_range(images))
    tests = data.test_images.split(_rows(data.pixels))
    errors = [pca.squared_error(unit_range(part)) * len(part) for part in tests]
    return Baseline(pca, np.sum(errors, axis=0) / len(data.test_images))


def _rows(pixels: int) -> int:
    """Images whose values are held at once."""
    return max(1, AT_ONCE // (8 * pixels))


def _of_many(images: torch.Tensor) -> PCA:
    """The same as `fit_pca` of more images than pixels: their covariance is summed up in parts.

    All are never held as floats, and the server of the pages needs no scikit-learn to draw its first one.
    """
    count, width = len(images), images[0].numel()
    mean = torch.zeros(width, dtype=torch.float64)
    for part in images.split(_rows(width)):
        mean += unit_range(part).flatten(1).double().sum(0) / count
    covariance = torch.zeros(width, width, dtype=torch.float64)
    for part in images.split(_rows(width)):
        centred = unit_range(part).flatten(1).double() - mean
        covariance += centred.T @ centred / (count - 1)
    variance, vectors = torch.linalg.eigh(covariance)
    variance, rows = variance.flip(0).clamp_min(0), vectors.T.flip(0)
    # scikit-learn's choice of signs, so that a component does not turn over with the number of images.
    largest = rows.abs().argmax(1, keepdim=True)
    rows = rows * rows.gather(1, largest).sign()
    return PCA(
        mean=mean.float().numpy(),
        components=np.ascontiguousarray(rows.float().numpy()),
        explained_variance_ratio=(variance / variance.sum().clamp_min(1e-300)).float().numpy(),
    )


def _of_wide(images: torch.Tensor) -> PCA:
    """The first `MOST` components of large images, to a close approximation (Halko et al. 2011, seed 0).

    Of many images as many are used as fit in memory at once, drawn with seed 0.
    """
    from sklearn import decomposition

    width = images[0].numel()
    rows = max(MOST, AT_ONCE // (2 * width))
    if rows < len(images):
        chosen = np.sort(np.random.default_rng(0).choice(len(images), rows, replace=False))
        images = images[torch.from_numpy(chosen)]
    points = as_points(unit_range(images))
    count = min(MOST, len(points), width)
    with np.errstate(invalid="ignore"):
        fitted = decomposition.PCA(count, svd_solver="randomized", random_state=0).fit(points)
    return PCA(
        mean=fitted.mean_.astype(np.float32),
        components=np.ascontiguousarray(fitted.components_, dtype=np.float32),
        explained_variance_ratio=np.nan_to_num(fitted.explained_variance_ratio_).astype(np.float32),
    )


def _cache_path(data: ImageData) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", data.name.lower())[:40]
    return cache_root() / f"pca-{name}-{data.checksum:08x}.safetensors"


def _read(path: Path, data: ImageData) -> Baseline | None:
    try:
        arrays = load_file(path)
        pca = PCA(arrays["mean"], arrays["components"], arrays["explained_variance_ratio"])
        baseline = Baseline(pca, arrays["squared_error"])
    except (OSError, SafetensorError, KeyError):
        return None  # not there yet, or cut short: computed again
    whole = len(pca.mean) == data.train_images[0].numel() == pca.components.shape[1]
    return baseline if whole and len(baseline.squared_error) == len(pca) + 1 else None


def _write(path: Path, baseline: Baseline) -> None:
    arrays = {
        "mean": baseline.pca.mean,
        "components": baseline.pca.components,
        "explained_variance_ratio": baseline.pca.explained_variance_ratio,
        "squared_error": baseline.squared_error,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(arrays), durable=False)
    except OSError:
        return  # a cache that can't be written costs time, nothing else


def _like(given: Array, result: np.ndarray) -> Array:
    return torch.from_numpy(result) if isinstance(given, torch.Tensor) else result
