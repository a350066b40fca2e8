"""The runs by which the health checks' limits were set, and others by which they are judged.

`TUNING` is what the limits in `aecore.analysis.health` may be looked for on. `FRESH` was written down before
any of its runs was made and differs from it in widths, seeds, data sets and the size of the faults; the
limits are not to be fitted to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aecore.config import Config
from aecore.presets import PRESETS, hidden_widths

DIGITS: dict[str, Any] = {"data.name": "digits", "train.epochs": 20, "train.device": "cpu"}
MOST_IMAGES = 6_000
SPRITES: dict[str, Any] = DIGITS | {"data.name": "sprites", "train.epochs": 8}
MNIST: dict[str, Any] = DIGITS | {"data.name": "mnist", "train.epochs": 10}
DEEP = {"model.hidden": hidden_widths(8, 128)}
SIGMOID = DEEP | {"model.activation": "sigmoid"}
FEW_IMAGES = 40
"""Training images, half of them held out, that a large network learns by heart."""
FEW = {"data.validation_fraction": 0.5, "train.batch_size": 10}


@dataclass(frozen=True)
class Case:
    """A run to be made."""

    kind: str
    """The check that should be an alarm, or `healthy`."""
    values: Mapping[str, Any]
    seed: int
    few: int = FEW_IMAGES
    """Training images of a run that is to over-fit."""

    @property
    def images(self) -> int:
        """At most so many training images, the others left out."""
        return self.few if self.kind == "overfitting" else MOST_IMAGES

    @property
    def config(self) -> Config:
        return PRESETS["post"].with_values({**DIGITS, **self.values, "train.seed": self.seed})


LARGE = {"model.init": "normal", "model.output_activation": "linear"}
_FAULTS: dict[str, tuple[Mapping[str, Any], ...]] = {
    "vanishing": (SIGMOID, SIGMOID, SIGMOID | SPRITES, SIGMOID | {"model.hidden": hidden_widths(6, 64)}),
    "exploding": tuple(
        LARGE | DEEP | {"model.init_std": std, "train.epochs": 5} for std in (0.5, 0.7, 1.0, 1.5)
    ),
    "dead": tuple({"train.learning_rate": rate} for rate in (0.3, 0.5, 1.0, 2.0)),
    "saturated": tuple(
        {"model.activation": name, "model.init": "normal", "model.init_std": std, "train.epochs": 5}
        for name, std in (("tanh", 2.0), ("tanh", 4.0), ("sigmoid", 4.0), ("sigmoid", 8.0))
    ),
    "initial_weights": (
        {"model.init": "zeros"},
        {"model.init": "normal", "train.epochs": 5},
        {"model.init": "normal", "model.init_std": 3.0, "train.epochs": 5},
        DEEP | {"model.init": "normal", "model.init_std": 0.01},
    ),
    "rate_high": (
        *({"train.learning_rate": rate} for rate in (0.1, 0.2, 0.4)),
        {"train.optimizer": "sgd", "train.learning_rate": 100.0},
    ),
    "rate_low": (
        *({"train.learning_rate": rate} for rate in (1e-6, 3e-6, 1e-5)),
        {"train.optimizer": "sgd", "train.learning_rate": 1e-3},
    ),
    "overfitting": tuple(
        FEW | {"model.hidden": (512, 256), "model.latent_size": 32, "train.epochs": 300} for _ in range(4)
    ),
    "undertrained": (
        {"train.epochs": 2},
        {"train.epochs": 3},
        {"train.epochs": 4},
        SPRITES | {"train.epochs": 2},
    ),
    "bottleneck": tuple(
        {"model.hidden": (128, width), "model.latent_size": 32, "train.epochs": 40}
        for width in (4, 8, 12, 16)
    ),
}
CONV = {
    "model.family": "conv",
    "model.channels": (8, 16),
    "model.hidden": (64,),
    "model.activation": "silu",
    "data.normalization": "zero_one",
    "model.output_activation": "sigmoid",
}
DICTIONARY = {
    "model.family": "dictionary",
    "model.latent_size": 64,
    "model.code_activation": "relu",
    "model.output_activation": "linear",
    "loss.code_l1": 1e-3,
}
_HEALTHY: tuple[Mapping[str, Any], ...] = (
    {"train.epochs": 40},
    {"model.hidden": (256, 128), "model.latent_size": 8, "train.epochs": 40},
    {"model.activation": "silu", "train.epochs": 40},
    {"model.activation": "tanh", "model.init": "xavier", "train.epochs": 40},
    {"model.hidden": hidden_widths(4, 128), "model.init": "he", "train.epochs": 40},
    DEEP | {"model.init": "orthogonal", "train.epochs": 40},
    {"model.activation": "gelu", "model.code_activation": "tanh", "train.epochs": 40},
    CONV | {"train.epochs": 40},
    CONV | {"train.learning_rate": 2e-3, "train.schedule": "one_cycle", "train.epochs": 40},
    DICTIONARY | {"train.epochs": 40},
    DICTIONARY | {"loss.code_l1": 3e-3, "train.epochs": 40},
    {"model.hidden": (), "train.epochs": 40},
    {"train.optimizer": "sgd", "train.learning_rate": 0.5, "train.epochs": 40},
    {"loss.code_l2": 1e-3, "train.epochs": 40},
    {"model.code_activation": "top_k", "model.top_k": 8, "model.latent_size": 32, "train.epochs": 40},
    SPRITES,
    SPRITES | CONV,
    SPRITES | DICTIONARY,
    MNIST,
    MNIST | CONV,
)

TUNING: dict[str, tuple[Case, ...]] = {
    kind: tuple(Case(kind, values, seed) for seed, values in enumerate(variants))
    for kind, variants in {**_FAULTS, "healthy": _HEALTHY}.items()
}
"""By check that should be an alarm, and `healthy`."""


def _chain(depth: int, width: int, activation: str = "sigmoid", **more: Any) -> dict[str, Any]:
    return {"model.hidden": hidden_widths(depth, width), "model.activation": activation, **more}


def _normal(std: float, *sections: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"model.init": "normal", "model.init_std": std, "train.epochs": 5}
    for section in sections:
        values |= section
    return values


def _rate(rate: float, *sections: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for section in sections:
        values |= section
    return values | {"train.learning_rate": rate}


def _sizes(*hidden: int, code: int = 12) -> dict[str, Any]:
    return {"model.hidden": hidden, "model.latent_size": code}


_SGD = {"train.optimizer": "sgd"}
_LINEAR = {"model.output_activation": "linear"}
_FRESH_FAULTS: dict[str, tuple[Mapping[str, Any], ...]] = {
    "vanishing": (
        _chain(5, 48),
        _chain(6, 100),
        _chain(7, 64, **{"model.latent_size": 6}),
        _chain(9, 80),
        _chain(10, 128),
        _chain(12, 40, **{"train.batch_size": 64}),
        _chain(7, 96) | SPRITES,
        _chain(6, 128) | MNIST,
        _chain(8, 90, "tanh", **{"model.init": "normal", "model.init_std": 0.02}),
        _chain(8, 64, "silu", **{"model.init": "normal", "model.init_std": 0.03}) | SPRITES,
    ),
    "exploding": (
        _normal(0.6, _chain(7, 96, "relu"), _LINEAR),
        _normal(0.8, _chain(6, 128, "relu"), _LINEAR),
        _normal(0.9, _chain(8, 80, "leaky_relu"), _LINEAR),
        _normal(1.2, _chain(5, 100, "relu"), _LINEAR),
        _normal(0.45, _chain(10, 128, "relu"), _LINEAR),
        _normal(0.7, _chain(8, 100, "silu"), _LINEAR),
        _normal(0.6, _chain(9, 128, "gelu"), _LINEAR),
        _normal(2.0, _chain(5, 64, "relu"), _LINEAR),
        SPRITES | _normal(0.8, _chain(7, 100, "relu"), _LINEAR),
        MNIST | _normal(0.5, _chain(8, 128, "relu"), _LINEAR),
    ),
    "dead": (
        _rate(0.4, _sizes(96, 48)),
        _rate(0.6, _sizes(64)),
        _rate(0.8, _sizes(256, 64)),
        _rate(1.2, _sizes(100, 50, 25)),
        _rate(1.5, _sizes(128, 64, code=6)),
        _rate(3.0, _sizes(80, 40)),
        _rate(0.35, _sizes(128, 128, 128)),
        _rate(0.7, _sizes(128, 64, code=20), {"train.batch_size": 64}),
        _rate(0.5, _sizes(96, 48), SPRITES),
        _rate(0.5, _sizes(160, 80), MNIST),
    ),
    "saturated": (
        _normal(1.5, {"model.activation": "tanh"}, _sizes(160, 80)),
        _normal(3.0, {"model.activation": "tanh"}, _sizes(64)),
        _normal(5.0, {"model.activation": "tanh"}, _sizes(96, 48, 24)),
        _normal(2.5, {"model.activation": "tanh"}, _sizes(128, 64, code=6)),
        _normal(5.0, {"model.activation": "sigmoid"}, _sizes(160, 80)),
        _normal(6.0, {"model.activation": "sigmoid"}, _sizes(96, 48)),
        _normal(10.0, {"model.activation": "sigmoid"}, _sizes(64, 64, 64)),
        _normal(3.5, {"model.activation": "sigmoid"}, _sizes(256, 128)),
        SPRITES | _normal(2.0, {"model.activation": "tanh"}, _sizes(96, 48)),
        MNIST | _normal(6.0, {"model.activation": "sigmoid"}, _sizes(160, 80)),
    ),
    "initial_weights": (
        {"model.init": "zeros"} | _sizes(96, 48),
        {"model.init": "zeros"} | _sizes(64) | SPRITES,
        {"model.init": "zeros"} | _sizes(256, 128) | MNIST,
        _normal(1.5, _sizes(160, 80)),
        _normal(2.0, _sizes(96, 48, code=6)),
        _normal(5.0, _sizes(128, 64, 32)),
        SPRITES | _normal(1.5, _sizes(128, 64)),
        MNIST | _normal(2.0, _sizes(96, 48)),
        _chain(7, 100, "relu", **{"model.init": "normal", "model.init_std": 0.015}),
        _chain(9, 64, "relu", **{"model.init": "normal", "model.init_std": 0.02}),
    ),
    "rate_high": (
        _rate(0.15, _sizes(96, 48)),
        _rate(0.3, _sizes(64)),
        _rate(0.6, _sizes(256, 64)),
        _rate(1.0, _sizes(100, 50, 25)),
        _rate(0.2, _sizes(128, 64, code=6), {"model.activation": "tanh"}),
        _rate(0.4, {"model.activation": "silu"}),
        _rate(200.0, _SGD),
        _rate(50.0, _SGD, _sizes(96, 48)),
        _rate(0.3, SPRITES, _sizes(96, 48)),
        _rate(0.25, MNIST, _sizes(160, 80)),
    ),
    "rate_low": (
        _rate(5e-7, _sizes(96, 48)),
        _rate(2e-6, _sizes(64)),
        _rate(5e-6, _sizes(256, 64)),
        _rate(8e-6, _sizes(100, 50, 25)),
        _rate(1.5e-5, _sizes(128, 64, code=6)),
        _rate(3e-6, {"model.activation": "tanh", "model.init": "xavier"}),
        _rate(3e-4, _SGD),
        _rate(2e-3, _SGD, _sizes(96, 48)),
        _rate(4e-6, SPRITES, _sizes(96, 48)),
        _rate(2e-6, MNIST, _sizes(160, 80)),
    ),
    "overfitting": (
        *(FEW | _sizes(400, 200, code=code) | {"train.epochs": 300} for code in (16, 24, 40)),
        *(FEW | _sizes(1000, code=code) | {"train.epochs": 300} for code in (20, 32)),
        FEW | _sizes(300, 300, 300, code=32) | {"train.epochs": 400},
        FEW | _sizes(512, 256, code=32) | {"train.epochs": 300, "model.activation": "silu"},
        FEW | _sizes(512, 256, code=24) | {"train.epochs": 500, "train.batch_size": 16},
        SPRITES | FEW | _sizes(512, 256, code=32) | {"train.epochs": 300},
        MNIST | FEW | _sizes(512, 256, code=32) | {"train.epochs": 300},
    ),
    "undertrained": (
        _sizes(96, 48) | {"train.epochs": 2},
        _sizes(64) | {"train.epochs": 3},
        _sizes(256, 64) | {"train.epochs": 3},
        _sizes(128, 64, code=20) | {"train.epochs": 4},
        _sizes(128, 64, code=6) | {"train.epochs": 5, "train.batch_size": 256},
        {"model.activation": "silu", "train.epochs": 4},
        SPRITES | _sizes(96, 48) | {"train.epochs": 2},
        SPRITES | {"train.epochs": 3},
        MNIST | _sizes(160, 80) | {"train.epochs": 2},
        MNIST | {"train.epochs": 3, "model.latent_size": 20},
    ),
    "bottleneck": (
        *(_sizes(100, width, code=30) | {"train.epochs": 40} for width in (3, 6, 10, 14)),
        _sizes(8, code=24) | {"train.epochs": 40},
        _sizes(128, 64, 10, code=40) | {"train.epochs": 40},
        _sizes(128, 6, code=16) | {"train.epochs": 40, "model.activation": "silu"},
        _sizes(12, 128, code=30) | {"train.epochs": 40},
        SPRITES | _sizes(100, 10, code=32),
        MNIST | _sizes(128, 12, code=30),
    ),
}
_FRESH_IMAGES = (30, 40, 50, 36, 44, 40, 32, 48, 40, 40)
"""Training images of the fresh runs that are to over-fit."""

_GREY = {"data.normalization": "zero_one", "model.output_activation": "sigmoid"}
_FRESH_HEALTHY: tuple[Mapping[str, Any], ...] = (
    _sizes(96, 48) | {"train.epochs": 50},
    _sizes(64, code=20) | {"train.epochs": 50},
    _sizes(100, 100, 50, code=6) | {"train.epochs": 50},
    {"model.activation": "elu", "train.epochs": 40, "train.batch_size": 64},
    {"model.activation": "leaky_relu", "train.epochs": 40, "train.learning_rate": 2e-3},
    {"model.activation": "sigmoid", "model.hidden": (128,), "train.epochs": 60, "train.batch_size": 64},
    {"model.activation": "tanh", "model.init": "xavier_normal", "train.epochs": 40} | _sizes(160, 80),
    _chain(6, 100, "relu", **{"model.init": "he_uniform", "train.epochs": 50}),
    _chain(10, 64, "silu", **{"model.init": "orthogonal", "train.epochs": 60}),
    _GREY | {"loss.reconstruction": "bce", "train.epochs": 40},
    _GREY | {"loss.reconstruction": "mae", "train.epochs": 60},
    _LINEAR | {"data.normalization": "standardized", "train.epochs": 40},
    {"train.optimizer": "adamw", "train.weight_decay": 0.1, "train.epochs": 50},
    {"train.schedule": "cosine", "train.learning_rate": 3e-3, "train.epochs": 40},
    {"train.corruption": "masking", "train.corruption_level": 0.3, "train.epochs": 60},
    {"loss.weight_l1": 1e-5, "train.epochs": 50},
    {"model.code_activation": "soft_threshold", "model.threshold": 0.5, "model.latent_size": 24}
    | {"train.epochs": 60},
    {"model.code_activation": "top_k", "model.top_k": 6, "model.latent_size": 40, "train.epochs": 60},
    CONV | {"model.channels": (16, 32), "model.hidden": (), "train.epochs": 40},
    CONV | {"model.kernel_size": 4, "train.epochs": 50, "train.batch_size": 64},
    DICTIONARY | {"loss.code_l1": 3e-4, "train.epochs": 50},
    DICTIONARY | {"loss.code_l1": 0.0, "loss.code_l2": 5.5e-4, "train.epochs": 50},
    SPRITES | _sizes(160, 80, code=16) | {"train.epochs": 15},
    SPRITES | CONV | {"train.learning_rate": 2e-3, "train.epochs": 12},
    SPRITES | DICTIONARY | {"model.latent_size": 48, "train.epochs": 12},
    MNIST | _sizes(256, 128, code=16) | {"train.epochs": 15},
    MNIST | CONV | {"train.learning_rate": 2e-3, "train.epochs": 12},
    MNIST | DICTIONARY | {"loss.code_l1": 3e-4, "train.epochs": 12},
)

FRESH: dict[str, tuple[Case, ...]] = {
    kind: tuple(
        Case(kind, values, seed, few)
        for seed, (values, few) in enumerate(zip(variants, _FRESH_IMAGES, strict=True), 100)
    )
    for kind, variants in _FRESH_FAULTS.items()
} | {"healthy": tuple(Case("healthy", values, seed) for seed, values in enumerate(_FRESH_HEALTHY, 100))}
"""Ten of each fault, and healthy ones of all families and of the data sets that need no network."""
