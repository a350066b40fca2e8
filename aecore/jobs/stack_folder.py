"""What a stack's training tells, and how it comes into the members' folders.

`updates` trains a stack anywhere and needs no folder: it may run in a process beside the folder or on
another machine. `StackFolder` stands where the folder is and writes what the updates hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aecore import models, store
from aecore.analysis import metrics
from aecore.analysis.probe import probe_index
from aecore.analysis.sparsity import code_sparsity
from aecore.config import Config
from aecore.data import ImageData, scaling, to_uint8
from aecore.files import read_object, write_json
from aecore.store import GridInfo, stack_path
from aecore.store.run import Run
from aecore.training.loop import Position
from aecore.training.stack import Stack
from aecore.training.stacking import Alone, open_stack

SAVE_MEMBERS_EVERY = 5.0
"""Seconds between two writings of the members' weights and pictures while a stack trains."""


@dataclass(frozen=True)
class Snapshot:
    """A member as it is at some moment: what a look at it needs."""

    weights: dict[str, Tensor]
    pictures: dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """What a stack has to tell after an epoch, at its end, or when it was stopped. Tensors are on the CPU."""

    fraction: float
    """Part of the stack's epochs that is done."""
    state: dict[str, Tensor] = field(repr=False)
    """All that resuming needs."""
    records: list[dict[str, Any] | None] = field(default_factory=list)
    """The epoch's record of each member; None for one that failed."""
    members: list[Snapshot] | None = field(default=None, repr=False)
    figures: list[dict[str, Any]] | None = None
    """Test figures of each member, once all epochs are done; {"failed": epoch} for one that failed."""


def updates(
    configs: Sequence[Config],
    data: ImageData,
    state: Mapping[str, Tensor] | None = None,
    on_step: Callable[[Position], bool | None] | None = None,
) -> Iterator[Update]:
    """Trains a stack, from its `state` if there is one, to the end or until `on_step` returns True."""
    stack = open_stack(configs, data, on_step, state)
    epochs = configs[0].train.epochs
    probe = data.test_images[probe_index(data)]
    told = time.monotonic()
    for records in stack:
        due = time.monotonic() - told >= SAVE_MEMBERS_EVERY and stack.epoch < epochs
        plain = [record and record.to_dict() for record in records]
        members = _snapshots(stack, configs, data, probe) if due else None
        told = time.monotonic() if due else told
        yield Update(stack.epoch / epochs, stack.state(), plain, members)
    stopped = stack.stopped and stack.epoch < epochs
    yield Update(
        fraction=stack.epoch / epochs if stopped else 1.0,
        state=stack.state(),
        members=_snapshots(stack, configs, data, probe),
        figures=None if stopped else _figures(stack, configs, data),
    )


def epochs_done(state: Mapping[str, Tensor] | None) -> int:
    """Whole epochs that a stack's state has behind it."""
    return int(state["position"][0]) if state else 0


class StackFolder:
    """Histories, weights, pictures and results of a stack's members, in their folders."""

    def __init__(self, info: GridInfo, s: int, data: ImageData) -> None:
        self.grid = info.grid
        self.shape = data.shape
        self.path = stack_path(info.path, s)
        self.members = store.read_stacks(info.path)[s]
        self.configs = [info.grid.members[k] for k in self.members]
        self.paths = [info.path / str(k) for k in self.members]
        self.scaling = scaling(self.configs[0].data.normalization, data)

    def resume(self) -> dict[str, Tensor] | None:
        """The stack's state, if any; what members noted of later epochs is dropped: it will be redone."""
        state = store.load_state(self.path)
        for path in self.paths:
            if (path / store.HISTORY).exists():
                store.truncate_history(path, epochs_done(state))
        return state

    @property
    def finished(self) -> bool:
        """Whether the stack has all its epochs and its members' figures."""
        return read_object(self.path / store.RESULT) is not None

    def take(self, update: Update) -> None:
        """Writes what an update holds. A kill in between is mended by `resume`."""
        for path, record in zip(self.paths, update.records, strict=False):
            if record is not None:
                store.append_history(path, record, durable=False)
        store.save_state(self.path, update.state)
        for path, member in zip(self.paths, update.members or (), strict=False):
            store.save_weights(path, member.weights, self.shape, self.scaling, durable=False)
            store.write_pictures(path, member.pictures)
        if update.figures is not None:
            self._finish(update.figures)

    def _finish(self, figures: Sequence[Mapping[str, Any]]) -> None:
        """Writes each member's row of the table; the stack's own result comes last."""
        seconds = 0.0
        for k, path, found in zip(self.members, self.paths, figures, strict=True):
            history = store.read_history(path)
            spent = sum(record["seconds"] for record in history)
            seconds += spent
            if epoch := found.get("failed"):
                write_json(path / store.FAILED, dict(found))
                message = (
                    f"The loss was no longer finite in epoch {epoch}; the weights kept are those of "
                    f"epoch {epoch - 1}."
                )
                store.write_progress(path, {"status": "failed", "message": message})
                continue
            row = {
                "k": k,
                "axes": self.grid.position_of(k),
                **found,
                "validation": history[-1]["validation"] if history else {},
                "seconds": spent,
                "epochs": len(history),
            }
            store.write_result(path, row)
        store.write_result(self.path, {"seconds": seconds})


def _run(stack: Stack | Alone, configs: Sequence[Config], i: int, data: ImageData) -> Run:
    weights = stack.member(i)
    model = models.build(configs[i].model, data.shape)
    model.load_state_dict(weights)
    model.eval().requires_grad_(False)
    return Run(Path(), "", configs[i], data.shape, stack.images.scaling, model)


def _snapshots(
    stack: Stack | Alone, configs: Sequence[Config], data: ImageData, probe: Tensor
) -> list[Snapshot]:
    """Each member's weights, and its pictures of the probe images."""
    found = []
    for i in range(len(configs)):
        code = (run := _run(stack, configs, i, data)).encode(probe)
        picture = torch.from_numpy(to_uint8(run.decode(code)))
        found.append(Snapshot(stack.member(i), {"reconstruction": picture, "code": code}))
    return found


def _figures(stack: Stack | Alone, configs: Sequence[Config], data: ImageData) -> list[dict[str, Any]]:
    """Each member scored on the test images."""
    found = []
    for i in range(len(configs)):
        if stack.failed[i]:
            found.append({"failed": int(stack.failed[i])})
            continue
        run = _run(stack, configs, i, data)
        figures = {
            "test": metrics.evaluate(run, data),
            "code": code_sparsity(run.encode(data.test_images)).to_dict(),
            "parameters": sum(p.numel() for p in run.model.parameters()),
            "device": str(stack.device),
        }
        found.append(figures)
    return found
