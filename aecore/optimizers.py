"""How weights move: learning-rate schedules, PyTorch's optimizers, and the constraints after an update."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from aecore import losses, models
from aecore.config import Config, TrainConfig


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """Learning rate at `step` (from 0) of `steps` in the whole run.

    cosine: Loshchilov & Hutter 2017, without restarts. one_cycle: Smith & Topin 2018, cosine form with
    PyTorch's shape (from 1/25 of the peak up over 30 % of the run, then down to 1e-4 of the start).
    """
    peak = config.learning_rate
    if config.schedule == "constant":
        return peak
    if config.schedule == "cosine":
        return peak * (1 + math.cos(math.pi * step / steps)) / 2

    def blend(start: float, end: float, part: float) -> float:
        return end + (start - end) * (1 + math.cos(math.pi * part)) / 2

    top = max(0.3 * steps - 1, 1)
    if step <= top:
        return blend(peak / 25, peak, step / top)
    return blend(peak, peak / 25e4, min((step - top) / max(steps - 1 - top, 1), 1))


def make_optimizer(
    config: TrainConfig, parameters: Mapping[str, Tensor], leading_axes: int = 0
) -> torch.optim.Optimizer:
    """The optimizer over named tensors; weight decay acts on weights alone.

    Weights are what has two axes or more beside the `leading_axes` along which models are stacked.
    """
    leaves = list(parameters.values())
    fused = leaves[0].device.type in ("cpu", "cuda")
    if config.optimizer == "sgd":
        return torch.optim.SGD(leaves, config.learning_rate, momentum=config.momentum, fused=fused)
    if config.optimizer == "adam":
        return torch.optim.Adam(leaves, config.learning_rate, fused=fused)
    decays = [p for p in leaves if p.ndim - leading_axes >= 2]
    others = [p for p in leaves if p.ndim - leading_axes < 2]
    groups = [{"params": decays}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, config.learning_rate, weight_decay=config.weight_decay, fused=fused)


def update_(
    config: Config,
    step: Callable[[], object],
    parameters: Mapping[str, Tensor],
    weights: list[Tensor],
    weight_l1: float | Tensor | None = None,
) -> None:
    """One update from gradients that are there, by the optimizer's `step`, with the constraints around it.

    Parameters may be those of one model or stacked along a leading axis. The atoms of a unit-norm
    dictionary lose the gradient along themselves and are scaled back to norm 1; `weight_l1` (by default
    the config's) is the threshold of the proximal step.
    """
    constrained = config.model.family == "dictionary" and config.model.unit_norm
    atoms = parameters[models.ATOMS] if constrained else None
    if atoms is not None:
        models.remove_parallel_(atoms.grad, atoms)
    step()
    threshold = config.loss.weight_l1 if weight_l1 is None else weight_l1
    if isinstance(threshold, Tensor) or threshold:
        for weight in weights:
            losses.soft_threshold_(weight, threshold)
    if atoms is not None:
        models.unit_norm_(atoms)
