"""Exact codes for a fixed linear dictionary: x is close to D z + b, with a penalty on z.

With L1 the best code has exact zeros, with L2 (ridge) it has none; no encoder and no training noise
come between the penalty and what it does. Arithmetic is float64 inside; the codes come back in the
images' type.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

CHECK_EVERY = 10
"""Iterations between two tests of convergence."""


class Inference(NamedTuple):
    """Codes found by iteration, and how exact they are."""

    codes: Tensor
    """images x units, the images' dtype."""
    relative_gap: Tensor
    """Duality gap / (|x - b|^2 / 2) of each image, float64: a bound on how far its loss is from the best."""
    iterations: int
    """Iterations done."""
    converged: bool
    """Whether every image's relative gap is at most the tolerance asked for."""


def l1_codes(
    images: Tensor,
    dictionary: Tensor,
    strength: float,
    bias: Tensor | None = None,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 20_000,
) -> Inference:
    """argmin_z 1/2 |x - D z - b|^2 + strength |z|_1 for each image.

    `images` is N x pixels (or N x C x H x W), `dictionary` pixels x units with one atom a column, `bias`
    one value a pixel. FISTA (Beck & Teboulle 2009) with the gradient restart of O'Donoghue & Candès
    (2015), step 1 / largest eigenvalue of D^T D. It ends when the duality gap of every image is at most
    `tolerance` x |x - b|^2 / 2, or after `max_iterations` (then `converged` is False). Raises ValueError
    for shapes that don't fit and for a strength that is not above 0.
    """
    if not (strength > 0 and math.isfinite(strength)):
        raise ValueError(f"strength must be a finite number above 0, not {strength}; for 0 use ridge_codes")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}")
    targets, atoms = _prepare(images, dictionary, bias)
    gram, projections = atoms.T @ atoms, targets @ atoms
    energy = targets.square().sum(1)
    step = 1 / max(torch.linalg.eigvalsh(gram)[-1].item(), torch.finfo(torch.float64).tiny)

    def proximal(point: Tensor) -> Tensor:
        return functional.softshrink(point - step * (point @ gram - projections), step * strength)

    codes = torch.zeros_like(projections)
    point, momentum = codes, torch.ones(len(codes), 1, dtype=torch.float64, device=codes.device)
    gap = _relative_gap(codes, gram, projections, energy, strength)
    done = 0
    while done < max_iterations and not (gap <= tolerance).all():
        for _ in range(min(CHECK_EVERY, max_iterations - done)):
            new = proximal(point)
            point, momentum = _accelerate(point, codes, new, momentum)
            codes = new
            done += 1
        gap = _relative_gap(codes, gram, projections, energy, strength)
    return Inference(codes.to(images.dtype), gap, done, bool((gap <= tolerance).all()))


def ridge_codes(images: Tensor, dictionary: Tensor, strength: float, bias: Tensor | None = None) -> Tensor:
    """argmin_z 1/2 |x - D z - b|^2 + strength |z|_2^2 = (D^T D + 2 strength I)^-1 D^T (x - b).

    Shapes as in `l1_codes`; returns images x units in the images' dtype. A strength of 0 gives least
    squares, the shortest solution where there are several. Raises ValueError for a negative strength.
    """
    if not (strength >= 0 and math.isfinite(strength)):
        raise ValueError(f"strength must be a finite number of at least 0, not {strength}")
    targets, atoms = _prepare(images, dictionary, bias)
    if strength == 0:
        return (targets @ torch.linalg.pinv(atoms).T).to(images.dtype)
    gram = atoms.T @ atoms
    gram.diagonal().add_(2 * strength)
    return torch.cholesky_solve((targets @ atoms).T, torch.linalg.cholesky(gram)).T.to(images.dtype)


def reconstruct(codes: Tensor, dictionary: Tensor, bias: Tensor | None = None) -> Tensor:
    """D z + b for each code: images x pixels, in the codes' dtype."""
    images = codes @ torch.as_tensor(dictionary).to(codes).T
    return images if bias is None else images + torch.as_tensor(bias).to(codes).flatten()


def _accelerate(point: Tensor, codes: Tensor, new: Tensor, momentum: Tensor) -> tuple[Tensor, Tensor]:
    # Momentum that points uphill is dropped, image by image: without this FISTA ripples around the answer.
    uphill = ((point - new) * (new - codes)).sum(1, keepdim=True) > 0
    momentum = torch.where(uphill, 1.0, momentum)
    grown = (1 + torch.sqrt(1 + 4 * momentum.square())) / 2
    return new + (momentum - 1) / grown * (new - codes), grown


def _relative_gap(
    codes: Tensor, gram: Tensor, projections: Tensor, energy: Tensor, strength: float
) -> Tensor:
    """Primal minus dual value over the energy |y|^2 / 2, y = x - b; the dual point is a scaled residual."""
    correlations = projections - codes @ gram
    along = (codes * projections).sum(1)
    residual = (energy - along - (codes * correlations).sum(1)).clamp(min=0)
    primal = residual / 2 + strength * codes.abs().sum(1)
    largest = correlations.abs().max(1).values
    bound = torch.where(largest > 0, strength / largest, math.inf)
    # y . residual / |residual|^2 is the unconstrained best scale of the dual point.
    scale = torch.where(residual > 0, (energy - along) / residual, 1.0).clamp(min=0).minimum(bound)
    dual = scale * (energy - along) - scale.square() * residual / 2
    return torch.where(energy > 0, 2 * (primal - dual) / energy, 0.0).clamp(min=0)


def _prepare(images: Tensor, dictionary: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    targets = images.detach().flatten(1).double()
    atoms = torch.as_tensor(dictionary).detach().to(targets)
    if atoms.ndim != 2 or atoms.shape[0] != targets.shape[1]:
        raise ValueError(
            f"the dictionary must have one row for each of {targets.shape[1]} pixels, "
            f"but its shape is {tuple(atoms.shape)}"
        )
    if bias is not None:
        offset = torch.as_tensor(bias).detach().to(targets).flatten()
        if len(offset) != targets.shape[1]:
            raise ValueError(f"the bias has {len(offset)} values for {targets.shape[1]} pixels")
        targets = targets - offset
    if not (torch.isfinite(targets).all() and torch.isfinite(atoms).all()):
        raise ValueError("images, bias and dictionary must hold finite numbers only")
    return targets, atoms
