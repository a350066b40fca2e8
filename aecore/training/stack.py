"""K models trained at once: the parameters get a leading axis K, and one step serves them all.

The model, the loss and the optimizers are those of a single training; `torch.func` maps them over the
axis. A smaller layer is the larger one padded with zeros in the trailing rows and columns: where the
activation keeps zero (`grid.ZERO_KEEPING`) these get no gradient, so the padded model is the small one,
to rounding. Strengths, learning rates, weight decays and seeds may differ between members.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from aecore import losses, models
from aecore.config import Config
from aecore.data import ImageData
from aecore.grid import rate_key, stack_key
from aecore.training.loop import EpochLoop, EpochRecord, Position, add_terms, means, part
from aecore.training.optimizers import Optimizer, learning_rate, update_
from aecore.training.single import terms


class Stack(EpochLoop[list[EpochRecord | None]]):
    """Members of one stack being trained; each epoch gives one record a member.

    A member whose loss is no longer finite keeps its last good weights, gets None for a record from then
    on, and leaves the others alone; `failed` says in which epoch.
    """

    def __init__(
        self,
        configs: Sequence[Config],
        data: ImageData,
        on_step: Callable[[Position], bool | None] | None = None,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        if len({stack_key(config, 0) for config in configs}) != 1:
            raise ValueError("the members of a stack must share family, depth, activations and batches")
        super().__init__(configs[0], data, on_step)
        self.configs = list(configs)
        self.shapes: list[dict[str, torch.Size]] = []
        self.template = models.build(_largest(configs), data.shape)
        self.template.requires_grad_(False).to("meta")
        self.parameters = self._initial(data)
        self.weight_names = models.weight_names(self.template)
        self.blocks = self._blocks()
        self.seeds = [config.train.seed for config in configs]
        self.weight_l1 = self._column([config.loss.weight_l1 for config in configs])
        self.failed = torch.zeros(len(configs), dtype=torch.int64)
        if state is not None:
            self.restore(state)

    def member(self, k: int) -> dict[str, Tensor]:
        """Weights of member k by name, cut to its own size, on the CPU."""
        return {
            name: _corner(self.parameters[name][k], shape).detach().cpu().clone()
            for name, shape in self.shapes[k].items()
        }

    def epoch_index(self) -> Tensor:
        # Members with the same seed see the same batches, which then are gathered and normalized once.
        orders = {seed: self.images.epoch_index(seed, self.epoch) for seed in set(self.seeds)}
        return orders[self.seeds[0]] if len(orders) == 1 else torch.stack([orders[s] for s in self.seeds])

    def train_step(self, index: Tensor) -> None:
        x = self.images.batch(index)
        named = self._terms(x, self.epochs_done)
        gradients = torch.autograd.grad(named["loss"].sum(), list(self.parameters.values()))
        for (name, parameter), gradient in zip(self.parameters.items(), gradients, strict=True):
            # Fused optimizers read memory in order, whatever the strides; autograd may hand out a transpose.
            parameter.grad = gradient.contiguous()
            for _, block, members in self.blocks:
                block[name].grad = parameter.grad[members]
        weights = [self.parameters[name] for name in self.weight_names]
        with torch.no_grad():
            update_(self.config, self._step, self.parameters, weights, self._thresholds())
            self._hold_failed()
        add_terms(self.sums, named, index.shape[-1])

    def finish_epoch(self) -> list[EpochRecord | None]:
        training = self._split_means(self.sums)
        validation = self._evaluate(self.images.validation_index)
        # What the last step broke shows in the validation loss, or only in the weights themselves.
        last = [scores["loss"] for scores in validation] if any(validation) else self._weight_sums()
        for k in range(len(self.configs)):
            if not (math.isfinite(training[k]["loss"]) and math.isfinite(last[k])) and not self.failed[k]:
                self.failed[k] = self.epoch + 1
                self._hold(k)
        self._epoch_start = self._copies()
        return [
            None
            if self.failed[k]
            else EpochRecord(
                epoch=self.epoch + 1,
                train=training[k],
                validation=validation[k],
                learning_rate=learning_rate(config.train, self.steps_done - 1, self.steps_total),
                images_per_second=self.images_per_second,
                seconds=self.seconds / len(self.configs),
            )
            for k, config in enumerate(self.configs)
        ]

    def tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": t for name, t in self.parameters.items()}
        for b, (optimizer, _, _) in enumerate(self.blocks):
            tensors |= {f"optimizer.{b}.{name}": t for name, t in optimizer.tensors().items()}
        if self.step:
            # A member that fails later in this epoch falls back to where the epoch began.
            tensors |= {f"start.{name}": t for name, t in self._epoch_start.items()}
        return tensors | {"failed": self.failed}

    def restore_tensors(self, state: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in part(state, "model.").items():
                self.parameters[name].copy_(value)
        for b, (optimizer, _, _) in enumerate(self.blocks):
            optimizer.restore(part(state, f"optimizer.{b}."))
        self.failed = state["failed"].clone()
        start = part(state, "start.")
        self._epoch_start = {k: t.to(self.device, copy=True) for k, t in start.items()} or self._copies()

    def _initial(self, data: ImageData) -> dict[str, Tensor]:
        """Each member's own initial weights in the leading corner of the stacked, zero-filled tensors."""
        stacked = {
            name: torch.zeros(len(self.configs), *p.shape, dtype=self.images.dtype)
            for name, p in self.template.named_parameters()
        }
        for k, config in enumerate(self.configs):
            own = dict(models.build(config.model, data.shape, config.train.seed).named_parameters())
            self.shapes.append({name: p.shape for name, p in own.items()})
            for name, p in own.items():
                _corner(stacked[name][k], p.shape).copy_(p.detach())
        parameters = {name: t.to(self.device).requires_grad_() for name, t in stacked.items()}
        self._epoch_start = {name: t.detach().clone() for name, t in parameters.items()}
        return parameters

    def _blocks(self) -> list[tuple[Optimizer, dict[str, Tensor], slice]]:
        """One optimizer for each run of members with equal rates, over slices that share the stack's memory.

        An optimizer takes one rate; slices cost them nothing over whole tensors.
        """
        blocks = []
        for _, group in groupby(range(len(self.configs)), key=lambda k: rate_key(self.configs[k])):
            members = list(group)
            cut = slice(members[0], members[-1] + 1)
            leaves = {name: t.detach()[cut] for name, t in self.parameters.items()}
            train = self.configs[members[0]].train
            blocks.append((Optimizer(train, leaves, leading_axes=1), leaves, cut))
        return blocks

    def _step(self) -> None:
        for optimizer, _, members in self.blocks:
            train = self.configs[members.start].train
            optimizer.step(learning_rate(train, self.steps_done, self.steps_total))

    def _terms(self, x: Tensor, epoch: float) -> dict[str, Tensor]:
        """Terms by name, each with K values; x is B x C x H x W, or K x B x C x H x W where seeds differ."""
        strengths = [losses.strengths(config.loss, epoch) for config in self.configs]
        names = {name for used in strengths for name in used}
        columns = {name: self._column([used.get(name, 0.0) for used in strengths]) for name in sorted(names)}

        def member(parameters: dict[str, Tensor], x: Tensor, strengths: dict[str, Tensor]) -> dict:
            with torch.autocast(
                self.device.type, torch.bfloat16, enabled=self.config.train.precision == "bfloat16"
            ):
                code, reconstruction = functional_call(self.template, parameters, (x,))
            weights = [parameters[name] for name in self.weight_names]
            return terms(self.config, code, reconstruction, x, weights, self.images.std, strengths)

        return vmap(member, in_dims=(0, 0 if x.ndim == 5 else None, 0))(self.parameters, x, columns)

    @torch.no_grad()
    def _evaluate(self, index: Tensor) -> list[dict[str, float]]:
        sums: dict[str, Tensor] = {}
        if not len(index):
            return [{}] * len(self.configs)
        for batch in index.split(self.config.train.batch_size):
            add_terms(sums, self._terms(self.images.batch(batch), math.inf), len(batch))
        return self._split_means(sums)

    def _split_means(self, sums: Mapping[str, Tensor]) -> list[dict[str, float]]:
        columns = {name: t.tolist() for name, t in sums.items()}
        used = [{"loss", "reconstruction", "squared_error", "images"} | set(s) for s in self._used()]
        return [
            means({name: values[k] for name, values in columns.items() if name in used[k]})
            for k in range(len(self.configs))
        ]

    def _used(self) -> list[dict[str, float]]:
        return [losses.strengths(config.loss) for config in self.configs]

    def _thresholds(self) -> Tensor | float:
        """Proximal thresholds of the members, to be broadcast over any weight; 0 where none has one."""
        return self.weight_l1 if self.weight_l1.any() else 0.0

    def _column(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=self.images.dtype, device=self.device)

    def _copies(self) -> dict[str, Tensor]:
        return {name: t.detach().clone() for name, t in self.parameters.items()}

    def _weight_sums(self) -> list[float]:
        return sum(p.detach().flatten(1).sum(1) for p in self.parameters.values()).tolist()

    @torch.no_grad()
    def _hold(self, k: int) -> None:
        """Puts member k back to its last good weights."""
        for name, parameter in self.parameters.items():
            parameter[k].copy_(self._epoch_start[name][k])

    def _hold_failed(self) -> None:
        for k in self.failed.nonzero().flatten().tolist():
            self._hold(k)


def _largest(configs: Sequence[Config]) -> models.ModelConfig:
    """The smallest model that holds every member in its leading corners."""
    members = [config.model for config in configs]
    return replace(
        members[0],
        latent_size=max(m.latent_size for m in members),
        hidden=tuple(max(widths) for widths in zip(*(m.hidden for m in members), strict=True)),
        channels=tuple(max(widths) for widths in zip(*(m.channels for m in members), strict=True)),
        init="zeros",
    )


def _corner(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    return tensor[tuple(slice(0, n) for n in shape)]
