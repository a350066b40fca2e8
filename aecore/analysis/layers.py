"""A network layer by layer: what each is, what it puts out for an image, and its weights as pictures.

A layer is a weighted module with all that follows it up to the next one, so that its nonlinearity belongs
to it. Layers are listed from the image through the code to the reconstruction, in one order everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from aecore.models import WEIGHTED, AutoEncoder, SoftThreshold, TopK, layer_outputs

SHAPING = (nn.Flatten, nn.Unflatten, nn.Identity)
"""Modules that change no value."""

Place = Literal["image", "encoder", "code", "decoder", "reconstruction"]


@dataclass(frozen=True)
class Layer:
    """One layer, or the image, which has no weights."""

    name: str
    """`image`, `encoder 1`, ..., `code`, `decoder 1`, ..., `reconstruction`."""
    kind: str
    """What it computes, such as `3 × 3 convolution, stride 2, ReLU`; empty for the image."""
    shape: tuple[int, ...]
    """(C, H, W) of an image or of feature maps, (size,) of a dense layer."""
    parameters: int
    """Number of its trained weights and biases."""
    place: Place

    @property
    def size(self) -> int:
        """Number of values it puts out."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Statistics:
    """Figures of a layer's values."""

    mean: float
    std: float
    """Standard deviation, of all values and not of a sample."""
    low: float
    high: float
    zeros: float
    """Share of values that are exactly 0."""


def layers(model: AutoEncoder, shape: tuple[int, int, int]) -> list[Layer]:
    """The layers of a model for images of `shape` (C, H, W), the image first and the reconstruction last.

    A variational model's code is its mean; what gives the log-variance counts among the code's parameters,
    and a learned spread of the pixels among the reconstruction's. Nothing is computed on the meta device,
    where `models.outline` makes a model of any size.
    """
    device = next(model.parameters()).device
    outputs = activations(model, torch.zeros(1, *shape, device=device))
    found = [Layer("image", "", shape, 0, "image")]
    halves: tuple[tuple[Place, nn.Sequential, Place], ...] = (
        ("encoder", model.encoder, "code"),
        ("decoder", model.decoder, "reconstruction"),
    )
    beside = {"code": model.log_variance, "reconstruction": model.log_std}
    for place, half, end in halves:
        groups = list(_groups(half))
        for number, modules in enumerate(groups, 1):
            last = number == len(groups)
            count = sum(p.numel() for module in modules for p in module.parameters())
            found.append(
                Layer(
                    name=end if last else f"{place} {number}",
                    kind=", ".join(filter(None, map(_words, modules))),
                    shape=tuple(outputs[len(found)].shape[1:]),
                    parameters=count + (_parameters(beside[end]) if last else 0),
                    place=end if last else place,
                )
            )
    return found


def _parameters(part: nn.Module | nn.Parameter | float | None) -> int:
    """Number of trained values of a module, of one parameter, or of what is none."""
    if isinstance(part, nn.Module):
        return sum(p.numel() for p in part.parameters())
    return part.numel() if isinstance(part, nn.Parameter) else 0


@torch.no_grad()
def activations(model: AutoEncoder, x: Tensor) -> list[Tensor]:
    """What every layer puts out for normalized images N x C x H x W, in the order of `layers`.

    Feature maps come as N x C x H x W, dense layers as N x size; the first is `x` itself.
    """
    encoded = layer_outputs(model.encoder, x)
    return [x, *encoded, *layer_outputs(model.decoder, encoded[-1])]


def pinch(found: Sequence[Layer]) -> int:
    """Place in the list of the narrowest layer between image and reconstruction; of equals, the code."""
    inner = range(1, len(found) - 1)
    return min(inner, key=lambda i: (found[i].size, found[i].place != "code"))


def statistics(values: Tensor | np.ndarray) -> Statistics:
    """Figures of values of any shape, at least one."""
    array = np.asarray(values, dtype=np.float64)
    return Statistics(
        float(array.mean()),
        float(array.std()),
        float(array.min()),
        float(array.max()),
        float((array == 0).mean()),
    )


def silent_units(values: Tensor) -> int:
    """How many units of a layer are exactly 0 for every one of N images; of feature maps, everywhere in them.

    `values` are N x size or N x C x H x W, as `activations` gives them.
    """
    active = (values != 0).flatten(2).any(2) if values.ndim > 2 else values != 0
    return int((~active.any(0)).sum())


def pixel_weights(model: AutoEncoder, number: int, shape: tuple[int, int, int]) -> np.ndarray | None:
    """The weights between the pixels and the units of layer `number` of `layers`, as pictures.

    float32, units x C x H x W: of the layer after the image what each of its units looks for; of the
    reconstruction what each unit before it adds to the image. Of a convolution these are its kernels, H x W
    being the kernel's size. None for a layer whose weights face no pixel.
    """
    encoder, decoder = (
        [m for m in half if isinstance(m, WEIGHTED)] for half in (model.encoder, model.decoder)
    )
    first, last = 1, len(encoder) + len(decoder)
    if number not in (first, last):
        return None
    module = encoder[0] if number == first else decoder[-1]
    weights = module.weight.detach().float()
    # A convolution's kernels are out x in x H x W and a transposed one's in x out x H x W: where they face
    # the pixels, the pixels' channels come second in both.
    if isinstance(module, nn.Linear):
        weights = (weights if number == first else weights.T).reshape(-1, *shape)
    return weights.numpy()


def _groups(half: nn.Sequential) -> Iterator[list[nn.Module]]:
    """The modules of each layer: a weighted one with what follows; what shapes its input comes before it."""
    group: list[nn.Module] = []
    for module in half:
        if isinstance(module, WEIGHTED) and any(isinstance(m, WEIGHTED) for m in group):
            yield group
            group = []
        group.append(module)
    yield group


def _words(module: nn.Module) -> str:
    """What a module does, in a few words; empty where it changes no value."""
    if isinstance(module, SHAPING):
        return ""
    for kind, words in _WORDS.items():
        if isinstance(module, kind):
            return words(module)
    return type(module).__name__


def _convolution(name: str) -> Callable[[Any], str]:
    def words(module: Any) -> str:
        size = " × ".join(map(str, module.kernel_size))
        stride = module.stride[0]
        return f"{size} {name}" + (f", stride {stride}" if stride != 1 else "")

    return words


_WORDS: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.Linear: lambda module: "dense",
    nn.Conv2d: _convolution("convolution"),
    nn.ConvTranspose2d: _convolution("transposed convolution"),
    nn.BatchNorm1d: lambda module: "BatchNorm",
    nn.BatchNorm2d: lambda module: "BatchNorm",
    SoftThreshold: lambda module: f"BatchNorm, soft threshold {module.threshold:g}",
    TopK: lambda module: f"the {module.k} largest of ReLU",
}
