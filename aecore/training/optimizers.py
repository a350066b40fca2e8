"""How weights move: learning-rate schedules, optimizers, and the constraints after an update."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from aecore import losses, models
from aecore.config import Config, TrainConfig
from aecore.training.muon import muon_, scale


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
    """Adam, AdamW, SGD with momentum, or Muon over named tensors, but for Muon by PyTorch's fused kernels.

    Called through `torch.optim`'s functional form: what its classes do around it took a tenth of a small
    network's step on a CPU. Tensors are those of one model, or of K with a leading axis. Weight decay acts on
    weights alone, which have two axes or more beside it. Muon moves the matrices of hidden dense layers;
    the first layer and the last, biases and the kernels of convolutions are Adam's, as in Jordan et al. 2024,
    at the same rate, which Muon's scale allows (see `muon`). The outer layers are the widest and
    cost Muon most of its time (`benchmarks/NOTES.md`). `shapes` are the members' own, where a stacked
    tensor may exceed them.
    """

    def __init__(
        self,
        config: TrainConfig,
        parameters: Mapping[str, Tensor],
        stacked: bool = False,
        shapes: Sequence[Mapping[str, torch.Size]] = (),
    ) -> None:
        self.config = config
        self.stacked = stacked
        # What is kept of the gradients of each parameter; SGD without momentum keeps nothing.
        of_sgd = ("momentum",) if config.momentum else ()
        kept = of_sgd if config.optimizer == "sgd" else ("exp_avg", "exp_avg_sq")
        self._matrices = _matrices(parameters, stacked) if config.optimizer == "muon" else {}
        self.moments: dict[str, dict[str, Tensor]] = {
            name: {
                key: torch.zeros_like(p, requires_grad=False)
                for key in (("momentum",) if name in self._matrices else kept)
            }
            for name, p in parameters.items()
        }
        # Steps of each parameter, which PyTorch's kernels count by themselves.
        self.steps = {
            name: torch.zeros((), dtype=torch.float32, device=p.device) for name, p in parameters.items()
        }
        self.members = len(next(iter(parameters.values()))) if stacked else 1
        weights = {name for name, p in parameters.items() if p.ndim - stacked >= 2}
        decays = weights if config.weight_decay else set()
        others = {name: p for name, p in parameters.items() if name not in self._matrices}
        self._scales = {
            name: p.new_tensor([scale(own[name]) for own in shapes])[:, None, None]
            if shapes
            else scale(p.shape[-2:])
            for name, p in self._matrices.items()
        }
        self._groups = [
            (weight_decay, {name: p for name, p in others.items() if (name in decays) == decayed})
            for weight_decay, decayed in ((config.weight_decay, True), (0.0, False))
        ]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update from the gradients that are there, with learning rate `rate`."""
        for name, p in self._matrices.items():
            if p.grad is not None:
                momentum = self.moments[name]["momentum"]
                muon_(p, p.grad, momentum, rate, self._scales[name], self.config.weight_decay)
                self.steps[name].add_(1)
        for weight_decay, group in self._groups:
            if not group:
                continue
            parameters = list(group.values())
            gradients = [p.grad for p in parameters if p.grad is not None]
            if self.config.optimizer == "sgd":
                momenta = [self.moments[name].get("momentum") for name in group]
                sgd(
                    parameters,
                    gradients,
                    momenta,
                    fused=True,
                    weight_decay=weight_decay,
                    momentum=self.config.momentum,
                    lr=rate,
                    dampening=0.0,
                    nesterov=False,
                    maximize=False,
                )
                continue
            # Adam's default values, those of Kingma & Ba 2015.
            (adam if self.config.optimizer == "adam" else adamw)(
                parameters,
                gradients,
                [self.moments[name]["exp_avg"] for name in group],
                [self.moments[name]["exp_avg_sq"] for name in group],
                [],
                [self.steps[name] for name in group],
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=weight_decay,
                eps=1e-8,
                maximize=False,
            )

    def state(self) -> dict[str, Tensor]:
        """What `restore` takes: `steps`, and `<parameter>.<moment>`s; members along the first axis."""
        moments = {
            f"{name}.{key}": t if self.stacked else t[None]
            for name, kept in self.moments.items()
            for key, t in kept.items()
        }
        steps = next(iter(self.steps.values()))
        return {"steps": steps.expand(self.members), **moments}

    @torch.no_grad()
    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continues from another's `state`; KeyError, IndexError or RuntimeError where it does not fit."""
        for steps in self.steps.values():
            steps.copy_(state["steps"][0])
        for name, kept in self.moments.items():
            for key, t in kept.items():
                value = state[f"{name}.{key}"]
                t.copy_(value if self.stacked else value.squeeze(0))


def _matrices(parameters: Mapping[str, Tensor], stacked: bool) -> dict[str, Tensor]:
    """What Muon moves, by name: dense layers' weights, without the encoder's first and the decoder's last."""
    weights = [name for name, p in parameters.items() if p.ndim - stacked >= 2]
    first = [name for name in weights if name.startswith("encoder.")][:1]
    last = [name for name in weights if name.startswith("decoder.")][-1:]
    return {
        name: parameters[name]
        for name in weights
        if name not in (*first, *last) and parameters[name].ndim - stacked == 2
    }


def update_(
    config: Config,
    step: Callable[[], object],
    parameters: Mapping[str, Tensor],
    weights: Sequence[Tensor],
    weight_l1: float | Tensor,
) -> None:
    """One update from gradients that are there, by an optimizer's `step`, with the constraints around it.

    Parameters may be those of one model or stacked along a leading axis. The atoms of a unit-norm
    dictionary lose the gradient along themselves and are scaled back to norm 1; `weight_l1` is the threshold
    of the proximal step, one number or one a member.
    """
    constrained = config.model.family == "dictionary" and config.model.unit_norm
    atoms = parameters[models.ATOMS] if constrained else None
    if atoms is not None and atoms.grad is not None:
        models.remove_parallel_(atoms.grad, atoms)
    step()
    if isinstance(weight_l1, Tensor) or weight_l1:
        for weight in weights:
            losses.soft_threshold_(weight, weight_l1)
    if atoms is not None:
        models.unit_norm_(atoms)
