"""A grid trained in this process, stack after stack; processes and folders are in `aecore.jobs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from aecore import models
from aecore.config import Config
from aecore.data import ImageData
from aecore.events import Event
from aecore.grid import Grid
from aecore.models import AutoEncoder
from aecore.results import EpochRecord
from aecore.training.loop import EpochLoop, OnStep
from aecore.training.single import Training
from aecore.training.stack import Stack
from aecore.training.stacking import plan_stacks


@dataclass(frozen=True)
class MemberRecord:
    """An epoch of one member."""

    k: int
    record: EpochRecord

    def to_dict(self) -> dict[str, Any]:
        return {"k": self.k, **self.record.to_dict()}


def open_training(
    configs: Sequence[Config],
    data: ImageData,
    on_step: OnStep | None = None,
    state: Mapping[str, Tensor] | None = None,
    events: Sequence[Event] = (),
) -> EpochLoop:
    """The training of members that `plan_stacks` put together, or its continuation from a `state`.

    `events` change the settings of one alone; ValueError where several have any.
    """
    if len(configs) == 1:
        return Training(configs[0], data, on_step, state, events)
    if events:
        raise ValueError("the settings of members that train together can't be changed while they train")
    return Stack(configs, data, on_step, state)


class GridTraining:
    """A grid trained in this process, stack after stack; iterate over it for the members' epoch records.

    ValueError for one whose members may stop early: it compares them between processes.
    """

    def __init__(self, grid: Grid, data: ImageData) -> None:
        if grid.halving:
            raise ValueError("a grid whose members may stop early trains in a folder, by aecore.jobs")
        self.grid = grid
        self.data = data
        self.weights: dict[int, dict[str, Tensor]] = {}
        """Weights of each member whose stack is done, by k."""
        self.failed: dict[int, int] = {}
        """Epoch in which a member's loss was no longer finite, by k."""

    def __iter__(self) -> Iterator[MemberRecord]:
        for members in plan_stacks(self.grid, self.data.shape):
            stack = open_training([self.grid.members[k] for k in members], self.data)
            for records in stack.epochs():
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
