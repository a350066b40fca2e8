"""How weights move: learning-rate schedules, optimizers, and the constraints after an update."""

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


class Optimizer:
    """Adam, AdamW or SGD with momentum over named tensors, by PyTorch's fused kernels.

    They are the kernels that `torch.optim` calls; what it does around them took a tenth of a small network's
    step on a CPU. Weight decay acts on weights alone: on what has two axes or more beside the `leading_axes`
    along which models are stacked.
    """

    def __init__(self, config: TrainConfig, parameters: Mapping[str, Tensor], leading_axes: int = 0) -> None:
        self.config = config
        # What is kept of the gradients of each parameter; the kernel of SGD without momentum wants nothing.
        of_sgd = ("momentum",) if config.momentum else ()
        kept = of_sgd if config.optimizer == "sgd" else ("exp_avg", "exp_avg_sq")
        own = {
            name: {key: torch.zeros_like(p, requires_grad=False) for key in kept}
            for name, p in parameters.items()
        }
        self.moments = {f"{name}.{key}": t for name, moments in own.items() for key, t in moments.items()}
        device = next(iter(parameters.values())).device
        self.steps = torch.zeros((), dtype=torch.float32, device=device)
        decays = {n for n, p in parameters.items() if config.weight_decay and p.ndim - leading_axes >= 2}
        self._groups = [
            (weight_decay, [(p, *own[name].values()) for name, p in parameters.items() if name in names])
            for weight_decay, names in ((config.weight_decay, decays), (0.0, set(parameters) - decays))
            if names
        ]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update from the gradients that are there, with learning rate `rate`."""
        self.steps += 1
        for weight_decay, group in self._groups:
            parameters, *moments = map(list, zip(*group, strict=True))
            gradients = [p.grad for p in parameters]
            common = {"lr": rate, "weight_decay": weight_decay, "maximize": False}
            if self.config.optimizer == "sgd":
                torch._fused_sgd_(
                    parameters,
                    gradients,
                    *(moments or [[]]),
                    momentum=self.config.momentum,
                    dampening=0.0,
                    nesterov=False,
                    is_first_step=False,
                    **common,
                )
                continue
            # Adam's default values, those of Kingma & Ba 2015.
            kernel = torch._fused_adamw_ if self.config.optimizer == "adamw" else torch._fused_adam_
            kernel(
                parameters,
                gradients,
                *moments,
                [],
                [self.steps] * len(group),
                beta1=0.9,
                beta2=0.999,
                eps=1e-8,
                amsgrad=False,
                **common,
            )

    def tensors(self) -> dict[str, Tensor]:
        """What `restore` takes: `steps`, and the moments as `<parameter>.<moment>`."""
        return {"steps": self.steps, **self.moments}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continues from another's `tensors`; KeyError or RuntimeError where they do not fit."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])


def update_(
    config: Config,
    step: Callable[[], object],
    parameters: Mapping[str, Tensor],
    weights: list[Tensor],
    weight_l1: float | Tensor | None = None,
) -> None:
    """One update from gradients that are there, by an optimizer's `step`, with the constraints around it.

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
