"""What the forms know of each setting beside the config itself: its label, when it applies, values to try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aecore.config import PENALTIES


def _always(values: Mapping[str, Any]) -> bool:
    return True


def _with_code_penalty(values: Mapping[str, Any]) -> bool:
    return any(values[f"loss.{name}"] for name, penalty in PENALTIES.items() if penalty.on == "code")


def _variational(values: Mapping[str, Any]) -> bool:
    return values["model.variational"] and values["model.family"] != "dictionary"


def _warms_up(values: Mapping[str, Any]) -> bool:
    return _with_code_penalty(values) or _variational(values)


def _code_activation(values: Mapping[str, Any]) -> str:
    return "linear" if _variational(values) else values["model.code_activation"]


@dataclass(frozen=True)
class Setting:
    """A field as the forms show it."""

    label: str = ""
    """Where the field's own name does not read well."""
    applies: Callable[[Mapping[str, Any]], bool] = _always
    """Whether it does something beside the others' values; elsewhere it is hidden and keeps its default."""
    step: float = 0.1
    """What one click on + adds to a number that is not whole."""
    axis: tuple[str, ...] | None = None
    """Values to start from as a grid's axis; of a fixed choice all are offered. None: it is no axis."""


SETTINGS: dict[str, Setting] = {
    "data.name": Setting("Data set"),
    "data.validation_fraction": Setting(step=0.05),
    "model.latent_size": Setting("Units in the code", axis=("2", "4", "8", "12", "16", "32", "64")),
    "model.hidden": Setting(
        "Hidden layers", axis=("64", "128-64", "256-128", "512-256", "256-128-64", "1000-500-250")
    ),
    "model.activation": Setting(axis=()),
    "model.code_activation": Setting(applies=lambda v: not _variational(v), axis=()),
    "model.init": Setting("Initial weights", axis=()),
    "model.init_std": Setting(
        "Their standard deviation",
        lambda v: v["model.init"] == "normal",
        step=0.01,
        axis=("0.01", "0.1", "1"),
    ),
    "model.family": Setting("Network"),
    "model.channels": Setting(
        "Convolutions", lambda v: v["model.family"] == "conv", axis=("8-16", "16-32", "32-64")
    ),
    "model.kernel_size": Setting(
        "Kernel size", lambda v: v["model.family"] == "conv", axis=("2", "3", "4", "5", "7")
    ),
    "model.top_k": Setting(
        "Units kept (k)", lambda v: _code_activation(v) == "top_k", axis=("5", "10", "20")
    ),
    "model.threshold": Setting(
        applies=lambda v: _code_activation(v) == "soft_threshold", axis=("0.5", "1", "1.5")
    ),
    "model.variational": Setting(applies=lambda v: v["model.family"] != "dictionary"),
    "model.output_std": Setting(
        "Spread of a pixel (0: learned)",
        lambda v: _variational(v) and v["loss.reconstruction"] == "mse",
        step=0.05,
        axis=("0", "0.05", "0.1", "0.2"),
    ),
    "model.unit_norm": Setting("Atoms of norm 1", lambda v: v["model.family"] == "dictionary"),
    "train.learning_rate": Setting(step=1e-4, axis=("0.0001", "0.0003", "0.001", "0.003", "0.01")),
    "train.seed": Setting(axis=("0", "1", "2", "3", "4")),
    "train.shift": Setting("Shifted images", axis=("0", "0.5", "1")),
    "train.batch_size": Setting(axis=("32", "64", "128", "256", "512")),
    "train.optimizer": Setting(axis=()),
    "train.schedule": Setting(axis=()),
    "train.binarize": Setting("Binarized images"),
    "train.corruption": Setting("Corruption of the input", axis=()),
    "train.corruption_level": Setting(
        "Level of the corruption",
        lambda v: v["train.corruption"] != "none",
        axis=("0.1", "0.3", "0.5", "0.7"),
    ),
    "train.momentum": Setting(applies=lambda v: v["train.optimizer"] == "sgd"),
    "train.weight_decay": Setting(
        applies=lambda v: v["train.optimizer"] == "adamw", step=0.01, axis=("0.01", "0.1", "1")
    ),
    "train.record": Setting("Note layers and pictures"),
    "train.keep_weights": Setting("Epochs whose weights are kept"),
    "loss.reconstruction": Setting("Reconstruction loss", axis=()),
    "loss.beta": Setting(
        "Weight of the KL term (beta)", _variational, axis=("0.1", "0.3", "1", "2", "4", "10")
    ),
    "loss.free_bits": Setting("Free nats a unit", _variational, step=0.05, axis=("0", "0.05", "0.1", "0.5")),
    "loss.warmup_delay": Setting("Epochs without penalty", _warms_up),
    "loss.warmup_epochs": Setting("Epochs of its rise", _warms_up),
} | {f"loss.{name}": Setting(f"Strength of {penalty.name}") for name, penalty in PENALTIES.items()}
"""By dotted field; what is not named here is shown by its own name."""

CHOICES = {
    "zero_one": "[0, 1]",
    "minus_one_one": "[-1, 1]",
    "mlp": "dense",
    "conv": "convolutional",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "xavier": "Xavier, uniform",
    "xavier_normal": "Xavier, normal",
    "he": "He, normal",
    "he_uniform": "He, uniform",
    "orthogonal": "orthogonal, dense layers",
    "orthogonal_all": "orthogonal, convolutions too",
    "lecun_normal": "LeCun, normal",
    "normal": "normal of a chosen size",
    "gaussian": "Gaussian noise",
    "salt_and_pepper": "salt and pepper",
    "mse": "squared error (mse)",
    "bce": "binary cross-entropy",
    "mae": "absolute error (mae)",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "cpu": "CPU",
    "cuda": "CUDA",
    "mps": "MPS (Apple)",
}
"""Words for choices whose name is an abbreviation."""

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


def label(field: str) -> str:
    """What a field is called on screen."""
    return setting(field).label or field.split(".")[1].replace("_", " ").capitalize()
