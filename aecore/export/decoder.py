"""A decoder as one float32 array and a list of plain layers, so that a browser can run it.

`pages/components/decoder/decoder.js` is the reader. Layers are dictionaries with a `type` and whole numbers;
weights and biases stand in the array at the offsets they name, in PyTorch's own order:

- `linear`: `inputs`, `outputs`, `weight` (outputs x inputs), `bias` (outputs)
- `relu`, `tanh`, `sigmoid`, `silu`, `gelu` (the exact one, with erf), `leaky_relu` (`slope`), `elu` (`alpha`)
- `conv_transpose`: `channels` (inputs, outputs), `size`, `output_size` and `padding` (height, width),
  `kernel`, `stride`, `weight` (inputs x outputs x kernel x kernel), `bias` (outputs)

Reshaping needs no layer: every value is flat, in C x H x W order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aecore.store.run import Run

Layer = dict[str, Any]


@dataclass(frozen=True)
class DecoderExport:
    """Everything that is needed to turn a code into an image in [0, 1] without PyTorch."""

    latent_size: int
    """Length of the code that goes in."""
    shape: tuple[int, int, int]
    """(C, H, W) of the image that comes out."""
    layers: tuple[Layer, ...]
    """In order; see the module's own text for what each holds."""
    weights: np.ndarray
    """float32, little-endian, one axis: what the layers' offsets point into."""
    mean: tuple[float, ...]
    """Per channel: image = output * std + mean, as in `aecore.data.Scaling`."""
    std: tuple[float, ...]
    """Per channel."""

    @property
    def key(self) -> str:
        """Changes whenever the decoder does: eight hexadecimal digits."""
        digest = hashlib.sha256(self.weights.tobytes())
        digest.update(repr((self.latent_size, self.shape, self.layers, self.mean, self.std)).encode())
        return digest.hexdigest()[:8]


class _Array:
    """Tensors laid end to end; `add` says where one begins."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.length = 0

    def add(self, values: Tensor) -> int:
        self.parts.append(values.detach().cpu().numpy().astype("<f4").ravel())
        start, self.length = self.length, self.length + self.parts[-1].size
        return start

    def whole(self) -> np.ndarray:
        return np.concatenate(self.parts) if self.parts else np.empty(0, "<f4")


def export_decoder(run: Run) -> DecoderExport:
    """The decoder of `run`. Raises ValueError for a layer that `decoder.js` does not know."""
    array = _Array()
    layers: list[Layer] = []
    size = (run.latent_size,)
    for module in run.model.decoder:
        layer = _layer(module, size, array)
        if layer:
            layers.append(layer)
        # A probe of one image gives the size after the layer, whatever the layer is.
        with torch.no_grad():
            size = tuple(module(torch.zeros(1, *size)).shape[1:])
    return DecoderExport(
        run.latent_size, run.shape, tuple(layers), array.whole(), run.scaling.mean, run.scaling.std
    )


def _layer(module: nn.Module, size: tuple[int, ...], array: _Array) -> Layer | None:
    if isinstance(module, (nn.Identity, nn.Unflatten, nn.Flatten)):
        return None
    if isinstance(module, nn.Linear):
        return {
            "type": "linear",
            "inputs": module.in_features,
            "outputs": module.out_features,
            "weight": array.add(module.weight),
            "bias": array.add(module.bias),
        }
    if isinstance(module, nn.ConvTranspose2d):
        return _conv_transpose(module, size, array)
    if isinstance(module, nn.LeakyReLU):
        return {"type": "leaky_relu", "slope": module.negative_slope}
    if isinstance(module, nn.ELU):
        return {"type": "elu", "alpha": module.alpha}
    for name, kind in _PLAIN.items():
        if isinstance(module, kind):
            return {"type": name}
    raise ValueError(f"a decoder layer {type(module).__name__} can't be run in the browser")


_PLAIN = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "silu": nn.SiLU, "gelu": nn.GELU}


def _conv_transpose(module: nn.ConvTranspose2d, size: tuple[int, ...], array: _Array) -> Layer:
    _, height, width = size
    square = all(len(set(pair)) == 1 for pair in (module.kernel_size, module.stride))
    if not square or module.groups != 1 or set(module.dilation) != {1} or module.bias is None:
        raise ValueError(f"a decoder layer {module} can't be run in the browser")
    kernel, stride = module.kernel_size[0], module.stride[0]
    padding = [int(n) for n in module.padding]
    sides = zip((height, width), padding, module.output_padding, strict=True)
    grown = [(n - 1) * stride - 2 * pad + kernel + extra for n, pad, extra in sides]
    return {
        "type": "conv_transpose",
        "channels": [module.in_channels, module.out_channels],
        "size": [height, width],
        "output_size": grown,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "weight": array.add(module.weight),
        "bias": array.add(module.bias),
    }
