"""Reconstruction losses and penalties: pure functions of a step's batch and the model's output.

Loss = reconstruction + sum of strength x penalty. Each term is returned with its strength multiplied
in, so that the terms add up to the loss. A variational model's `reconstruction`, `kl` and `elbo` are in nats
an image, and its loss is (reconstruction + beta x kl) / pixels + penalties: divided by the number of pixels,
so that learning rates, strengths and gradients keep the size they have beside the other losses, which are
means over pixels. The weight L1 is not among them: it acts by a proximal step
(`soft_threshold_`), because a gradient step never lands on zero.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from aecore.batch import Batch
from aecore.config import PENALTIES, Config, LossConfig
from aecore.models import Output

RECONSTRUCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "bce": functional.binary_cross_entropy,
    "mae": functional.l1_loss,
}
"""Of a reconstruction and its target: mean over pixels and images, in the training normalization."""

Term = Callable[[Batch, Output, Sequence[Tensor]], Tensor]

PENALTY_TERMS: dict[str, Term] = {
    "code_l1": lambda batch, output, weights: output.code.abs().sum(-1).mean(),
    "code_l2": lambda batch, output, weights: output.code.square().sum(-1).mean(),
    "code_whole_batch_norm": lambda batch, output, weights: torch.linalg.vector_norm(output.code),
    "weight_l2": lambda batch, output, weights: reduce(operator.add, (w.square().sum() for w in weights)),
}
"""Penalties as `LossConfig` defines them, of a batch, the model's output and its weights (no biases)."""


KL = "kl"
"""The Kullback-Leibler divergence's name among the terms; its strength is beta."""


def strengths(config: Config, epoch: float = math.inf) -> dict[str, float]:
    """Strength of each term in use at `epoch` (a real number: 1.5 is midway through the second).

    The warm-up of the penalties on the code and of beta is in it: zero for `warmup_delay` epochs, then a
    linear rise over `warmup_epochs`.
    """
    loss = config.loss
    since = epoch - loss.warmup_delay
    factor = 0.0 if since < 0 else 1.0 if since >= loss.warmup_epochs else since / loss.warmup_epochs
    used = {
        name: strength * (factor if PENALTIES[name].on == "code" else 1.0)
        for name, strength in loss.penalties.items()
        if not PENALTIES[name].by_step
    }
    return used | {KL: factor * loss.beta} if config.model.variational else used


def terms(
    config: LossConfig,
    batch: Batch,
    output: Output,
    weights: Sequence[Tensor],
    strengths: Mapping[str, float | Tensor],
    std: float | Tensor,
) -> dict[str, Tensor]:
    """The loss's terms by name, their sum `loss` and the `squared_error` per image, each a scalar.

    Of the penalties only those that `strengths` names are computed. `std` is what the normalization divided
    by, one number or one per channel.
    """
    # Losses are summed in float32 at least, whatever autocast made of the network.
    dtype = batch.target.dtype
    output = Output._make(v.to(dtype) if isinstance(v, Tensor) else v for v in output)
    penalties = {
        name: strength * PENALTY_TERMS[name](batch, output, weights)
        for name, strength in strengths.items()
        if name != KL
    }
    if output.log_variance is not None:
        named, bound = _bound(config, batch, output, output.log_variance, strengths[KL], std)
        named |= penalties
        named["loss"] = reduce(operator.add, penalties.values(), bound)
        named["squared_error"] = squared_error(output.reconstruction.detach(), batch.target, std)
        return named
    named = {"reconstruction": RECONSTRUCTIONS[config.reconstruction](output.reconstruction, batch.target)}
    named |= penalties
    if config.reconstruction == "mse" and isinstance(std, float):
        # The same sum over pixels, already at hand.
        squared = named["reconstruction"].detach() * (batch.target[0].numel() * std * std)
    else:
        squared = squared_error(output.reconstruction.detach(), batch.target, std)
    named["loss"] = reduce(operator.add, named.values())
    named["squared_error"] = squared
    return named


def _bound(
    config: LossConfig,
    batch: Batch,
    output: Output,
    log_variance: Tensor,
    beta: float | Tensor,
    std: Tensor | float,
) -> tuple[dict[str, Tensor], Tensor]:
    """The terms of a variational model in nats an image, and what of its loss they make."""
    likelihood = log_likelihoods(config, output.reconstruction, batch.target, std, output.log_std)
    reconstruction = -likelihood.mean()
    units = kl_divergence(output.code, log_variance).mean(0)
    kl = units.sum()
    # A constant below the free nats would change no gradient, and depend on how many units there are.
    counted = functional.relu(units - config.free_bits).sum() if config.free_bits else kl
    named = {"reconstruction": reconstruction, KL: kl, "elbo": -(reconstruction + kl)}
    return named, (reconstruction + beta * counted) / batch.target[0].numel()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, of any shape (Kingma & Welling 2014, appendix B)."""
    return (mean.square() + log_variance.exp() - log_variance - 1) / 2


ACTIVE = 0.01
"""Variance of its posterior mean over images above which a unit counts as active (Burda et al. 2016)."""


def active_units(means: Tensor) -> Tensor:
    """Which units of posterior means ... x N x latent_size are active: ... x latent_size, boolean."""
    return means.double().var(-2) > ACTIVE


def log_likelihoods(
    config: LossConfig,
    reconstruction: Tensor,
    target: Tensor,
    std: Tensor | float,
    log_std: Tensor | float | None,
) -> Tensor:
    """log p(x | z) in nats of each image of N x C x H x W in the training normalization: N values.

    bce: of pixels that are black or white, with the reconstruction as probability of white; of grey ones, the
    mean over their binarizations. mse: the density of pixels in [0, 1], normal around the reconstruction with
    standard deviation exp(`log_std`).
    """
    if config.reconstruction == "bce":
        entropy = functional.binary_cross_entropy(reconstruction, target, reduction="none")
        return -entropy.flatten(1).sum(1)
    assert log_std is not None
    scale = torch.as_tensor(log_std, dtype=target.dtype, device=target.device)
    errors = ((reconstruction - target) * std).square().flatten(1).sum(1)
    constant = target[0].numel() * (scale + math.log(2 * math.pi) / 2)
    return -(errors * (-2 * scale).exp() / 2 + constant)


def squared_error(reconstruction: Tensor, target: Tensor, std: Tensor | float) -> Tensor:
    """Squared error per image with pixels in [0, 1]: sum over pixels, mean over images.

    reconstruction and target: N x C x H x W in the training normalization; std: what that normalization
    divided by, one number or one per channel.
    """
    pixels = target[0].numel()
    if isinstance(std, float):
        return functional.mse_loss(reconstruction, target) * (pixels * std * std)
    return functional.mse_loss(reconstruction * std, target * std) * pixels


@torch.no_grad()
def soft_threshold_(weight: Tensor, threshold: float | Tensor) -> Tensor:
    """Proximal step of threshold x |w|: w <- sign(w) max(|w| - threshold, 0), in place.

    threshold: one number, or one for each index of the first axis of `weight`.
    """
    if isinstance(threshold, Tensor):
        threshold = threshold.view(-1, *[1] * (weight.ndim - 1))
    return weight.copy_(weight.sign() * (weight.abs() - threshold).clamp_min_(0))
