"""What a variational model knows of its codes: its bound, its likelihood, and what each unit carries.

Images are uint8, or float in [0, 1], N x C x H x W; where a run was trained on binarized images they are
binarized here as well. All is drawn with noise that is the same at each call, so that runs can be compared.
Kingma & Welling 2014; Burda et al. 2016 for active units and the likelihood; Hoffman & Johnson 2016 for the
mutual information.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aecore import losses
from aecore.batch import Batch, Noise
from aecore.binarization import binarized
from aecore.corruption import EVALUATION
from aecore.data import to_uint8
from aecore.results import Bound
from aecore.store.run import Run

DRAWS = 200
"""Codes drawn from each posterior for the likelihood, unless stated."""

SAMPLE = 2000
"""Images at most whose draws the mutual information is taken over."""

CHUNK = 1 << 14
"""Codes decoded at once for the likelihood."""


@dataclass(frozen=True)
class Posterior:
    """The normal distribution of each image's code, N x latent_size."""

    mean: Tensor
    log_variance: Tensor

    @property
    def kl(self) -> np.ndarray:
        """KL divergence of each unit from the prior N(0, 1) in nats, mean over images: float64."""
        return losses.kl_divergence(self.mean.double(), self.log_variance.double()).mean(0).numpy()

    @property
    def active(self) -> np.ndarray:
        """Units whose mean has a variance above `losses.ACTIVE` over the images; the others are collapsed."""
        return losses.active_units(self.mean).numpy()

    def draws(self) -> Tensor:
        """One code from each image's posterior, N x latent_size."""
        noise = Noise(0, EVALUATION, torch.arange(len(self.mean))).codes(self.mean.shape[1])
        return self.mean + (self.log_variance / 2).exp() * noise


@dataclass(frozen=True)
class Information:
    """The KL term in its two parts: KL = mutual information + divergence of the aggregate (nats)."""

    mutual: float
    """Mutual information of image and code under the encoder; at most ln(images)."""
    aggregate: float
    """KL divergence of the aggregated posterior, all images' codes together, from the prior."""
    images: int


@dataclass(frozen=True)
class Likelihood:
    """An estimate of log p(x) by importance sampling, in nats."""

    value: float
    """Mean over images; a lower bound in expectation, closer with more draws."""
    standard_error: float
    """Of the mean over images."""
    images: int
    draws: int
    """From each image's posterior."""


def require(run: Run) -> None:
    """ValueError in one sentence for a run that is not variational."""
    if not run.config.model.variational:
        raise ValueError(f"{run.name or 'this run'} is not variational: its code has no distribution")


def posterior(run: Run, images: Tensor) -> Posterior:
    """The posteriors of all images; ValueError for a run that is not variational."""
    require(run)
    parts = [run.model.posterior(batch.input) for batch in _batches(run, images)]
    mean, log_variance = (torch.cat(part).float() for part in zip(*parts, strict=True))
    return Posterior(mean, log_variance)


def bound(run: Run, images: Tensor) -> Bound:
    """The evidence lower bound and its two terms, by one draw from each image's posterior."""
    require(run)
    sums = torch.zeros(2, dtype=torch.float64)
    for batch in _batches(run, images):
        output = run.model(batch.input, batch.code_noise(run.latent_size))
        assert output.log_variance is not None
        likelihood = _log_likelihoods(run, output.reconstruction, batch.target)
        kl = losses.kl_divergence(output.code, output.log_variance).sum(1)
        sums += torch.stack([-likelihood.double().sum(), kl.double().sum()])
    reconstruction, kl = (sums / len(images)).tolist()
    return Bound(elbo=-(reconstruction + kl), reconstruction=reconstruction, kl=kl)


def log_likelihood(run: Run, images: Tensor, draws: int = DRAWS) -> Likelihood:
    """log p(x) = log mean_k p(x | z_k) p(z_k) / q(z_k | x), z_k from the posterior, mean over the images.

    (Burda et al. 2016, equation 8.) Decodes images x `draws` codes, `CHUNK` at a time.
    """
    require(run)
    found = []
    size = max(1, CHUNK // draws)
    for batch in _batches(run, images, size):
        assert batch.noise is not None
        mean, log_variance = run.model.posterior(batch.input)
        eps = batch.noise.spread(2).normal(draws, run.latent_size, stream=_LIKELIHOOD)
        codes = mean[:, None] + (log_variance / 2).exp()[:, None] * eps
        decoded = run.model.decode(codes.flatten(0, 1))
        target = batch.target.repeat_interleave(draws, 0)
        likelihood = _log_likelihoods(run, decoded, target).view(-1, draws).double()
        # log p(z) - log q(z | x); the constants of the two normal densities cancel.
        ratio = (-codes.square() + eps.square() + log_variance[:, None]).double().sum(-1) / 2
        found.append(torch.logsumexp(likelihood + ratio, 1) - math.log(draws))
    values = torch.cat(found)
    spread = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Likelihood(values.mean().item(), spread, len(values), draws)


def information(found: Posterior) -> Information:
    """Mutual information and divergence of the aggregate, from N posteriors (Hoffman & Johnson 2016).

    E[log q(z | x) - log q(z)] over one draw for each of `SAMPLE` images at most, where q(z) is the mixture of
    all N posteriors. With N images it can't exceed ln N.
    """
    mean, log_variance = found.mean.double(), found.log_variance.double()
    draws = found.draws().double()[:SAMPLE]
    images = len(mean)
    own, mixed = [], []
    # Squared distances by three matrix products: sum_j (z_j - m_j)^2 / v_j for all pairs.
    precision = (-log_variance).exp()
    constant = (mean.square() * precision + log_variance).sum(1)
    for start in range(0, len(draws), 256):
        z = draws[start : start + 256]
        density = -(z.square() @ precision.T - 2 * z @ (mean * precision).T + constant) / 2
        place = torch.arange(start, start + len(z))
        own.append(density[torch.arange(len(z)), place])
        mixed.append(torch.logsumexp(density, 1) - math.log(images))
    mutual = float((torch.cat(own) - torch.cat(mixed)).mean())
    kl = float(losses.kl_divergence(mean[: len(draws)], log_variance[: len(draws)]).sum(1).mean())
    return Information(mutual, kl - mutual, len(draws))


_LIKELIHOOD = 4
"""Stream of the noise with which the likelihood's codes are drawn."""


def _batches(run: Run, images: Tensor, size: int = 0) -> Iterator[Batch]:
    """Normalized images with each one's noise, as the model's input and target."""
    size = size or run.batch
    with torch.no_grad():
        for start in range(0, len(images), size):
            part = images[start : start + size]
            noise = Noise(0, EVALUATION, torch.arange(start, start + len(part)))
            if run.config.train.binarize:
                part = binarized(_grey(part), noise)
            x = run.scaling.normalize(part, dtype=torch.float32)
            yield Batch(x, x, noise)


def _grey(images: Tensor) -> Tensor:
    return images if images.dtype == torch.uint8 else torch.from_numpy(to_uint8(images))


def _log_likelihoods(run: Run, reconstruction: Tensor, target: Tensor) -> Tensor:
    std = torch.tensor(run.scaling.std).view(-1, 1, 1)
    return losses.log_likelihoods(run.config.loss, reconstruction, target, std, run.model.log_std)
