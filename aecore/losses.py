"""Reconstruction losses and penalties: pure functions that return named terms.

Loss = reconstruction + sum of strength x penalty. Each term is returned with its strength multiplied
in, so that the terms add up to the loss. The weight L1 is not among them: it acts by a proximal step
(`soft_threshold_`), because a gradient step never lands on zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from aecore.config import LossConfig

RECONSTRUCTIONS = {
    "mse": functional.mse_loss,
    "bce": functional.binary_cross_entropy,
    "mae": functional.l1_loss,
}
"""Mean over pixels and images, in the training normalization."""

CODE_PENALTIES = {
    "code_l1": lambda code: code.abs().sum(-1).mean(),
    "code_l2": lambda code: code.square().sum(-1).mean(),
    "code_whole_batch_norm": torch.linalg.vector_norm,
}
"""Penalties on a code matrix B x latent_size, as defined in `LossConfig`."""


def strengths(config: LossConfig, epoch: float = float("inf")) -> dict[str, float]:
    """Strength of each penalty in use at `epoch` (a real number: 1.5 is midway through the second).

    The code penalties' warm-up is in it: zero for `warmup_delay` epochs, then a linear rise over
    `warmup_epochs`.
    """
    since = epoch - config.warmup_delay
    factor = 0.0 if since < 0 else 1.0 if since >= config.warmup_epochs else since / config.warmup_epochs
    used = {name: strength * factor for name in CODE_PENALTIES if (strength := getattr(config, name))}
    if config.weight_l2:
        used["weight_l2"] = config.weight_l2
    return used


def terms(
    reconstruction: Tensor,
    code: Tensor,
    x: Tensor,
    weights: Iterable[Tensor],
    kind: str,
    strengths: Mapping[str, float | Tensor],
) -> dict[str, Tensor]:
    """The loss's terms by name, each a scalar; their sum is the loss.

    reconstruction and x: N x C x H x W; code: N x latent_size; weights: what `weight_l2` acts on;
    kind: a key of `RECONSTRUCTIONS`; strengths: only the penalties named are computed.
    """
    # Losses are summed in float32 at least, whatever autocast made of the network.
    dtype = x.dtype
    named = {"reconstruction": RECONSTRUCTIONS[kind](reconstruction.to(dtype), x)}
    for name, strength in strengths.items():
        if name == "weight_l2":
            named[name] = strength * sum(w.square().sum() for w in weights)
        else:
            named[name] = strength * CODE_PENALTIES[name](code.to(dtype))
    return named


def squared_error(reconstruction: Tensor, x: Tensor, std: Tensor | float) -> Tensor:
    """Squared error per image with pixels in [0, 1]: sum over pixels, mean over images.

    reconstruction and x: N x C x H x W in the training normalization; std: what that normalization
    divided by, one number or one per channel.
    """
    pixels = x[0].numel()
    if isinstance(std, float):
        return functional.mse_loss(reconstruction.to(x.dtype), x) * (pixels * std * std)
    return functional.mse_loss(reconstruction.to(x.dtype) * std, x * std) * pixels


@torch.no_grad()
def soft_threshold_(weight: Tensor, threshold: float | Tensor) -> Tensor:
    """Proximal step of threshold x |w|: w <- sign(w) max(|w| - threshold, 0), in place.

    threshold: one number, or one for each index of the first axis of `weight`.
    """
    if isinstance(threshold, Tensor):
        threshold = threshold.view(-1, *[1] * (weight.ndim - 1))
    return weight.copy_(weight.sign() * (weight.abs() - threshold).clamp_min_(0))
