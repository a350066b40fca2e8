"""Reconstruction losses and penalties: pure functions of a step's batch and the model's output.

Loss = reconstruction + sum of strength x penalty. Each term is returned with its strength multiplied
in, so that the terms add up to the loss. The weight L1 is not among them: it acts by a proximal step
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
from aecore.config import PENALTIES, LossConfig
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


def strengths(config: LossConfig, epoch: float = math.inf) -> dict[str, float]:
    """Strength of each term in use at `epoch` (a real number: 1.5 is midway through the second).

    The warm-up of the penalties on the code is in it: zero for `warmup_delay` epochs, then a linear rise
    over `warmup_epochs`.
    """
    since = epoch - config.warmup_delay
    factor = 0.0 if since < 0 else 1.0 if since >= config.warmup_epochs else since / config.warmup_epochs
    return {
        name: strength * (factor if PENALTIES[name].on == "code" else 1.0)
        for name, strength in config.penalties.items()
        if not PENALTIES[name].by_step
    }


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
    output = Output(*(value.to(batch.target.dtype) for value in output))
    named = {"reconstruction": RECONSTRUCTIONS[config.reconstruction](output.reconstruction, batch.target)}
    for name, strength in strengths.items():
        named[name] = strength * PENALTY_TERMS[name](batch, output, weights)
    if config.reconstruction == "mse" and isinstance(std, float):
        # The same sum over pixels, already at hand.
        squared = named["reconstruction"].detach() * (batch.target[0].numel() * std * std)
    else:
        squared = squared_error(output.reconstruction.detach(), batch.target, std)
    named["loss"] = reduce(operator.add, named.values())
    named["squared_error"] = squared
    return named


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
