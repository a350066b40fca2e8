"""True and false alarms of the health checks: runs made faulty in a known way, and healthy ones.

Forty runs, four of each of ten faults, and twenty healthy ones of all families; on digits, sprites and a part
of MNIST where it is there. A fault is found if its own check is an alarm; a healthy run with any alarm is
convicted. `--quick` takes one run of each fault and five healthy ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch

from aecore.analysis import health
from aecore.config import Config
from aecore.data import DATASETS, ImageData, load
from aecore.looks import LayerHistory
from aecore.presets import PRESETS, hidden_widths
from aecore.training.single import Training

DIGITS: dict[str, Any] = {"data.name": "digits", "train.epochs": 20, "train.device": "cpu"}
MOST_IMAGES = 6_000
SPRITES: dict[str, Any] = DIGITS | {"data.name": "sprites", "train.epochs": 8}
MNIST: dict[str, Any] = DIGITS | {"data.name": "mnist", "train.epochs": 10}
DEEP = {"model.hidden": hidden_widths(8, 128)}
SIGMOID = DEEP | {"model.activation": "sigmoid"}
FEW_IMAGES = 40
FEW = {"data.validation_fraction": 0.5, "train.batch_size": 10}


@dataclass(frozen=True)
class Case:
    """A run to be made."""

    kind: str
    """The check that should be an alarm, or `healthy`."""
    values: Mapping[str, Any]
    seed: int

    @property
    def images(self) -> int:
        """At most so many training images, the others left out."""
        return FEW_IMAGES if self.kind == "overfitting" else MOST_IMAGES

    @property
    def config(self) -> Config:
        return PRESETS["post"].with_values({**DIGITS, **self.values, "train.seed": self.seed})


LARGE = {"model.init": "normal", "model.output_activation": "linear"}
FAULTS: dict[str, tuple[Mapping[str, Any], ...]] = {
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
HEALTHY: tuple[Mapping[str, Any], ...] = (
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


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each fault and one for the healthy runs."""
    torch.set_num_threads(1)
    rows = []
    for kind, variants in FAULTS.items():
        cases = [Case(kind, values, seed) for seed, values in enumerate(variants)]
        rows.append(_row(kind, cases[:1] if quick else cases))
    healthy = [Case("healthy", values, seed) for seed, values in enumerate(HEALTHY)]
    there = [case for case in healthy if DATASETS[case.config.data.name].is_ready()]
    rows.append(_row("healthy", there[:10:2] if quick else there))
    return rows


def course_of(case: Case) -> health.Course:
    """The run's training, without a folder."""
    data = _data(case.config.data.name, case.images)
    training, records, looks = Training(case.config, data), [], []
    for (record,) in training.epochs():
        looks += training.take_looks()
        if record is not None:
            records.append(record)
    looks += training.take_looks()
    rows = np.concatenate([part for part in looks if len(part)])
    failed = int(training.failed[0]) or None
    figures = _baselines(case.config.data.name, case.images, case.config.model.latent_size)
    return health.Course(case.config, records, LayerHistory(training.layers, rows), figures, failed)


def _row(kind: str, cases: list[Case]) -> dict[str, Any]:
    found, others = 0, []
    for case in cases:
        alarms = health.alarms(course_of(case))
        found += kind in alarms
        others += [name for name in alarms if name != kind]
    convicted = "; ".join(f"{name} {others.count(name)}" for name in dict.fromkeys(others))
    if kind == "healthy":
        return {"runs": kind, "number": len(cases), "found": "", "other alarms": convicted or "none"}
    return {
        "runs": kind,
        "number": len(cases),
        "found": f"{found} of {len(cases)}",
        "other alarms": convicted or "none",
    }


@cache
def _data(name: str, images: int) -> ImageData:
    """A data set with at most so many training images, evenly spread over it."""
    data = load(name)
    index = torch.arange(images) * len(data.train_images) // images
    if len(index) >= len(data.train_images):
        return data
    factors = data.train_factors
    return replace(
        data,
        train_images=data.train_images[index],
        train_labels=data.train_labels[index],
        train_factors=None if factors is None else factors[index],
    )


@cache
def _baselines(name: str, images: int, latent_size: int) -> health.Baselines:
    return health.baselines(_data(name, images), latent_size)
