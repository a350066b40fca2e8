"""What every training shares, of one model or a stack: images on the device, epochs, steps, state, figures.

The images stay on the device as one uint8 tensor; the order of epoch e is a function of (seed, e) alone,
so that weights, optimizer state and position are all that a resumed training needs to give the same bits
as one that was never stopped. The caller owns the progress display and the stop.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore import losses, models
from aecore.batch import Batch, Noise
from aecore.config import Config
from aecore.corruption import EVALUATION
from aecore.data import TrainingData
from aecore.events import Event, settings_at
from aecore.looks import Layer, is_looked_at
from aecore.results import EpochRecord
from aecore.training.finite import EVERY, FiniteWatch
from aecore.training.images import Images, batch_slices, resolve_device
from aecore.training.optimizers import Optimizer, learning_rate
from aecore.training.products import fast_products
from aecore.training.watch import IMAGES, Before, LayerWatch, describe_layers

_IN_ORDER: Any = {"memory_format": torch.contiguous_format}
"""How tensors leave, whatever order they train in: a file holds them along their axes."""


@dataclass(frozen=True)
class Position:
    """Where a training is, handed to `on_step`."""

    epoch: int  # finished epochs
    step: int  # finished steps of the current one
    steps: int  # steps in an epoch
    images_per_second: float


OnStep = Callable[[Position], bool | None]
"""Called after each step; stops the training by returning True."""


class EpochLoop(ABC):
    """K models trained side by side for the epochs that their configs agree on; `epochs` gives the records.

    `on_step(position)` is called after each step and stops the loop by returning True; the models reached
    are kept, and a `state` taken then continues at the very next step. A member whose loss is no longer
    finite keeps the weights it had when that epoch began, gets None for a record from then on, and leaves
    the others alone; `failed` says in which epoch (0: in none). `events` are the changes that the training
    follows, each from its step on; the list may grow while it trains.
    """

    def __init__(
        self,
        configs: Sequence[Config],
        data: TrainingData,
        on_step: OnStep | None,
        events: Sequence[Event] = (),
    ) -> None:
        self.configs = list(configs)
        self.config = configs[0]
        self.settings = list(configs)
        """The members' configs with what is in force at the current step."""
        self.device = resolve_device(self.config.train.device)
        self.images = Images(self.config, data, self.device)
        self._shape = data.shape
        self.slices = batch_slices(len(self.images.train_index), self.config.train.batch_size)
        seeds = [config.train.seed for config in configs]
        self.seeds: Tensor | int = seeds[0] if len(seeds) == 1 else torch.tensor(seeds, device=self.device)
        """The members' seeds, which their noise depends on: one number, or K."""
        self.on_step = on_step
        self.events = events
        self._events_known = 0
        self._next_change = math.inf
        self.stopped = False
        self.epoch = 0
        self.step = 0
        self.failed = torch.zeros(len(configs), dtype=torch.int64)
        self.seconds = 0.0
        """Of the current epoch, for all members."""
        self.seconds_before = 0.0
        """Of the epochs before it."""
        self.images_per_second = 0.0
        self._sums: dict[str, Tensor] = {}
        """Sums over the images of the current epoch, by term, one value or K."""
        self._epoch_start: dict[str, Tensor] = {}
        self._watched = data.test_images[:IMAGES]
        self._watch: LayerWatch | None = None
        """Made at the first look, and none where the config records nothing."""
        self._looks: list[np.ndarray] = []

    def autocast(self) -> torch.autocast:
        """bfloat16 within a forward pass, where the config asks for it.

        Not on a CPU for a network with convolutions between maps of 1 x 1: as their gradient by the weights
        oneDNN gives other numbers at each call, huge ones and NaN among them (torch 2.14), so that no two
        runs are alike. Such a network computes in float32.
        """
        wrong = self.device.type == "cpu" and models.has_single_pixel_maps(self.config.model, self._shape)
        bfloat16 = self.config.train.precision == "bfloat16" and not wrong
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16)

    # What a way of training K models gives.

    tensors: Mapping[str, Tensor]
    """Weights and buffers by name, K x *shape; views of the memory that is trained."""
    shapes: Sequence[Mapping[str, torch.Size]]
    """Each member's own shapes, which its part of a stacked tensor may exceed."""
    model: models.AutoEncoder
    """The model, or the one that every member is in the corner of, which then holds no weights."""
    optimizers: Sequence[tuple[Optimizer, slice]]
    """Optimizers with the members that they move, in order."""

    @abstractmethod
    def compute_terms(self, batch: Batch, epoch: float) -> dict[str, Tensor]:
        """The loss's terms at the strengths of `epoch`: scalars of one model, or K values each."""

    @abstractmethod
    def set_gradients(self, loss: Tensor) -> None:
        """Puts the gradients of what `compute_terms` called `loss` where the optimizers look for them."""

    @abstractmethod
    def update(self) -> None:
        """One update from the gradients, with the constraints around it."""

    @abstractmethod
    def gradients(self) -> Mapping[str, Tensor]:
        """What `set_gradients` has put there, by name, K x *shape."""

    @abstractmethod
    def layer_outputs(self, images: Tensor) -> list[Tensor]:
        """Each layer's outputs on normalized images N x C x H x W in evaluation mode, K x N x *shape."""

    @abstractmethod
    def set_training(self, training: bool) -> None:
        """Training or evaluation mode, where the models tell them apart."""

    # What is the same for all.

    def epochs(self) -> Iterator[list[EpochRecord | None]]:
        """Trains to the end or to a stop; after each epoch each member's record, None for one that failed."""
        while self.epoch < self.config.train.epochs and not self.stopped and not bool(self.failed.all()):
            self._looks = []
            if not self.step:
                self._epoch_start = _copies(self.tensors)
            with fast_products(self.config.train.precision, self.device):
                if not self._run_steps():
                    return
                records = self._finish_epoch()
            self.seconds_before += self.seconds
            self.step, self._sums, self.seconds = 0, {}, 0.0
            # An epoch in which the last of the members failed is not behind them.
            self.epoch += not bool(self.failed.all())
            yield records

    def member(self, k: int) -> dict[str, Tensor]:
        """Weights and buffers of member k by name, cut to its own size, on the CPU."""
        return {
            name: corner(self.tensors[name][k], shape).detach().to("cpu", copy=True, **_IN_ORDER)
            for name, shape in self.shapes[k].items()
        }

    def take_looks(self) -> list[np.ndarray]:
        """Each member's looks at its layers (`looks.look_dtype`) since the last call in this epoch.

        A member that failed in an earlier epoch has none.
        """
        if not self._looks:
            return [np.zeros(0) for _ in self.configs]
        looks, self._looks = np.stack(self._looks, axis=1), []
        last = np.where(self.failed == 0, self.config.train.epochs, self.failed)
        return [rows[rows["epoch"] <= last[k]] for k, rows in enumerate(looks)]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What the columns of a look are of."""
        return describe_layers(self.model, self.config.model)

    def evaluate(
        self, images: Tensor, batch_size: int | None = None, numbers: Tensor | None = None
    ) -> list[dict[str, float]]:
        """Each member's `loss`, its terms and `squared_error` over uint8 images N x C x H x W.

        The network sees them clean, or, where their `numbers` are given, corrupted as in training. What is
        drawn is the same at each call and for all seeds, so that members can be compared: a variational
        model's loss and terms are those of one draw from each posterior, and of binarized images where the
        config says so. Its squared error is always that of its mean codes, on the images as they are. Batches
        are the training's own unless stated, since the whole-batch norm depends on their size.
        """
        self.set_training(False)
        sums: dict[str, Tensor] = {}
        size = batch_size or self.config.train.batch_size
        draws = self.config.model.variational or self.config.train.binarize
        with torch.no_grad():
            for start in range(0, len(images), size):
                part = images[start : start + size].to(self.device)
                if numbers is None:
                    x = self.images.normalize(part)
                    batch = Batch(x, x)
                else:
                    noise = Noise(0, EVALUATION, numbers[start : start + size])
                    batch = self.images.corrupted(part, noise)._replace(noise=None)
                named = self.compute_terms(batch, math.inf)
                if draws and numbers is None:
                    drawn = self.compute_terms(self._drawn(part, start), math.inf)
                    named = drawn | {"squared_error": named["squared_error"]}
                add_terms(sums, named, len(part))
        self.set_training(True)
        return self._means(sums)

    def _drawn(self, images: Tensor, start: int) -> Batch:
        """Images that a set holds from `start` on, with the noise that is the same at each evaluation."""
        numbers = start + torch.arange(len(images), device=self.device)
        return self.images.uncorrupted(images, Noise(0, EVALUATION, numbers))

    def code_noise(self, batch: Batch) -> Tensor | None:
        """What a variational model's codes are drawn with, B x the largest member's units; None for the mean,
        and for other models."""
        if not self.config.model.variational:
            return None
        return batch.code_noise(max(config.model.latent_size for config in self.configs))

    def evaluate_validation(self) -> list[dict[str, float]]:
        """The same over the validation images, clean; empty where there are none.

        Beside it a denoising network has its `denoised_squared_error`, of the same images corrupted, and a
        variational one its `active_units`.
        """
        index = self.images.validation_index
        if not len(index):
            return [{} for _ in self.configs]
        images = self.images.stored(index)
        found = self.evaluate(images)
        if self.config.train.corruption != "none":
            for scores, denoised in zip(found, self.evaluate(images, numbers=index), strict=True):
                scores["denoised_squared_error"] = denoised["squared_error"]
        if self.config.model.variational:
            for scores, active in zip(found, self._active_units(images), strict=True):
                scores["active_units"] = active
        return found

    @torch.no_grad()
    def _active_units(self, images: Tensor) -> list[float]:
        """Each member's units whose posterior mean varies over the images (`losses.active_units`)."""
        code = sum(isinstance(module, models.WEIGHTED) for module in self.model.encoder) - 1
        codes = []
        for start in range(0, len(images), self.config.train.batch_size):
            part = images[start : start + self.config.train.batch_size].to(self.device)
            codes.append(self.layer_outputs(self._drawn(part, start).input)[code])
        return losses.active_units(torch.cat(codes, dim=1)).sum(-1).tolist()

    def state(self) -> dict[str, Tensor]:
        """All that a resumed training needs, by name, copied to the CPU; members along the first axis."""
        state = {f"model.{name}": t for name, t in self.tensors.items()}
        parts = [optimizer.state() for optimizer, _ in self.optimizers]
        for name in parts[0]:
            state[f"optimizer.{name}"] = torch.cat([part[name] for part in parts])
        state |= {f"sum.{name}": value.reshape(-1) for name, value in self._sums.items()}
        if self.step:
            # A member that fails later in this epoch falls back to where the epoch began.
            state |= {f"start.{name}": t for name, t in self._epoch_start.items()}
        state["failed"] = self.failed
        state["position"] = torch.tensor([self.epoch, self.step])
        state["seconds"] = torch.tensor([self.seconds_before, self.seconds], dtype=torch.float64)
        return {name: t.detach().to("cpu", copy=True, **_IN_ORDER) for name, t in state.items()}

    @torch.no_grad()
    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continues from what `state` gave, with or without the optimizer's part of it.

        ValueError where that was another training's.
        """
        try:
            for name, tensor in self.tensors.items():
                _copy_exactly(tensor, state[f"model.{name}"])
            moments = part(state, "optimizer.")
            # A branch may begin without: then they begin anew.
            for optimizer, members in self.optimizers if moments else ():
                optimizer.restore({name: t[members] for name, t in moments.items()})
            self.failed.copy_(state["failed"])
            self.epoch, self.step = (int(v) for v in state["position"])
            self.seconds_before, self.seconds = (float(v) for v in state["seconds"])
            start = part(state, "start.")
            self._epoch_start = {k: t.to(self.device, copy=True) for k, t in start.items()}
        except (KeyError, RuntimeError, ValueError, IndexError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"the saved state does not fit the config: {reason}") from error
        self._sums = {k: t.to(self.device, copy=True) for k, t in part(state, "sum.").items()}
        # An epoch that has ended is judged by what was in force at its last step.
        self._take_settings(max(self.steps_done - 1, 0))

    @property
    def steps_done(self) -> int:
        """Steps since the training began."""
        return self.epoch * len(self.slices) + self.step

    @property
    def steps_total(self) -> int:
        return self.config.train.epochs * len(self.slices)

    @property
    def epochs_done(self) -> float:
        """Passes over the images, with the fraction of the current one."""
        return self.epoch + self.step / len(self.slices)

    @property
    def finished(self) -> bool:
        """Whether no member has anything left to learn."""
        return self.epoch >= self.config.train.epochs or bool(self.failed.all())

    def _run_steps(self) -> bool:
        """Takes the epoch to its end, or to a stop; returns whether the end was reached."""
        seeds = [config.train.seed for config in self.configs]
        # Members with the same seed see the same batches, which then are gathered and normalized once.
        orders = {seed: self.images.epoch_index(seed, self.epoch) for seed in dict.fromkeys(seeds)}
        index = orders[seeds[0]] if len(orders) == 1 else torch.stack([orders[seed] for seed in seeds])
        held = self.failed.nonzero().flatten().tolist()
        self.set_training(True)
        finite = FiniteWatch(late=self.device.type == "cuda")
        earlier, done_before, started = self.seconds, self.step, time.perf_counter()
        for cut in self.slices[self.step :]:
            self._begin_step()
            batch = self.images.batch(index[..., cut], Noise(self.seeds, self.epoch, self.step))
            named = self.compute_terms(batch, self.epochs_done)
            self.set_gradients(named["loss"])
            looked_at = self.config.train.record and is_looked_at(self.epoch, self.step, len(self.slices))
            before = self._before_update() if looked_at else None
            self.update()
            for k in held:
                self._hold(k)
            if before is not None:
                self._note_look(*before)
            add_terms(self._sums, named, index[..., cut].shape[-1])
            self.step += 1
            now = time.perf_counter() - started
            self.seconds = earlier + now
            self.images_per_second = (self.step - done_before) * self.config.train.batch_size / max(now, 1e-9)
            position = Position(self.epoch, self.step, len(self.slices), self.images_per_second)
            if self.on_step is not None:
                stop = self.on_step(position)
                # What it took, which may be a pause, is no time of the training.
                started = time.perf_counter() - now
                if stop:
                    self.stopped = True
                    break
            if self.step % EVERY == 0 and not finite.look(self._sums["loss"]):
                # Nobody has anything left to learn in this epoch.
                return True
        return self.step == len(self.slices)

    def _begin_step(self) -> None:
        """What was changed takes effect."""
        if self.steps_done >= self._next_change or len(self.events) != self._events_known:
            self._take_settings(self.steps_done)

    def _take_settings(self, step: int) -> None:
        self.settings = [settings_at(config, self.events, step) for config in self.configs]
        self._events_known = len(self.events)
        self._next_change = min((e.step for e in self.events if e.step > step), default=math.inf)

    def _before_update(self) -> tuple[Before, list[Tensor]]:
        """What a look takes once there are gradients, and what the layers make of the watched images."""
        if self._watch is None:
            self._watch = LayerWatch(self.layers, self.tensors, self.shapes)
            self._watched = self.images.normalize(self._watched.to(self.device))
        return self._watch.before(self.tensors, self.gradients()), self.layer_outputs(self._watched)

    def _note_look(self, before: Before, outputs: list[Tensor]) -> None:
        assert self._watch is not None
        place = (self.epoch + 1, self.step + 1, self.steps_done + 1)
        self._looks.append(self._watch.after(before, self.tensors, outputs, place))

    def _finish_epoch(self) -> list[EpochRecord | None]:
        training = self._means(self._sums)
        validation = self.evaluate_validation()
        # What the last step broke shows in the validation loss, or only in the weights themselves.
        last = [scores["loss"] for scores in validation] if any(validation) else self._weight_sums()
        for k in range(len(self.configs)):
            if not (math.isfinite(training[k]["loss"]) and math.isfinite(last[k])) and not self.failed[k]:
                self.failed[k] = self.epoch + 1
                self._hold(k)
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
            for k, config in enumerate(self.settings)
        ]

    def _means(self, sums: Mapping[str, Tensor]) -> list[dict[str, float]]:
        """Each member's means over images from sums over them, of the terms that it uses, `loss` first."""
        columns = {name: t.reshape(-1).tolist() for name, t in sums.items()}
        always = {"loss", "reconstruction", "squared_error", "elbo"}
        used = [always | set(losses.strengths(config)) for config in self.configs]
        if len(self.configs) == 1:
            # One alone has computed no term but its own, some of them for a part of the epoch.
            used = [set(columns)]
        order = sorted((name for name in columns if name != "images"), key=lambda name: name != "loss")
        return [
            {name: columns[name][k] / columns["images"][k] for name in order if name in used[k]}
            for k in range(len(self.configs))
        ]

    def _weight_sums(self) -> list[float]:
        # A buffer may be one number a member, such as a BatchNorm's count of batches.
        sums = [t.detach().double().reshape(len(t), -1).sum(1) for t in self.tensors.values()]
        return torch.stack(sums).sum(0).tolist()

    @torch.no_grad()
    def _hold(self, k: int) -> None:
        """Puts member k back to its last good weights."""
        for name, tensor in self.tensors.items():
            tensor[k].copy_(self._epoch_start[name][k])


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries under a prefix, named without it."""
    return {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}


def cut_state(state: Mapping[str, Tensor], k: int, shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Member k's part of what a training of several gave as its state; `shapes` are its weights' own.

    It is what a training of that member alone would have given, to rounding, at the end of an epoch.
    """
    cut = {name: t[k : k + 1] for name, t in state.items() if name not in ("position", "seconds")}
    for name, t in cut.items():
        owner = next((o for o in shapes if name == f"model.{o}" or name.startswith(f"optimizer.{o}.")), None)
        if owner is not None:
            cut[name] = corner(t, (1, *shapes[owner]))
    # The time of a training is that of all its members.
    cut |= {"position": state["position"], "seconds": state["seconds"] / len(state["failed"])}
    return {name: t.contiguous().clone() for name, t in cut.items()}


def corner(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """The leading part of that shape, where a padded tensor holds a smaller one."""
    return tensor[tuple(slice(0, n) for n in shape)]


def add_terms(sums: dict[str, Tensor], named: Mapping[str, Tensor], n: int) -> None:
    """Adds n times each term to `sums`, and n to its count of images."""
    for name, value in named.items():
        sums[name] = sums[name].add(value.detach(), alpha=n) if name in sums else value.detach() * n
    sums["images"] = sums["images"] + n if "images" in sums else torch.full_like(sums["loss"], n)


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in tensors.items()}


def _copy_exactly(tensor: Tensor, source: Tensor) -> None:
    if tensor.shape != source.shape:
        raise ValueError(f"it holds {tuple(source.shape)} where {tuple(tensor.shape)} is needed")
    tensor.copy_(source)
