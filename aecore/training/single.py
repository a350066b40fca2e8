"""Training one model, without the leading axis that a stack has: the fastest way for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from aecore import losses, models
from aecore.batch import Batch
from aecore.config import Config
from aecore.data import TrainingData
from aecore.events import Event
from aecore.results import EpochRecord
from aecore.training.loop import EpochLoop, OnStep
from aecore.training.optimizers import Optimizer, learning_rate, update_


class NonFiniteLossError(RuntimeError):
    """The loss became infinite or not a number; the message says in which epoch."""

    def __init__(self, config: Config, epoch: int) -> None:
        kept = f"the weights kept are those of epoch {epoch - 1}" if epoch > 1 else "no weights are kept"
        super().__init__(
            f"The loss was no longer finite in epoch {epoch} (learning rate "
            f"{config.train.learning_rate:g}); {kept}. A smaller learning rate or strength usually helps."
        )


class Training(EpochLoop):
    """A model being trained; iterate over it for the epoch records, then read `model`."""

    def __init__(
        self,
        config: Config,
        data: TrainingData,
        on_step: OnStep | None = None,
        state: Mapping[str, Tensor] | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        super().__init__([config], data, on_step, events)
        self.model = models.build(config.model, data.shape, config.train.seed)
        self.model.to(self.device, self.images.dtype)
        # oneDNN convolves such kernels without bringing them into its order first: a step of `conv` took 0.9
        # of the time in float32 and 0.85 in bfloat16.
        self.model.to(memory_format=torch.channels_last)
        self.parameters = dict(self.model.named_parameters())
        self.weights = [self.parameters[name] for name in models.weight_names(self.model)]
        self._all_layers = models.AllLayers(self.model)
        own = self.model.state_dict()
        self.tensors = {name: t.detach()[None] for name, t in own.items()}
        self.shapes = [{name: t.shape for name, t in own.items()}]
        self.optimizer = Optimizer(config.train, self.parameters)
        self.optimizers = [(self.optimizer, slice(0, 1))]
        if state is not None:
            self.restore(state)

    def __iter__(self) -> Iterator[EpochRecord]:
        """The epochs' records; NonFiniteLossError where the loss diverges."""
        for (record,) in self.epochs():
            if record is not None:
                yield record
        if self.failed[0]:
            raise NonFiniteLossError(self.settings[0], int(self.failed[0]))

    def compute_terms(self, batch: Batch, epoch: float) -> dict[str, Tensor]:
        config = self.settings[0]
        noise = self.code_noise(batch)
        with self.autocast():
            output = self.model(batch.input, noise)
        strengths = losses.strengths(config, epoch)
        return losses.terms(config.loss, batch, output, self.weights, strengths, self.images.std)

    def set_gradients(self, loss: Tensor) -> None:
        for parameter in self.parameters.values():
            parameter.grad = None
        loss.backward()

    def gradients(self) -> Mapping[str, Tensor]:
        return {name: p.grad[None] for name, p in self.parameters.items() if p.grad is not None}

    @torch.no_grad()
    def layer_outputs(self, images: Tensor) -> list[Tensor]:
        self.model.eval()
        with self.autocast():
            outputs = [output[None] for output in self._all_layers(images)]
        self.model.train()
        return outputs

    def update(self) -> None:
        config = self.settings[0]
        rate = learning_rate(config.train, self.steps_done, self.steps_total)
        step = partial(self.optimizer.step, rate)
        update_(config, step, self.parameters, self.weights, config.loss.weight_l1)

    def set_training(self, training: bool) -> None:
        self.model.train(training)


def train(
    config: Config,
    data: TrainingData,
    on_step: OnStep | None = None,
    state: Mapping[str, Tensor] | None = None,
    events: Sequence[Event] = (),
) -> Training:
    """Train a new model, or continue from a `state`: `for record in train(config, data): ...`.

    `events` change settings on the way, each from its step on.
    """
    return Training(config, data, on_step, state, events)
