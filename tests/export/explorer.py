"""Runs of every kind for the tests of the file: untrained networks on a few images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aecore.data import ImageData, scaling
from aecore.export.explorer.material import Material, gather
from aecore.models import build
from aecore.store.run import Run
from tests.samples import tiny_config, tiny_data

COLOUR = (3, 12, 10)
KINDS = {
    "plain": ({}, (1, 6, 5), True),
    "one unit": ({"model.latent_size": 1}, (1, 6, 5), True),
    "two units": ({"model.latent_size": 2}, (1, 6, 5), True),
    "no classes": ({}, (1, 6, 5), False),
    "colour": ({}, COLOUR, True),
    "convolutions": ({"model.family": "conv", "model.channels": (2, 3)}, COLOUR, False),
    "large": ({}, (3, 100, 80), False),
    "variational": (
        {"model.variational": True, "data.normalization": "zero_one", "model.output_activation": "sigmoid"},
        (1, 6, 5),
        True,
    ),
    "dictionary": (
        {
            "model.family": "dictionary",
            "model.code_activation": "top_k",
            "model.top_k": 2,
            "model.output_activation": "linear",
        },
        (1, 6, 5),
        True,
    ),
}
"""Settings beside `tiny_config`'s, the images' shape, and whether they have classes."""


def kind(name: str, title: str = "A run") -> Material:
    """The material of one of `KINDS`."""
    values, shape, labelled = KINDS[name]
    data = tiny_data(shape=shape)
    return gather(untrained(values, data, title), data if labelled else without_classes(data), created=0.0)


def untrained(values: dict, data: ImageData, title: str = "A run") -> Run:
    config = tiny_config().with_values(values)
    network = build(config.model, data.shape, seed=1).eval().requires_grad_(False)
    scale = scaling(config.data.normalization, data)
    return Run(Path("x"), title, config, data.shape, scale, network)


def without_classes(data: ImageData) -> ImageData:
    """The same images, of which nothing is said."""
    none = {"train_labels": 0 * data.train_labels, "test_labels": 0 * data.test_labels}
    return replace(data, **none, class_names=("all",))
