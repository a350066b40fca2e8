"""What the forms know of each setting beside what `aecore.settings` says of it: steps, values to try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A field as the forms show it."""

    step: float = 0.1
    """What one click on + adds to a number that is not whole."""
    axis: tuple[str, ...] | None = None
    """Values to start from as a grid's axis; of a fixed choice all are offered. None: it is no axis."""


SETTINGS: dict[str, Setting] = {
    "data.validation_fraction": Setting(step=0.05),
    "model.latent_size": Setting(axis=("2", "4", "8", "12", "16", "32", "64")),
    "model.hidden": Setting(axis=("64", "128-64", "256-128", "512-256", "256-128-64", "1000-500-250")),
    "model.activation": Setting(axis=()),
    "model.code_activation": Setting(axis=()),
    "model.init": Setting(axis=()),
    "model.init_std": Setting(step=0.01, axis=("0.01", "0.1", "1")),
    "model.channels": Setting(axis=("8-16", "16-32", "32-64")),
    "model.kernel_size": Setting(axis=("2", "3", "4", "5", "7")),
    "model.top_k": Setting(axis=("5", "10", "20")),
    "model.threshold": Setting(axis=("0.5", "1", "1.5")),
    "model.output_std": Setting(step=0.05, axis=("0", "0.05", "0.1", "0.2")),
    "train.learning_rate": Setting(step=0.0001, axis=("0.0001", "0.0003", "0.001", "0.003", "0.01")),
    "train.seed": Setting(axis=("0", "1", "2", "3", "4")),
    "train.shift": Setting(axis=("0", "0.5", "1")),
    "train.batch_size": Setting(axis=("32", "64", "128", "256", "512")),
    "train.optimizer": Setting(axis=()),
    "train.schedule": Setting(axis=()),
    "train.corruption": Setting(axis=()),
    "train.corruption_level": Setting(axis=("0.1", "0.3", "0.5", "0.7")),
    "train.weight_decay": Setting(step=0.01, axis=("0.01", "0.1", "1")),
    "loss.reconstruction": Setting(axis=()),
    "loss.beta": Setting(axis=("0.1", "0.3", "1", "2", "4", "10")),
    "loss.free_bits": Setting(step=0.05, axis=("0", "0.05", "0.1", "0.5")),
}
"""By dotted field; what is not named here has the defaults."""

LATENT_SIZES = (
    *range(1, 33),
    *range(36, 65, 4),
    *range(72, 129, 8),
    *(160, 192, 256, 384, 512, 768, 1024, 2048, 4096),
)
"""Stops of the slider of the code's size."""


def setting(field: str) -> Setting:
    """What the forms know of a dotted field."""
    return SETTINGS.get(field, Setting())
