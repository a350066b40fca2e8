"""What a picture of the network at work needs: every layer's values on a walk from code to code.

One square of the drawing is one number, so that areas are to scale: a dense layer is a block of squares
about twice as tall as wide, a convolution a stack of its feature maps.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore.analysis import layers
from aecore.analysis.metrics import squared_errors
from aecore.data import to_uint8, unit_range
from aecore.models import layer_outputs
from aecore.store.run import Run

MAPS = 6
"""Feature maps drawn of a convolution: those that vary most."""


@dataclass(frozen=True)
class Layer:
    """One layer's outputs in every frame, ready to be drawn."""

    label: str
    """`128`, or `16 × 14 × 14` for feature maps."""
    size: int
    """Number of values of the layer."""
    cells: np.ndarray
    """uint8, frames x maps x rows x columns: magnitude, 255 at the layer's 99th percentile and above."""
    scale: float
    """That percentile."""
    chosen: tuple[int, ...] = ()
    """Of feature maps, which are drawn."""


@dataclass(frozen=True)
class Walk:
    """Images through the network, and the straight path through their codes.

    There are N images (the stops) and F = (N - 1) * steps + 1 frames; frame `i * steps` is image i.
    """

    steps: int
    images: np.ndarray
    """uint8, N x C x H x W."""
    encoder: list[Layer]
    """Layers between image and code, N frames."""
    codes: np.ndarray
    """float32, F x latent_size."""
    decoder: list[Layer]
    """Layers between code and reconstruction, F frames."""
    outputs: np.ndarray
    """uint8, F x C x H x W."""
    errors: np.ndarray
    """Squared error of each image's reconstruction, N values."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; arrays of bytes in base64."""
        return {
            "steps": self.steps,
            "shape": list(self.images.shape[1:]),
            "images": _base64(self.images),
            "outputs": _base64(self.outputs),
            "encoder": [_layer_json(layer) for layer in self.encoder],
            "decoder": [_layer_json(layer) for layer in self.decoder],
            "codes": [[round(float(v), 3) for v in code] for code in self.codes],
            "grid": rows_and_columns(self.codes.shape[1]),
            "errors": [round(float(e), 3) for e in self.errors],
        }


def walk(run: Run, images: Tensor, steps: int = 8) -> Walk:
    """Sends `images` (N x C x H x W, uint8 or float in [0, 1]) through the run's network.

    Between two images the code moves on a straight line, in `steps` steps, and only the decoder works.
    """
    x = unit_range(images)
    with torch.no_grad():
        encoded = layer_outputs(run.model.encoder, run.scaling.normalize(images, dtype=torch.float32))
        codes = joined(encoded[-1], steps)
        decoded = layer_outputs(run.model.decoder, codes)
    outputs = run.scaling.denormalize(decoded[-1].float())
    return Walk(
        steps=steps,
        images=to_uint8(x),
        encoder=[drawn(values) for values in encoded[:-1]],
        codes=codes.numpy(),
        decoder=[drawn(values) for values in decoded[:-1]],
        outputs=to_uint8(outputs),
        errors=squared_errors(x, outputs[::steps]).numpy(),
    )


def blank(found: Sequence[layers.Layer]) -> Walk:
    """A network without an image in it: one frame in which every value is 0."""
    values = [torch.zeros(1, *layer.shape) for layer in found]
    code = next(i for i, layer in enumerate(found) if layer.place == "code")
    return Walk(
        steps=1,
        images=to_uint8(values[0]),
        encoder=[drawn(v) for v in values[1:code]],
        codes=values[code].numpy(),
        decoder=[drawn(v) for v in values[code + 1 : -1]],
        outputs=to_uint8(values[-1]),
        errors=np.zeros(1),
    )


def joined(codes: Tensor, steps: int) -> Tensor:
    """The codes N x latent_size joined by straight lines of `steps` steps each."""
    if steps < 1:
        raise ValueError(f"a path needs at least 1 step between two codes, not {steps}")
    fractions = torch.arange(steps, dtype=codes.dtype)[:, None] / steps
    legs = [a + fractions * (b - a) for a, b in pairwise(codes)]
    return torch.cat([*legs, codes[-1:]])


def rows_and_columns(size: int) -> tuple[int, int]:
    """(rows, columns) for `size` squares, about twice as tall as wide; the last row may be short."""
    columns = max(1, round(math.sqrt(size / 2)))
    return math.ceil(size / columns), columns


def drawn(values: Tensor) -> Layer:
    """A layer's outputs, frames x size or frames x maps x height x width, as it is drawn."""
    array = values.detach().float().abs().numpy()
    size = array[0].size
    scale = max(float(np.quantile(array, 0.99)), 1e-12)
    cells = to_uint8(array / scale)
    if cells.ndim == 4:
        most_varied = np.argsort(-array.std(axis=(0, 2, 3)), kind="stable")[:MAPS]
        label = " × ".join(str(n) for n in values.shape[1:])
        chosen = np.sort(most_varied)
        return Layer(label, size, cells[:, chosen], scale, tuple(chosen.tolist()))
    rows, columns = rows_and_columns(size)
    padded = np.pad(cells, ((0, 0), (0, rows * columns - size)))
    return Layer(f"{size:,}", size, padded.reshape(-1, 1, rows, columns), scale)


def _layer_json(layer: Layer) -> dict[str, Any]:
    _, maps, rows, columns = layer.cells.shape
    sizes = {"size": layer.size, "maps": maps, "rows": rows, "columns": columns}
    values = {"scale": layer.scale, "chosen": list(layer.chosen)}
    return {"label": layer.label, **sizes, **values, "cells": _base64(layer.cells)}


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).data).decode()
