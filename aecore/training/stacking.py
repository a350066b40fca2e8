"""Training a grid's members: how they are cut into stacks on a device, and one stack from start to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from torch import Tensor

from aecore import models
from aecore.config import Config
from aecore.data import ImageData
from aecore.grid import Grid, plan
from aecore.models import AutoEncoder
from aecore.training.loop import EpochLoop, EpochRecord, NonFiniteLossError, Position, resolve_device
from aecore.training.single import Training
from aecore.training.stack import Stack

CPU_STACK = 16
"""Largest stack on a CPU, where only small models gain by it: in `python -m benchmarks grid` the post's
network trains 1.1 to 1.8 times as fast in stacks on digits, and 1.5 times as fast alone on MNIST."""

CPU_ALONE = 100_000
"""Weights from which on a CPU's time goes into arithmetic, which stacking does not make less."""

MEMORY_PART = 0.6
"""Part of a device's free memory that a stack may be planned to take."""


@dataclass(frozen=True)
class MemberRecord:
    """An epoch of one member."""

    k: int
    record: EpochRecord

    def to_dict(self) -> dict[str, Any]:
        return {"k": self.k, **self.record.to_dict()}


class Alone(EpochLoop[list[EpochRecord | None]]):
    """A stack of one, trained as a run is: for members that can't be stacked, and where it is faster."""

    def __init__(
        self,
        configs: Sequence[Config],
        data: ImageData,
        on_step: Callable[[Position], bool | None] | None = None,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.training = Training(configs[0], data, on_step, state)
        self.images = self.training.images
        self.device = self.training.device
        self.failed = torch.zeros(1, dtype=torch.int64)

    def __iter__(self) -> Iterator[list[EpochRecord | None]]:
        try:
            for record in self.training:
                yield [record]
        except NonFiniteLossError:
            self.failed[0] = self.training.epoch + 1

    @property
    def stopped(self) -> bool:
        return self.training.stopped

    @property
    def epoch(self) -> int:
        return self.training.epoch

    def state(self) -> dict[str, Tensor]:
        return self.training.state()

    def member(self, k: int) -> dict[str, Tensor]:
        return {name: t.detach().cpu().clone() for name, t in self.training.model.state_dict().items()}


def open_stack(
    configs: Sequence[Config],
    data: ImageData,
    on_step: Callable[[Position], bool | None] | None = None,
    state: Mapping[str, Tensor] | None = None,
) -> Stack | Alone:
    """The training of members that `plan_stacks` put together, or its continuation from a `state`."""
    return (Alone if len(configs) == 1 else Stack)(configs, data, on_step, state)


def plan_stacks(
    grid: Grid, shape: tuple[int, int, int], device: str | None = None, free: int | None = None
) -> list[list[int]]:
    """Stacks as lists of k, as large as pays on the device and fits into its memory.

    On a GPU one small model leaves the chip idle, so a stack is as large as memory allows. On a CPU
    stacking saves the overhead of many small operations; large layers and convolutions gain nothing by it
    and go alone, in processes side by side. `device` and its `free` bytes are this machine's unless stated.
    """
    kind = device or resolve_device(grid.base.train.device).type
    free = free_memory(kind) if free is None else free

    def largest(configs: Sequence[Config]) -> int:
        if kind != "cpu":
            return fitting(configs, shape, free)
        kinds = {config.model for config in configs}
        if any(m.family == "conv" or models.parameter_count(m, shape) > CPU_ALONE for m in kinds):
            return 1
        # As many stacks as there are cores train at once, each of them in its share of the memory.
        cores = os.cpu_count() or 1
        return min(CPU_STACK, -(-len(configs) // cores), fitting(configs, shape, free // cores))

    return plan(grid, largest)


def fitting(configs: Sequence[Config], shape: tuple[int, int, int], free: int) -> int:
    """Members that fit into `free` bytes, by the largest member's need; at least one."""
    return max(1, int(free * MEMORY_PART / max(member_bytes(c, shape) for c in configs)))


def member_bytes(config: Config, shape: tuple[int, int, int]) -> int:
    """Memory that a member takes while it trains: weights, gradients, optimizer state and activations.

    Six values a weight (two of them copies: where the epoch began, and the state being saved), and for each
    image of a batch four of a layer's values (before and after the activation, each with its gradient).
    """
    weights = 6 * models.parameter_count(config.model, shape)
    activations = 4 * config.train.batch_size * sum(models.layer_sizes(config.model, shape))
    return (weights + activations) * (8 if config.train.precision == "float64" else 4)


def free_memory(kind: str) -> int:
    """Free bytes on a CUDA device; for a CPU, and for MPS, which shares it, of the machine."""
    if kind == "cuda":
        return torch.cuda.mem_get_info()[0]
    return psutil.virtual_memory().available


class GridTraining:
    """A grid trained in this process, stack after stack; iterate over it for the members' epoch records."""

    def __init__(self, grid: Grid, data: ImageData) -> None:
        self.grid = grid
        self.data = data
        self.weights: dict[int, dict[str, Tensor]] = {}
        """Weights of each member whose stack is done, by k."""
        self.failed: dict[int, int] = {}
        """Epoch in which a member's loss was no longer finite, by k."""

    def __iter__(self) -> Iterator[MemberRecord]:
        for members in plan_stacks(self.grid, self.data.shape):
            stack = open_stack([self.grid.members[k] for k in members], self.data)
            for records in stack:
                for k, record in zip(members, records, strict=True):
                    if record is not None:
                        yield MemberRecord(k, record)
            for i, k in enumerate(members):
                self.weights[k] = stack.member(i)
                if stack.failed[i]:
                    self.failed[k] = int(stack.failed[i])

    def model(self, k: int) -> AutoEncoder:
        """Member k's model, in evaluation mode, on the CPU."""
        model = models.build(self.grid.members[k].model, self.data.shape)
        model.to(next(iter(self.weights[k].values())).dtype).load_state_dict(self.weights[k])
        return model.eval()


def train_grid(grid: Grid, data: ImageData) -> GridTraining:
    """Train all members of a grid: `for member in train_grid(grid, data): ...`."""
    return GridTraining(grid, data)
