"""Training one model: one step, one epoch, and an iterator of epoch records (see `aecore.training.loop`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial, reduce

import torch
from torch import Tensor

from aecore import losses, models
from aecore.config import Config
from aecore.data import ImageData
from aecore.training.loop import EpochLoop, EpochRecord, NonFiniteLossError, Position, add_terms, means, part
from aecore.training.onednn import use_onednn_
from aecore.training.optimizers import Optimizer, learning_rate, update_


class Training(EpochLoop[EpochRecord]):
    """A model being trained; iterate over it for the epoch records, then read `model`."""

    def __init__(
        self,
        config: Config,
        data: ImageData,
        on_step: Callable[[Position], bool | None] | None = None,
        state: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__(config, data, on_step)
        self.model = models.build(config.model, data.shape, config.train.seed)
        self.model.to(self.device, self.images.dtype)
        if self.device.type == "cpu" and config.train.precision == "float32":
            use_onednn_(self.model)
        self.parameters = dict(self.model.named_parameters())
        self.weights = [self.parameters[name] for name in models.weight_names(self.model)]
        self.optimizer = Optimizer(config.train, self.parameters)
        if state is not None:
            self.restore(state)

    def evaluate(self, images: Tensor, batch_size: int | None = None) -> dict[str, float]:
        """`loss`, its terms and `squared_error` over uint8 images N x C x H x W, in evaluation mode.

        Batches are the training's own unless stated, since the whole-batch norm depends on their size.
        """
        self.model.eval()
        sums: dict[str, Tensor] = {}
        with torch.no_grad():
            for batch in images.split(batch_size or self.config.train.batch_size):
                x = self.images.normalize(batch.to(self.device))
                add_terms(sums, self._terms(x, math.inf), len(x))
        self.model.train()
        return means({name: t.item() for name, t in sums.items()})

    def epoch_index(self) -> Tensor:
        self.model.train()
        return self.images.epoch_index(self.config.train.seed, self.epoch)

    def train_step(self, index: Tensor) -> None:
        x = self.images.batch(index)
        named = self._terms(x, self.epochs_done)
        for parameter in self.parameters.values():
            parameter.grad = None
        named["loss"].backward()
        rate = learning_rate(self.config.train, self.steps_done, self.steps_total)
        update_(self.config, partial(self.optimizer.step, rate), self.parameters, self.weights)
        add_terms(self.sums, named, len(x))

    def watch(self) -> None:
        self._check_finite(self.sums["loss"].item())

    def finish_epoch(self) -> EpochRecord:
        validation = self.images.validation_index
        scores = self.evaluate(self.images.train[validation]) if len(validation) else {}
        # Without validation images, weights that the last step broke show only in themselves.
        self._check_finite(
            scores["loss"] if scores else sum(p.sum() for p in self.parameters.values()).item()
        )
        return EpochRecord(
            epoch=self.epoch + 1,
            train=means({name: t.item() for name, t in self.sums.items()}),
            validation=scores,
            learning_rate=learning_rate(self.config.train, self.steps_done - 1, self.steps_total),
            images_per_second=self.images_per_second,
            seconds=self.seconds,
        )

    def tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        return tensors | {f"optimizer.{name}": t for name, t in self.optimizer.tensors().items()}

    def restore_tensors(self, state: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict(part(state, "model."))
        self.optimizer.restore(part(state, "optimizer."))

    def _terms(self, x: Tensor, epoch: float) -> dict[str, Tensor]:
        bfloat16 = self.config.train.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            code, reconstruction = self.model(x)
        strengths = losses.strengths(self.config.loss, epoch)
        return terms(self.config, code, reconstruction, x, self.weights, self.images.std, strengths)

    def _check_finite(self, value: float) -> None:
        if not math.isfinite(value):
            raise NonFiniteLossError(
                f"The loss was no longer finite in epoch {self.epoch + 1} (learning rate "
                f"{self.config.train.learning_rate:g}); the weights kept are those of epoch {self.epoch}. "
                "A smaller learning rate or strength usually helps."
            )


def train(
    config: Config,
    data: ImageData,
    on_step: Callable[[Position], bool | None] | None = None,
    state: Mapping[str, Tensor] | None = None,
) -> Training:
    """Train a new model, or continue from a `state`: `for record in train(config, data): ...`."""
    return Training(config, data, on_step, state)


def terms(
    config: Config,
    code: Tensor,
    reconstruction: Tensor,
    x: Tensor,
    weights: list[Tensor],
    std: float | Tensor,
    strengths: Mapping[str, float | Tensor],
) -> dict[str, Tensor]:
    """The loss's terms, their sum `loss` and the `squared_error`, each a scalar."""
    named = losses.terms(reconstruction, code, x, weights, config.loss.reconstruction, strengths)
    if config.loss.reconstruction == "mse" and isinstance(std, float):
        # The same sum over pixels, already at hand.
        squared_error = named["reconstruction"].detach() * (x[0].numel() * std * std)
    else:
        squared_error = losses.squared_error(reconstruction.detach(), x, std)
    named["loss"] = reduce(operator.add, named.values())
    named["squared_error"] = squared_error
    return named
