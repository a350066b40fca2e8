"""Activation, depth and initial weights on MNIST: gradients at the first step, and the error they lead to.

The post's network with 12 units and hidden layers all 128 wide, three epochs of all 60,000 training images at
batch 128 with Adam at 1e-3. Gradient norms are of the first and the last layer's weights at the first step,
medians of three seeds; mse is the mean of the seeds on the test images in [-1, 1], where the mean image
scores 0.270. `--quick` trains one seed for one epoch of a tenth of the images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any

import torch

from aecore.config import Config
from aecore.data import ImageData, load
from aecore.presets import PRESETS, hidden_widths
from aecore.training.single import Training

WIDTH = 128
SETUPS: tuple[tuple[str, int, Mapping[str, Any]], ...] = (
    *(("ReLU, default", depth, {}) for depth in (1, 2, 4, 8)),
    *(("sigmoid, default", depth, {"model.activation": "sigmoid"}) for depth in (1, 2, 4, 8)),
    ("ReLU, Xavier", 8, {"model.init": "xavier"}),
    ("ReLU, He", 8, {"model.init": "he"}),
    ("ReLU, orthogonal", 8, {"model.init": "orthogonal"}),
    ("tanh, Xavier", 8, {"model.activation": "tanh", "model.init": "xavier"}),
    *(("ReLU, normal of size 1", depth, {"model.init": "normal"}) for depth in (2, 8)),
    ("ReLU, zeros", 8, {"model.init": "zeros"}),
)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each set-up."""
    torch.set_num_threads(1)
    data = load("mnist")
    if quick:
        part = len(data.train_images) // 10
        data = replace(data, train_images=data.train_images[:part], train_labels=data.train_labels[:part])
    epochs, seeds = (1, (0,)) if quick else (3, (0, 1, 2))
    return [_row(name, depth, values, data, epochs, seeds) for name, depth, values in SETUPS]


def config(depth: int, values: Mapping[str, Any], epochs: int) -> Config:
    fixed = {
        "data.validation_fraction": 0.0,
        "model.hidden": hidden_widths(depth, WIDTH),
        "train.epochs": epochs,
        "train.device": "cpu",
    }
    return PRESETS["post"].with_values({**fixed, **values})


def _row(
    name: str, depth: int, values: Mapping[str, Any], data: ImageData, epochs: int, seeds: Sequence[int]
) -> dict[str, Any]:
    norms, errors = [], []
    for seed in seeds:
        training = Training(config(depth, {**values, "train.seed": seed}, epochs), data)
        first = None
        for _ in training.epochs():
            looks = training.take_looks()[0]
            first = looks[0] if first is None else first
        assert first is not None
        norms.append(first["gradient_norm"][[0, -1]].astype(float))
        errors.append(training.evaluate(data.test_images)[0]["reconstruction"])
    return {
        "set-up": name,
        "depth": depth,
        "first layer": median(first for first, _ in norms),
        "last layer": median(last for _, last in norms),
        "ratio": median(first / max(last, 1e-45) for first, last in norms),
        "mse": mean(errors),
        "seeds": ", ".join(f"{error:.3f}" for error in errors),
    }
