"""Muon's update of matrices: momentum made orthogonal by a Newton-Schulz iteration.

Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/), with the scale of Liu et al. 2025 ("Muon is
Scalable for LLM Training", Moonshot): an update's root mean square is about Adam's, so Adam's learning rates
serve. `torch.optim.Muon` with `adjust_lr_fn="match_rms_adamw"` does the same for one matrix at a time, in
bfloat16; here matrices may be stacked, and the iteration keeps their precision, which is that of the
training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

MOMENTUM = 0.95
"""Jordan's, which is Nesterov's form."""

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of x -> a x + b x^3 + c x^5, which takes singular values from (0, 1] to about 0.7 to 1.2 in `ROUNDS`."""

ROUNDS = 5

ADAM_RMS = 0.2
"""Root mean square of an update of Adam's in units of its learning rate, as Liu et al. found it."""


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: all singular values go to about 1; ... x rows x columns.

    Rows and columns of zeros stay zeros and change nothing else.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x


def scale(shape: Sequence[int]) -> float:
    """What an orthogonal matrix of that shape is multiplied with, beside the learning rate."""
    return ADAM_RMS * math.sqrt(max(shape))


def muon_(
    weight: Tensor,
    gradient: Tensor,
    momentum: Tensor,
    rate: float,
    scales: float | Tensor,
    weight_decay: float,
) -> None:
    """One update of a matrix, or of stacked ones, and of its momentum.

    `scales` are those of the matrices' own shapes: one number, or K x 1 x 1. Weight decay is decoupled and
    goes by the learning rate alone.
    """
    momentum.lerp_(gradient, 1 - MOMENTUM)
    update = orthogonal(gradient.lerp(momentum, MOMENTUM))
    weight.mul_(1 - rate * weight_decay).sub_(update.mul_(scales), alpha=rate)
