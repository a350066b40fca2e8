"""From a training to files, for a lone run, a grid's stack, or a worker on Ray.

`updates` trains members anywhere and needs no folder: it may run in a process beside the folder or on
another machine. `Recording` stands where the folders are and writes what the updates hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aecore import models, store
from aecore.analysis import denoising, metrics
from aecore.analysis.probe import probe_index, probe_pictures
from aecore.analysis.sparsity import code_sparsity
from aecore.config import Config
from aecore.data import ImageData, scaling
from aecore.events import Event
from aecore.jobs.frames import FrameCamera, frame_header
from aecore.jobs.process import Reporter
from aecore.jobs.steering import Steering
from aecore.looks import FrameHeader, LookHeader, is_kept, look_count
from aecore.results import EpochRecord, Progress, Result
from aecore.store import GridInfo
from aecore.store.run import Run
from aecore.training.grids import open_training
from aecore.training.images import batch_slices
from aecore.training.loop import EpochLoop, OnStep, Position
from aecore.training.single import NonFiniteLossError
from aecore.training.watch import describe_layers

SAVE_MEMBERS_EVERY = 5.0
"""Seconds between two writings of weights and pictures while several members train; one alone is written
after every epoch."""


@dataclass(frozen=True)
class Snapshot:
    """A member as it is at some moment: what a look at it needs."""

    weights: dict[str, Tensor]
    pictures: dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """What a training has to tell after an epoch, at its end, or at a stop. Tensors are on the CPU."""

    fraction: float
    """Part of all epochs that is done."""
    state: dict[str, Tensor] = field(repr=False)
    """All that resuming needs."""
    records: list[EpochRecord | None] = field(default_factory=list)
    """The epoch's record of each member; None for one that failed."""
    members: list[Snapshot | None] = field(default_factory=list, repr=False)
    """Each member now, where they are to be written; None for one that failed in its first epoch."""
    looks: list[np.ndarray] = field(default_factory=list, repr=False)
    """Each member's looks at its layers since the last update, `looks.look_dtype`."""
    frames: list[np.ndarray] = field(default_factory=list, repr=False)
    """Each member's pictures of the epoch, `looks.frame_dtype`; no row for one that failed."""
    kept: list[dict[str, Tensor] | None] = field(default_factory=list, repr=False)
    """Each member's weights where those of this epoch are to be kept; None for one that failed."""
    outcomes: list[Result | int] = field(default_factory=list)
    """Once all epochs are done: each member's result, or the epoch in which its loss was no longer finite."""


def updates(
    configs: Sequence[Config],
    data: ImageData,
    state: Mapping[str, Tensor] | None = None,
    on_step: OnStep | None = None,
    events: Sequence[Event] = (),
    until: int | None = None,
) -> Iterator[Update]:
    """Trains members together, from their `state` if there is one, to the end or to a stop by `on_step`.

    One alone follows the `events`, a list that may grow meanwhile, and ends after epoch `until` if given,
    with no result if it has epochs left.
    """
    training = open_training(configs, data, on_step, state, events)
    epochs = configs[0].train.epochs
    probe = data.test_images[probe_index(data)]
    written = time.monotonic()
    camera = FrameCamera(training, data) if configs[0].train.record else None
    # The initial weights' pictures come first.
    before = camera.take() if camera is not None and not training.steps_done else []
    for records in training.epochs():
        due = len(configs) == 1 or time.monotonic() - written >= SAVE_MEMBERS_EVERY
        members: list[Snapshot | None] = []
        if due and not training.finished:
            members, written = _snapshots(training, data, probe), time.monotonic()
        frames = camera.take() if camera is not None else []
        yield Update(
            training.epoch / epochs,
            training.state(),
            records,
            members,
            looks=training.take_looks(),
            frames=_joined(before, frames),
            kept=_kept(training),
        )
        before = []
        if until is not None and training.epoch >= until and not training.finished:
            return
    # Weights come from the training itself, so that they and the figures belong to the state beside them,
    # whatever a kill left in the folder.
    yield Update(
        fraction=1.0 if training.finished else training.epoch / epochs,
        state=training.state(),
        members=_snapshots(training, data, probe),
        looks=training.take_looks(),
        frames=before,
        outcomes=_outcomes(training, data) if training.finished else [],
    )


class Recording:
    """The folders of members that train together, and the one that keeps their common state."""

    def __init__(
        self, path: Path, members: Sequence[Path], configs: Sequence[Config], data: ImageData
    ) -> None:
        self.path = path
        self.members = list(members)
        self.configs = list(configs)
        self.shape = data.shape
        self.scaling = scaling(configs[0].data.normalization, data)
        self.headers = [_headers(config, data) for config in configs] if configs[0].train.record else []

    @classmethod
    def of_run(cls, path: Path, data: ImageData) -> Recording:
        """A lone run: its folder keeps the state as well."""
        return cls(path, [path], [store.read_info(path).config], data)

    @classmethod
    def of_stack(cls, info: GridInfo, s: int, data: ImageData) -> Recording:
        """Stack s of a grid."""
        members = store.read_stacks(info.path)[s]
        paths = [info.member_path(k) for k in members]
        return cls(store.stack_path(info.path, s), paths, [info.grid.members[k] for k in members], data)

    def resume(self) -> dict[str, Tensor] | None:
        """The state to go on from, if any; what was noted of later epochs is dropped: it will be redone."""
        state = store.load_state(self.path)
        epoch, step = (int(n) for n in state["position"]) if state else (-1, 0)
        for path in self.members:
            store.truncate_history(path, max(epoch, 0))
            store.truncate_rows(path, epoch, step)
            store.drop_kept_weights(path, epoch)
            store.clear_result(path)
        return state

    @property
    def finished(self) -> bool:
        """Whether each member has its result, or has failed."""
        return all(store.has_result(path) or store.read_failed(path) is not None for path in self.members)

    def take(self, update: Update) -> None:
        """Writes what an update holds. A kill in between is mended by `resume` and what comes after it."""
        # Many small files would keep a stack waiting for the disk; what a resume stands on is the state.
        durable = len(self.members) == 1 or bool(update.outcomes)
        for path, record in zip(self.members, update.records, strict=False):
            if record is not None:
                store.append_history(path, record, durable)
        for path, (looks, _), rows in zip(self.members, self.headers, update.looks, strict=False):
            if len(rows):
                store.append_looks(path, looks, rows)
        for path, (_, frames), rows in zip(self.members, self.headers, update.frames, strict=False):
            if len(rows):
                store.append_frames(path, frames, rows)
        epoch = int(update.state["position"][0])
        for path, weights in zip(self.members, update.kept, strict=False):
            if weights is not None:
                store.save_kept_weights(path, epoch, weights, self.shape, self.scaling)
        store.save_state(self.path, update.state)
        for path, member in zip(self.members, update.members, strict=False):
            if member is not None:
                store.save_weights(path, member.weights, self.shape, self.scaling, durable=durable)
                store.write_pictures(path, member.pictures)
        for path, config, outcome in zip(self.members, self.configs, update.outcomes, strict=False):
            if isinstance(outcome, Result):
                store.write_result(path, outcome)
                continue
            store.write_failed(path, outcome)
            if path != self.path:
                # A lone run's own process says so itself.
                message = str(NonFiniteLossError(config, outcome))
                store.write_progress(path, Progress(status="failed", message=message))


def train_members(
    recording: Recording,
    data: ImageData,
    reporter: Reporter,
    stop: Callable[[], bool] = lambda: False,
    on_record: Callable[[EpochRecord], None] | None = None,
    steering: Steering | None = None,
    until: int | None = None,
) -> bool:
    """Trains the members of a recording into their folders; returns whether they came to their end.

    Ends early, with what was reached saved, when the reporter or `stop` says so, and one alone after epoch
    `until`. `on_record` gets the
    records of the first member. One alone is changed and paused by its `steering`.
    """
    train = recording.configs[0].train
    steps = 0

    def on_step(at: Position) -> bool:
        nonlocal steps
        steps = at.steps
        left = (train.epochs - at.epoch) * at.steps - at.step
        return (
            reporter.update(
                epoch=at.epoch,
                epochs=train.epochs,
                step=at.step,
                steps=at.steps,
                images_per_second=at.images_per_second,
                seconds_left=left * train.batch_size / max(at.images_per_second, 1e-9),
                fraction=(at.epoch + at.step / at.steps) / train.epochs,
            )
            or stop()
            or (steering is not None and steering.after_step(at.epoch, at.step, at.steps))
        )

    events = steering.events if steering is not None else ()
    for update in updates(recording.configs, data, recording.resume(), on_step, events, until):
        recording.take(update)
        epoch = int(update.state["position"][0])
        reporter.update(force=True, epoch=epoch, step=0, fraction=update.fraction)
        for record in update.records[:1]:
            if on_record is not None and record is not None:
                on_record(record)
        if steering is not None and any(update.records) and steering.after_epoch(epoch, steps):
            # All that was reached is saved.
            break
    return recording.finished


def _run(training: EpochLoop, k: int, data: ImageData) -> Run:
    """Member k as a run without a folder."""
    config = training.configs[k]
    # Without initial weights, which would cost a large network more than the look at it does.
    with torch.device("meta"):
        model = models.build(config.model, data.shape)
    weights = {name: t.float() if t.is_floating_point() else t for name, t in training.member(k).items()}
    model.load_state_dict(weights, assign=True)
    model.eval().requires_grad_(False)
    return Run(Path(), "", config, data.shape, training.images.scaling, model)


def _snapshots(training: EpochLoop, data: ImageData, probe: Tensor) -> list[Snapshot | None]:
    """Each member's weights, and its pictures of the probe images."""
    found: list[Snapshot | None] = []
    for k in range(len(training.configs)):
        if int(training.failed[k]) == 1:
            found.append(None)
            continue
        found.append(Snapshot(training.member(k), probe_pictures(_run(training, k, data), probe)))
    return found


def _outcomes(training: EpochLoop, data: ImageData) -> list[Result | int]:
    """Each member scored on the validation and test images, or the epoch in which it failed."""
    validation = training.evaluate_validation()
    images = data.train_images[data.split(*_split(training.configs[0]))[1]]
    seconds = (training.seconds_before + training.seconds) / len(training.configs)
    found: list[Result | int] = []
    for k in range(len(training.configs)):
        if training.failed[k]:
            found.append(int(training.failed[k]))
            continue
        run = _run(training, k, data)
        found.append(
            Result(
                test=metrics.evaluate(run, data),
                epochs=training.epoch,
                seconds=seconds,
                parameters=sum(p.numel() for p in run.model.parameters()),
                device=str(training.device),
                validation=validation[k],
                validation_standard_error=metrics.standard_error(metrics.errors_on(run, images)),
                code=code_sparsity(run.encode(data.test_images)),
                validation_code=code_sparsity(run.encode(images)) if len(images) > 1 else None,
                denoised=denoising.evaluate(run, data),
            )
        )
    return found


def _headers(config: Config, data: ImageData) -> tuple[LookHeader, FrameHeader]:
    """What a run's notes of its layers and its pictures are of."""
    with torch.device("meta"):
        model = models.build(config.model, data.shape)
    layers = describe_layers(model, config.model)
    return LookHeader(layers), frame_header(model, config, data)


@dataclass(frozen=True)
class NotedBytes:
    """What a run's notes will take in its folder, in bytes."""

    looks: int
    frames: int
    weights: int
    """Of the epochs whose weights are kept beside the last."""

    @property
    def total(self) -> int:
        return self.looks + self.frames + self.weights


def noted_bytes(config: Config, data: ImageData) -> NotedBytes:
    """Says before the start what a run will note, as its config has it."""
    train = config.train
    images = len(data.split(*_split(config))[0])
    steps = len(batch_slices(images, train.batch_size))
    looks, frames = _headers(config, data)
    epochs = sum(is_kept(train, epoch) for epoch in range(1, train.epochs + 1))
    # Beside the numbers themselves a file has their names and sizes.
    with torch.device("meta"):
        tensors = models.build(config.model, data.shape).state_dict().values()
    weight = 8 if train.precision == "float64" else 4
    each = sum(t.numel() * weight for t in tensors) + 100 * len(tensors)
    if not train.record:
        return NotedBytes(0, 0, epochs * each)
    rows = look_count(train.epochs, steps)
    return NotedBytes(rows * looks.dtype.itemsize, (train.epochs + 1) * frames.dtype.itemsize, epochs * each)


def _joined(before: list[np.ndarray], frames: list[np.ndarray]) -> list[np.ndarray]:
    return [np.concatenate(pair) for pair in zip(before, frames, strict=True)] if before else frames


def _kept(training: EpochLoop) -> list[dict[str, Tensor] | None]:
    """Each member's weights if those of this epoch are kept."""
    if not is_kept(training.config.train, training.epoch):
        return []
    return [None if training.failed[k] else training.member(k) for k in range(len(training.configs))]


def _split(config: Config) -> tuple[float, int]:
    return config.data.validation_fraction, config.data.split_seed
