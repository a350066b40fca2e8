"""How sparse codes and weights are: pure functions of torch tensors (arrays are taken as they are).

A code is "exactly zero" only where it is 0.0 bit for bit. Everything relative is relative to the unit
itself or to the largest unit, so that shrinking a whole code does not count as sparsity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aecore.results import CodeSparsity

NEAR = 0.05
"""Near zero: at most this share of the unit's largest absolute value."""
DEAD = 0.01
"""Dead: a standard deviation of at most this share of the largest unit's."""
USED = 0.01
"""Used: the squared error rises by more than this share when the unit is replaced by its mean."""


@dataclass(frozen=True)
class WeightSparsity:
    """How sparse a set of weight tensors is. Shares are from 0 to 1."""

    weights: int
    """Number of weights."""
    exact_zeros: float
    """Share that is exactly zero."""
    near_zeros: float
    """Share with |w| <= .05 of the largest |w| in its own tensor, exact zeros included."""


@dataclass(frozen=True)
class PrunedError:
    """Squared error of a model after its smallest weights were set to zero."""

    fraction: float
    """Share of the weights set to zero, from 0 to 1."""
    squared_error: float
    """What the evaluation returned for those weights."""


def code_sparsity(codes: Tensor) -> CodeSparsity:
    """All measures of `codes` (images x units) at once.

    Raises ValueError for codes that are not a finite matrix of at least two images.
    """
    codes = _matrix(codes)
    zero, alive = codes == 0, alive_units(codes)
    return CodeSparsity(
        images=codes.shape[0],
        units=codes.shape[1],
        exact_zeros=zero.double().mean().item(),
        exact_zeros_alive=zero[:, alive].double().mean().item() if alive.any() else None,
        near_zeros=near_zeros(codes),
        hoyer=hoyer(codes),
        active_units=active_units(codes).double().mean().item(),
        alive_units=int(alive.sum()),
        dead_units=int(dead_units(codes).sum()),
        mean_absolute=codes.double().abs().mean().item(),
    )


def active_units(codes: Tensor) -> Tensor:
    """Number of non-zero units of each image: int64, one value an image."""
    return (_matrix(codes, images=1) != 0).sum(1)


def alive_units(codes: Tensor) -> Tensor:
    """For each unit, whether it is non-zero for at least one image: bool, one value a unit."""
    return (_matrix(codes, images=1) != 0).any(0)


def dead_units(codes: Tensor) -> Tensor:
    """For each unit, whether its standard deviation is at most .01 of the largest: bool, one a unit.

    Where no unit varies, every unit is dead. Raises ValueError for fewer than two images.
    """
    deviation = _matrix(codes).double().std(0)
    return deviation <= DEAD * deviation.max()


def near_zeros(codes: Tensor) -> float:
    """Share of values with |z_ij| <= .05 max_i |z_ij|; all values of an all-zero unit count.

    An absolute threshold would measure shrinkage, not sparsity.
    """
    size = _matrix(codes, images=1).double().abs()
    return (size <= NEAR * size.max(0).values).double().mean().item()


def hoyer(codes: Tensor) -> float | None:
    """Hoyer's (sqrt d - |z|_1 / |z|_2) / (sqrt d - 1), mean over images with a non-zero code.

    0 where all d units are equally large, 1 where a single unit carries the code; the scale of a code
    does not matter. None for a single unit or where every code is zero. (Hoyer 2004, section 3.1.)
    """
    codes = _matrix(codes, images=1).double()
    largest = codes.abs().max(1, keepdim=True).values
    rows = largest[:, 0] > 0
    d = codes.shape[1]
    if d == 1 or not rows.any():
        return None
    # Scaling by the largest value first keeps the squares of tiny codes from underflowing.
    scaled = codes[rows] / largest[rows]
    ratio = scaled.abs().sum(1) / scaled.norm(dim=1)
    values = (math.sqrt(d) - ratio) / (math.sqrt(d) - 1)
    return values.clamp(0, 1).mean().item()


def unit_importance(
    images: Tensor,
    codes: Tensor,
    decode: Callable[[Tensor], Tensor],
    *,
    subsample: int | None = 1000,
    seed: int = 0,
    batch_size: int = 1000,
) -> Tensor:
    """Relative rise of the squared error when one unit is replaced by its mean: float64, one a unit.

    `images` (N x C x H x W or N x pixels, in [0, 1]) are what `decode(codes)` should give back, in the
    same shape. The mean of a unit is over all N codes; errors are measured on `subsample` images drawn
    with `seed` (None: on all). Costs `latent_size` + 1 decodings of those images. A unit that makes a
    perfect reconstruction imperfect has importance infinity.
    """
    codes = _matrix(codes, images=1)
    if len(images) != len(codes):
        raise ValueError(f"there are {len(images)} images but {len(codes)} codes; each image needs its code")
    means = codes.double().mean(0).to(codes.dtype)
    if subsample is not None and subsample < len(codes):
        if subsample < 1:
            raise ValueError(f"subsample must be at least 1, not {subsample}")
        chosen = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))[:subsample]
        images, codes = images[chosen], codes[chosen.to(codes.device)]

    def error(values: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for x, z in zip(images.split(batch_size), values.split(batch_size), strict=True):
            total += (decode(z).double() - x.to(z.device).double()).square().sum().cpu()
        return total

    base = error(codes)
    rises = torch.zeros(codes.shape[1], dtype=torch.float64)
    for unit, mean in enumerate(means):
        replaced = codes.clone()
        replaced[:, unit] = mean
        rises[unit] = error(replaced) - base
    return torch.where(rises == 0, rises, rises / base)


def used_units(images: Tensor, codes: Tensor, decode: Callable[[Tensor], Tensor], **options: Any) -> Tensor:
    """For each unit, whether `unit_importance` (same arguments) is above .01: bool, one value a unit."""
    return unit_importance(images, codes, decode, **options) > USED


def weight_sparsity(weights: Iterable[Tensor]) -> WeightSparsity:
    """Exact and near zeros over all values of the tensors in `weights`, of any shape."""
    sizes = [torch.as_tensor(w).detach().abs() for w in weights]
    count = sum(w.numel() for w in sizes)
    if not count:
        raise ValueError("there are no weights to measure; pass at least one non-empty tensor")
    zeros = sum(int((w == 0).sum()) for w in sizes)
    near = sum(int((w <= NEAR * w.max()).sum()) for w in sizes if w.numel())
    return WeightSparsity(count, zeros / count, near / count)


def prune_smallest(weights: Mapping[str, Tensor], fraction: float) -> dict[str, Tensor]:
    """A copy of `weights` with the smallest `fraction` of all values, across tensors, set to zero.

    Exactly round(fraction x number) values are zeroed, weights that are zero already counted first.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must be from 0 to 1, not {fraction}")
    if not weights:
        return {}
    flat = torch.cat([w.detach().flatten() for w in weights.values()])
    smallest = flat.abs().argsort(stable=True)[: round(fraction * flat.numel())]
    flat[smallest] = 0
    parts = flat.split([w.numel() for w in weights.values()])
    return {name: part.view(w.shape) for (name, w), part in zip(weights.items(), parts, strict=True)}


def error_after_pruning(
    weights: Mapping[str, Tensor],
    fractions: Sequence[float],
    evaluate: Callable[[dict[str, Tensor]], float],
) -> list[PrunedError]:
    """`evaluate(weights)` with the smallest weights zeroed, once for each of `fractions`.

    `evaluate` gets tensors by the same names and returns the model's squared error with them (for
    instance through `torch.func.functional_call`, which leaves the model itself alone).
    """
    return [PrunedError(f, float(evaluate(prune_smallest(weights, f)))) for f in fractions]


def _matrix(codes: Tensor, images: int = 2) -> Tensor:
    codes = torch.as_tensor(codes).detach()
    if codes.ndim != 2 or codes.shape[0] < images or codes.shape[1] < 1:
        raise ValueError(
            f"codes must be a matrix of images x units with at least {images} image{'s'[: images > 1]}, "
            f"but the shape is {tuple(codes.shape)}"
        )
    if not torch.isfinite(codes).all():
        raise ValueError("codes hold values that are not finite numbers; the model has diverged")
    return codes
