"""Activation, depth and initial weights on MNIST: gradients at the first step, and the error they lead to.

The post's network with 12 units and hidden layers all 128 wide, three epochs at batch 128 with Adam at 1e-3,
one seed. Gradient norms are of the first and the last layer's weights at the first step; mse is on the test
images in [-1, 1], where the mean image scores 0.270. `--quick` trains one epoch of a tenth of the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    return [_row(name, depth, values, data, 1 if quick else 3) for name, depth, values in SETUPS]


def config(depth: int, values: Mapping[str, Any], epochs: int) -> Config:
    fixed = {"model.hidden": hidden_widths(depth, WIDTH), "train.epochs": epochs, "train.device": "cpu"}
    return PRESETS["post"].with_values({**fixed, **values})


def _row(name: str, depth: int, values: Mapping[str, Any], data: ImageData, epochs: int) -> dict[str, Any]:
    training = Training(config(depth, values, epochs), data)
    first = None
    for _ in training.epochs():
        looks = training.take_looks()[0]
        first = looks[0] if first is None else first
    (scores,) = training.evaluate(data.test_images)
    assert first is not None
    return {
        "set-up": name,
        "depth": depth,
        "first layer": float(first["gradient_norm"][0]),
        "last layer": float(first["gradient_norm"][-1]),
        "ratio": float(first["gradient_norm"][0] / max(first["gradient_norm"][-1], 1e-45)),
        "mse": scores["reconstruction"],
    }
