"""K models trained at once: the parameters get a leading axis K, and one step serves them all.

The model, the loss and the optimizers are those of a single training; `torch.func` maps them over the
axis. A smaller layer is the larger one padded with zeros in the trailing rows and columns: where the
activation keeps zero (`stacking.ZERO_KEEPING`) these get no gradient, so the padded model is the small one,
to rounding. What else may differ between members is declared at the config's fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from aecore import losses, models
from aecore.batch import Batch, Noise
from aecore.config import Config
from aecore.data import TrainingData
from aecore.training.loop import EpochLoop, OnStep, corner
from aecore.training.optimizers import Optimizer, learning_rate, update_
from aecore.training.stacking import rate_key, stack_key


class Stack(EpochLoop):
    """Members of one stack being trained. ValueError where they can't share one."""

    def __init__(
        self,
        configs: Sequence[Config],
        data: TrainingData,
        on_step: OnStep | None = None,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        if len({stack_key(config) for config in configs}) != 1 or stack_key(configs[0]) is None:
            raise ValueError("the members of a stack must share family, depth, activations and batches")
        super().__init__(configs, data, on_step)
        with torch.device("meta"):
            self.model = models.build(_largest(configs), data.shape)
        self.model.requires_grad_(False)
        self._all_layers = models.AllLayers(self.model)
        initial = [dict(models.build(c.model, data.shape, c.train.seed).named_parameters()) for c in configs]
        self.shapes = [{name: p.shape for name, p in own.items()} for own in initial]
        self.parameters = self._stacked(initial)
        self.tensors = {name: t.detach() for name, t in self.parameters.items()}
        self.weight_names = models.weight_names(self.model)
        self.weights = [self.parameters[name] for name in self.weight_names]
        self.blocks = self._blocks()
        self.optimizers = [(optimizer, members) for optimizer, _, members in self.blocks]
        weight_l1 = self._column([config.loss.weight_l1 for config in configs])
        self.thresholds = weight_l1 if weight_l1.any() else 0.0
        sizes = torch.tensor([config.model.latent_size for config in configs], device=self.device)
        self._own_units = torch.arange(int(sizes.max()), device=self.device) < sizes[:, None]
        if state is not None:
            self.restore(state)

    def compute_terms(self, batch: Batch, epoch: float) -> dict[str, Tensor]:
        strengths = [losses.strengths(config, epoch) for config in self.configs]
        names = sorted({name for used in strengths for name in used})
        columns = {name: self._column([used.get(name, 0.0) for used in strengths]) for name in names}

        def of_member(
            parameters: dict[str, Tensor], own_units: Tensor, batch: Batch, strengths: dict[str, Tensor]
        ) -> dict:
            noise = self.code_noise(batch)
            if noise is not None:
                # A padded unit's mean is zero, and its draw has to be: what it decodes with gets no gradient.
                noise = noise * own_units
            with self.autocast():
                output = functional_call(self.model, parameters, (batch.input, noise))
            weights = [parameters[name] for name in self.weight_names]
            return losses.terms(self.config.loss, batch, output, weights, strengths, self.images.std)

        # Images have a leading axis where the members' seeds, and so their batches, differ.
        by_image = 0 if batch.input.ndim == 5 else None
        noise = None if batch.noise is None else Noise._make((by_image, None, by_image))
        axes = (0, 0, Batch._make((by_image, by_image, noise)), 0)
        return vmap(of_member, in_dims=axes)(self.parameters, self._own_units, batch, columns)

    def set_gradients(self, loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss.sum(), list(self.parameters.values()))
        for (name, parameter), gradient in zip(self.parameters.items(), gradients, strict=True):
            # Fused optimizers read memory in order, whatever the strides; autograd may hand out a transpose.
            parameter.grad = gradient.contiguous()
            for _, block, members in self.blocks:
                block[name].grad = parameter.grad[members]

    def gradients(self) -> Mapping[str, Tensor]:
        return {name: p.grad for name, p in self.parameters.items() if p.grad is not None}

    @torch.no_grad()
    def layer_outputs(self, images: Tensor) -> list[Tensor]:
        # What can be stacked computes the same in training mode.
        def of_member(parameters: dict[str, Tensor]) -> list[Tensor]:
            with self.autocast():
                return functional_call(self._all_layers, parameters, (images,))

        return vmap(of_member)({f"model.{name}": t for name, t in self.tensors.items()})

    @torch.no_grad()
    def update(self) -> None:
        update_(self.config, self._step, self.parameters, self.weights, self.thresholds)

    def set_training(self, training: bool) -> None:
        self.model.train(training)

    def _step(self) -> None:
        for optimizer, members in self.optimizers:
            train = self.configs[members.start].train
            optimizer.step(learning_rate(train, self.steps_done, self.steps_total))

    def _stacked(self, initial: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Each member's own initial weights in the leading corner of the stacked, zero-filled tensors."""
        stacked = {
            name: torch.zeros(len(initial), *p.shape, dtype=self.images.dtype)
            for name, p in self.model.named_parameters()
        }
        for k, own in enumerate(initial):
            for name, p in own.items():
                corner(stacked[name][k], p.shape).copy_(p.detach())
        return {name: t.to(self.device).requires_grad_() for name, t in stacked.items()}

    def _blocks(self) -> list[tuple[Optimizer, dict[str, Tensor], slice]]:
        """One optimizer for each run of members with equal rates, over slices that share the stack's memory.

        An optimizer takes one rate; slices cost them nothing over whole tensors.
        """
        blocks = []
        for _, group in groupby(range(len(self.configs)), key=lambda k: rate_key(self.configs[k])):
            members = list(group)
            cut = slice(members[0], members[-1] + 1)
            leaves = {name: t[cut] for name, t in self.tensors.items()}
            optimizer = Optimizer(self.configs[members[0]].train, leaves, True, self.shapes[cut])
            blocks.append((optimizer, leaves, cut))
        return blocks

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=self.images.dtype, device=self.device)


def _largest(configs: Sequence[Config]) -> models.ModelConfig:
    """The smallest model that holds every member in its leading corners."""
    members = [config.model for config in configs]
    return replace(
        members[0],
        latent_size=max(m.latent_size for m in members),
        hidden=tuple(max(widths) for widths in zip(*(m.hidden for m in members), strict=True)),
        channels=tuple(max(widths) for widths in zip(*(m.channels for m in members), strict=True)),
        init="default",
    )
