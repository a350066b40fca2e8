"""One training in a process of its own, watched until it is good enough: what `quality` starts and times.

`python -m benchmarks._trial '{"way": "aecore", "config": {...}, "until": 3.0}'` trains until the squared
error of the validation images is at most `until`, or without an end where the way has none. It prints a JSON
line where the first step begins and after each epoch: the clock, the processor's seconds, the error.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
import warnings
from collections.abc import Callable
from itertools import count

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from aecore import losses
from aecore.config import Config
from aecore.data import load, scaling
from aecore.models import AutoEncoder, build

Report = Callable[[float | None], bool]
"""Told None before the first step and then each epoch's validation error; returns whether that is enough."""


def aecore(config: Config, report: Report) -> None:
    """Our own loop, with the config's settings as the app's Train page offers them."""
    from aecore.training.single import Training

    training = Training(config, load(config.data.name))
    report(None)
    for record in training:
        if report(record.validation["squared_error"]):
            return


def plain(config: Config, report: Report) -> None:
    """The same network as one writes it: a DataLoader over tensors, `torch.optim.Adam`, a constant rate."""
    training, validation, model, std = _parts(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.train.learning_rate)
    criterion = nn.MSELoss()
    report(None)
    for _ in count():
        model.train()
        for (x,) in training:
            optimizer.zero_grad()
            loss = criterion(model(x).reconstruction, x)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            sums = [_error(model, x, std) * len(x) for (x,) in validation]
        if report(math.fsum(float(s) for s in sums) / len(validation.dataset)):  # type: ignore[arg-type]
            return


def lightning(config: Config, report: Report) -> None:
    """The same again by PyTorch Lightning's trainer, without logger, checkpoints or progress bar."""
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # what it could use and does not
    training, validation, model, std = _parts(config)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch: list[Tensor]) -> Tensor:
            return nn.functional.mse_loss(self.model(batch[0]).reconstruction, batch[0])

        def validation_step(self, batch: list[Tensor]) -> None:
            self.log("error", _error(self.model, batch[0], std), on_epoch=True, batch_size=len(batch[0]))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=config.train.learning_rate)

    class Watch(lightning.Callback):
        def on_train_start(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
            report(None)

        def on_validation_end(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
            trainer.should_stop = report(float(trainer.callback_metrics["error"]))

    quiet = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=-1,
        num_sanity_val_steps=0,
        callbacks=[Watch()],
        **dict.fromkeys(quiet, False),
    )
    trainer.fit(Module(), training, validation)


WAYS: dict[str, Callable[[Config, Report], None]] = {
    "aecore": aecore,
    "plain loop": plain,
    "Lightning": lightning,
}


def _parts(config: Config) -> tuple[DataLoader, DataLoader, AutoEncoder, float]:
    """Batches of normalized training and validation images, the network, and what pixels were divided by."""
    data = load(config.data.name)
    scale = scaling(config.data.normalization, data)
    train, validation = (
        TensorDataset(scale.normalize(data.train_images[index]))
        for index in data.split(config.data.validation_fraction, config.data.split_seed)
    )
    torch.manual_seed(config.train.seed)
    size = config.train.batch_size
    model = build(config.model, data.shape, config.train.seed)
    return (
        DataLoader(train, batch_size=size, shuffle=True),
        DataLoader(validation, batch_size=size),
        model,
        float(scale.std[0]),
    )


def _error(model: AutoEncoder, x: Tensor, std: float) -> Tensor:
    return losses.squared_error(model(x).reconstruction, x, std)


def main() -> None:
    warnings.filterwarnings("ignore")  # Lightning's advice on worker processes
    given = json.loads(sys.argv[1])
    config, until = Config.from_dict(given["config"]), given["until"]
    epochs = count(1)

    def report(error: float | None) -> bool:
        line = {"at": time.time(), "cpu": time.process_time(), "error": error}
        print(json.dumps(line), flush=True)
        if error is not None:
            print(f"  epoch {next(epochs)}: {error:.3f}", file=sys.stderr)
        return error is not None and error <= until

    WAYS[given["way"]](config, report)


if __name__ == "__main__":
    main()
