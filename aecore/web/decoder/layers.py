"""Half of a network as one float32 array and a list of plain layers, so that a browser can run it.

`decoder.js` is the reader. Layers are dictionaries with a `type` and whole numbers;
weights and biases stand in the array at the offsets they name, in PyTorch's own order:

- `linear`: `inputs`, `outputs`, `weight` (outputs x inputs), `bias` (outputs)
- `relu`, `tanh`, `sigmoid`, `silu`, `gelu` (the exact one, with erf), `leaky_relu` (`slope`), `elu` (`alpha`)
- `conv`: `channels` (inputs, outputs), `size`, `output_size` and `padding` (height, width), `kernel`,
  `stride`, `weight` (outputs x inputs x kernel x kernel), `bias` (outputs)
- `conv_transpose`: the same, but `weight` is inputs x outputs x kernel x kernel
- `soft_threshold`: `threshold`, `units`, `mean` and `scale` (units): softshrink((x - mean) * scale)
- `top_k`: `k`: the k largest of relu(x) as they are, the others 0

Reshaping needs no layer: every value is flat, in C x H x W order.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aecore.models import SoftThreshold, TopK

Layer = dict[str, Any]


def key_of(weights: np.ndarray, *rest: object) -> str:
    """Changes whenever the weights or the rest do: eight hexadecimal digits."""
    digest = hashlib.sha256(weights.tobytes())
    digest.update(repr(rest).encode())
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


def plain_layers(half: nn.Sequential, size: tuple[int, ...]) -> tuple[tuple[Layer, ...], np.ndarray]:
    """The layers of an encoder or decoder that takes one value of `size`, and their array, float32.

    Raises ValueError for a layer that the browser does not know.
    """
    array = _Array()
    layers: list[Layer] = []
    for module in half:
        layer = _layer(module, size, array)
        if layer:
            layers.append(layer)
        # A probe of one value gives the size after the layer, whatever the layer is.
        with torch.no_grad():
            size = tuple(module(torch.zeros(1, *size)).shape[1:])
    return tuple(layers), array.whole()


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
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        return _convolution(module, size, array)
    if isinstance(module, SoftThreshold):
        return _soft_threshold(module, array)
    if isinstance(module, TopK):
        return {"type": "top_k", "k": module.k}
    if isinstance(module, nn.LeakyReLU):
        return {"type": "leaky_relu", "slope": module.negative_slope}
    if isinstance(module, nn.ELU):
        return {"type": "elu", "alpha": module.alpha}
    for name, kind in _PLAIN.items():
        if isinstance(module, kind):
            return {"type": name}
    raise ValueError(f"a layer {type(module).__name__} can't be run in the browser")


_PLAIN = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "silu": nn.SiLU, "gelu": nn.GELU}


def _convolution(module: nn.Conv2d | nn.ConvTranspose2d, size: tuple[int, ...], array: _Array) -> Layer:
    square = all(len(set(pair)) == 1 for pair in (module.kernel_size, module.stride))
    plain = module.groups == 1 and set(module.dilation) == {1} and module.padding_mode == "zeros"
    if not square or not plain or module.bias is None or isinstance(module.padding, str):
        raise ValueError(f"a layer {module} can't be run in the browser")
    with torch.no_grad():
        grown = module(torch.zeros(1, *size)).shape[2:]
    return {
        "type": "conv_transpose" if isinstance(module, nn.ConvTranspose2d) else "conv",
        "channels": [module.in_channels, module.out_channels],
        "size": list(size[1:]),
        "output_size": list(grown),
        "kernel": module.kernel_size[0],
        "stride": module.stride[0],
        "padding": [int(n) for n in module.padding],
        "weight": array.add(module.weight),
        "bias": array.add(module.bias),
    }


def _soft_threshold(module: SoftThreshold, array: _Array) -> Layer:
    norm = module.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return {
        "type": "soft_threshold",
        "threshold": module.threshold,
        "units": norm.num_features,
        "mean": array.add(norm.running_mean),
        "scale": array.add((norm.running_var + norm.eps).rsqrt()),
    }
