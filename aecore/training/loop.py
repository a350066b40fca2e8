"""What every training shares: images on the device, their order, and the loop over epochs and steps.

The images stay on the device as one uint8 tensor; the order of epoch e is a function of (seed, e) alone,
so that weights, optimizer state and position are all that a resumed run needs to give the same bits as
one that was never stopped. The caller owns the progress display and the stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from aecore.config import Config
from aecore.data import ImageData, Scaling, scaling

DTYPES = {"float32": torch.float32, "bfloat16": torch.float32, "float64": torch.float64}
"""Type of the stored weights; bfloat16 is autocast over float32 weights."""


class NonFiniteLossError(RuntimeError):
    """The loss became infinite or not a number; the message says in which epoch."""


@dataclass(frozen=True)
class EpochRecord:
    """One line of a run's history."""

    epoch: int
    """Number of passes finished, from 1."""
    train: dict[str, float]
    """`loss`, its terms by name and `squared_error`, averaged over the epoch while weights moved."""
    validation: dict[str, float]
    """The same over the validation images after the epoch; empty where there are none."""
    learning_rate: float
    """At the epoch's last step."""
    images_per_second: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Position:
    """Where a training is, handed to `on_step`."""

    epoch: int  # finished epochs
    step: int  # finished steps of the current one
    steps: int  # steps in an epoch
    images_per_second: float


def resolve_device(name: str) -> torch.device:
    """The device that `train.device` names; ValueError in one sentence where this machine has none."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available[name]:
        usable = ", ".join(kind for kind, there in available.items() if there)
        raise ValueError(f"train.device {name} is not on this machine; use {usable} or auto")
    return torch.device(name)


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The order of n training images in an epoch (counted from 0): a permutation, int64, on the CPU."""
    state = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]
    return torch.randperm(n, generator=torch.Generator().manual_seed(int(state >> 1)))


def batch_slices(n: int, batch_size: int) -> list[slice]:
    """Cuts of an epoch. A lone last image is left out: BatchNorm needs two."""
    cuts = [slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    return cuts[:-1] if len(cuts) > 1 and n % batch_size == 1 else cuts


class Images:
    """A data set's images, resident on a device as uint8 and normalized batch by batch."""

    def __init__(self, config: Config, data: ImageData, device: torch.device) -> None:
        self.scaling: Scaling = scaling(config.data.normalization, data)
        self.dtype = DTYPES[config.train.precision]
        self.train = data.train_images.to(device)
        order, validation = data.split(config.data.validation_fraction, config.data.split_seed)
        self.train_index = order.to(device)
        self.validation_index = validation.to(device)
        std = self.scaling.std
        self.std: float | Tensor = (
            float(std[0])
            if len(set(std)) == 1
            else torch.tensor(std, dtype=self.dtype, device=device).view(-1, 1, 1)
        )

    def epoch_index(self, seed: int, epoch: int) -> Tensor:
        """Indices of the training images in the order of that epoch, on the device."""
        return self.train_index[epoch_order(seed, epoch, len(self.train_index)).to(self.train.device)]

    def batch(self, index: Tensor) -> Tensor:
        """Training images at `index` (any shape), normalized: *index.shape x C x H x W."""
        # index_select copies whole images: on the CPU ten times as fast as indexing by a tensor.
        images = self.train.index_select(0, index.reshape(-1))
        return self.normalize(images).view(*index.shape, *images.shape[1:])

    def normalize(self, images: Tensor) -> Tensor:
        return self.scaling.normalize(images, dtype=self.dtype)


Record = TypeVar("Record")


class EpochLoop(Generic[Record]):
    """Epochs, steps, progress and stop, whatever is trained; iterate over it for the epochs' records.

    `on_step(position)` is called after each step and stops the loop by returning True; the model reached
    is kept, and a `state` taken then continues at the very next step. A subclass gives the hooks below.
    """

    def __init__(
        self, config: Config, data: ImageData, on_step: Callable[[Position], bool | None] | None
    ) -> None:
        self.config = config
        self.device = resolve_device(config.train.device)
        self.images = Images(config, data, self.device)
        self.slices = batch_slices(len(self.images.train_index), config.train.batch_size)
        self.on_step = on_step
        self.stopped = False
        self.epoch = 0
        self.step = 0
        self.sums: dict[str, Tensor] = {}
        """Sums over the images of the current epoch, by term."""
        self.seconds = 0.0
        self.images_per_second = 0.0

    def epoch_index(self) -> Tensor:
        """Hook: indices into the training images in this epoch's order, the last axis along the epoch."""
        raise NotImplementedError

    def train_step(self, index: Tensor) -> None:
        """Hook: one update from the images at `index`, adding its terms to `sums`."""
        raise NotImplementedError

    def finish_epoch(self) -> Record:
        """Hook: the record of the epoch whose last step is done."""
        raise NotImplementedError

    def watch(self) -> None:
        """Hook: called every few steps; may raise NonFiniteLossError."""

    def tensors(self) -> dict[str, Tensor]:
        """Hook: weights and optimizer state by name."""
        raise NotImplementedError

    def restore_tensors(self, state: Mapping[str, Tensor]) -> None:
        """Hook: takes back what `tensors` gave."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Record]:
        while self.epoch < self.config.train.epochs and not self.stopped:
            good = self.state()
            try:
                finished = self._run_steps()
                record = self.finish_epoch() if finished else None
            except NonFiniteLossError:
                self.restore(good)
                raise
            if record is not None:
                self.epoch, self.step, self.sums, self.seconds = self.epoch + 1, 0, {}, 0.0
                yield record

    def state(self) -> dict[str, Tensor]:
        """Everything that a resumed training needs, by name, copied to the CPU."""
        state = self.tensors() | {f"sum.{name}": value for name, value in self.sums.items()}
        state["position"] = torch.tensor([self.epoch, self.step])
        state["seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        return {name: t.detach().to("cpu", copy=True) for name, t in state.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continues from what `state` gave; ValueError where that was another model's."""
        try:
            self.restore_tensors(state)
            self.epoch, self.step = (int(v) for v in state["position"])
            self.seconds = float(state["seconds"])
        except (KeyError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"the saved state does not fit the config: {reason}") from error
        self.sums = {k: t.to(self.device, copy=True) for k, t in part(state, "sum.").items()}

    @property
    def steps_done(self) -> int:
        """Steps since the run began."""
        return self.epoch * len(self.slices) + self.step

    @property
    def steps_total(self) -> int:
        return self.config.train.epochs * len(self.slices)

    @property
    def epochs_done(self) -> float:
        """Passes over the images, with the fraction of the current one."""
        return self.epoch + self.step / len(self.slices)

    def _run_steps(self) -> bool:
        """Takes the epoch to its end, or to a stop; returns whether the end was reached."""
        index = self.epoch_index()
        earlier, done_before, started = self.seconds, self.step, time.perf_counter()
        # Reading a value back waits for an accelerator's queue, so look only now and then there.
        look_every = 1 if self.device.type == "cpu" else 50
        for cut in self.slices[self.step :]:
            self.train_step(index[..., cut])
            self.step += 1
            if self.step % look_every == 0 or self.step == len(self.slices):
                self.watch()
            now = time.perf_counter() - started
            self.seconds = earlier + now
            self.images_per_second = (self.step - done_before) * self.config.train.batch_size / max(now, 1e-9)
            position = Position(self.epoch, self.step, len(self.slices), self.images_per_second)
            if self.on_step is not None and self.on_step(position):
                self.stopped = True
                break
        return self.step == len(self.slices)


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries under a prefix, named without it."""
    return {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}


def add_terms(sums: dict[str, Tensor], named: Mapping[str, Tensor], n: int) -> None:
    """Adds n times each term to `sums`, and n to its count of images."""
    for name, value in named.items():
        sums[name] = sums[name].add(value.detach(), alpha=n) if name in sums else value.detach() * n
    sums["images"] = sums["images"] + n if "images" in sums else torch.full_like(sums["loss"], n)


def means(sums: Mapping[str, float]) -> dict[str, float]:
    """Means over images from plain sums, `loss` first."""
    values = dict(sums)
    n = values.pop("images", 1.0)
    return {name: value / n for name, value in sorted(values.items(), key=lambda kv: kv[0] != "loss")}
