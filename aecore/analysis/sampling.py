"""Codes to decode into new images: drawn from N(0, I), from one Gaussian, or from a mixture of them.

Codes are N x latent_size; what a sampler is fitted to are codes of training images, never of test images. A
draw depends on its seed alone, and its first codes are the same however many are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from aecore.analysis import variational
from aecore.analysis.neighbors import as_points
from aecore.data import ImageData
from aecore.kept import digest
from aecore.store.run import Run

COMPONENTS = 10
"""Of the mixture, as in Ghosh et al. 2020 (arXiv:1903.12436)."""
FITTED_ON = 10_000
"""Training images at most whose codes a sampler is fitted to."""


def training_codes(run: Run, data: ImageData) -> Tensor:
    """What samplers of a run are fitted to: codes of the images that `fitted_on` chooses."""
    return codes_of(run, data.train_images[fitted_on(data)])


def fitted_on(data: ImageData) -> Tensor:
    """Numbers of at most `FITTED_ON` training images, drawn once for all runs: int64."""
    count = len(data.train_images)
    order = np.random.default_rng(0).permutation(count)[:FITTED_ON]
    return torch.from_numpy(order)


def codes_of(run: Run, images: Tensor) -> Tensor:
    """Codes as the decoder was trained on them: of a variational run one draw from each image's posterior."""
    if run.config.model.variational:
        return variational.posterior(run, images).draws()
    return run.encode(images)


@dataclass(frozen=True)
class Sampler:
    """A mixture of K Gaussians over codes of D units."""

    weights: np.ndarray
    """float64, K: the share of each component."""
    means: np.ndarray
    """float64, K x D."""
    factors: np.ndarray
    """float64, K x D x D: the symmetric square root of each covariance."""

    @property
    def digest(self) -> str:
        """Tells samplers apart by their numbers."""
        return digest(self.weights, self.means, self.factors)

    def draw(self, count: int, seed: int, temperature: float = 1.0) -> Tensor:
        """`count` codes, float32 count x D.

        The temperature multiplies each code's distance from the mean of its component: 1 draws from the
        mixture as it is, 0 gives the means. Samplers of one size share the noise of a seed. Raises
        ValueError for a negative temperature.
        """
        if temperature < 0:
            raise ValueError(f"the temperature must be at least 0, not {temperature}")
        noise = np.random.default_rng([seed, 0]).standard_normal((count, self.means.shape[1]))
        # Noise and components have random numbers of their own, so that the noise is every sampler's.
        places = np.random.default_rng([seed, 1]).random(count)
        chosen = np.searchsorted(np.cumsum(self.weights)[:-1], places, side="right")
        codes = np.empty_like(noise)
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            codes[chosen == k] = mean + temperature * noise[chosen == k] @ factor
        return torch.from_numpy(codes.astype(np.float32))

    def quantile_grid(self, side: int) -> Tensor:
        """side^2 codes of two units at evenly spaced quantiles of a single Gaussian: float32 side^2 x 2.

        In rows from the top: the first unit grows to the right, the second upwards (Kingma & Welling 2014,
        figure 4). Raises ValueError for a mixture, or for another number of units than two.
        """
        if self.means.shape != (1, 2):
            raise ValueError("a grid of quantiles needs a single Gaussian over two units")
        quantiles = np.array([NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)])
        right, up = np.meshgrid(quantiles, quantiles[::-1])
        steps = np.stack([right.ravel(), up.ravel()], axis=1)
        return torch.from_numpy((self.means[0] + steps @ self.factors[0]).astype(np.float32))


def standard_normal(codes: Tensor | np.ndarray) -> Sampler:
    """N(0, I) over as many units as the codes have."""
    size = as_points(codes, "codes").shape[1]
    return Sampler(np.ones(1), np.zeros((1, size)), np.eye(size)[None])


def gaussian(codes: Tensor | np.ndarray) -> Sampler:
    """The Gaussian with the mean and covariance of the codes; ValueError for fewer than two of them."""
    points = as_points(codes, "codes").astype(np.float64)
    if len(points) < 2:
        raise ValueError("a Gaussian needs at least 2 codes to be fitted to")
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    return Sampler(np.ones(1), points.mean(0)[None], _root(covariance)[None])


def mixture(codes: Tensor | np.ndarray, components: int = COMPONENTS, seed: int = 0) -> Sampler:
    """A mixture of Gaussians with full covariances, fitted to the codes by expectation maximization.

    It has fewer components where there are fewer different codes. ValueError for fewer than two codes.
    """
    from sklearn.mixture import GaussianMixture

    points = as_points(codes, "codes").astype(np.float64)
    if len(points) < 2:
        raise ValueError("a mixture needs at least 2 codes to be fitted to")
    # What scikit-learn adds to the variances is meant for values of about 1.
    scale = np.sqrt(points.var(axis=0).mean()) or 1.0
    components = min(components, len(np.unique(points, axis=0)))
    fitted = GaussianMixture(components, max_iter=300, random_state=seed).fit(points / scale)
    roots = np.stack([_root(covariance) for covariance in fitted.covariances_])
    return Sampler(fitted.weights_, fitted.means_ * scale, roots * scale)


SAMPLERS: dict[str, Callable[[Tensor | np.ndarray], Sampler]] = {
    "N(0, I)": standard_normal,
    "one Gaussian": gaussian,
    "mixture of ten": mixture,
}
"""How codes can be drawn for any model, by the name that people read; each is fitted to training codes."""
PRIOR, MIXTURE = "N(0, I)", "mixture of ten"


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
