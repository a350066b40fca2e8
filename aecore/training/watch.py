"""A look at a training's layers at a step: norms of gradients, weights and updates, and what the units do.

Everything is computed for K members at once, whose tensors have a leading axis; a lone model is K = 1. A look
only reads: the training's bits are the same without it. What the units do is taken from a forward pass of a
few fixed images, in evaluation mode, so that looks at different steps can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from aecore import models
from aecore.config import ModelConfig
from aecore.looks import BINS, EDGES, Layer, look_dtype

IMAGES = 100
"""Test images that the units are watched on: one that is zero on 99 % of them is zero on all."""

SAMPLE = 2048
"""Values that a log-histogram is made of, the same places at every look."""

DEAD_BELOW = 0.01
"""A unit that is not zero on less than this share of the images is dead (SageMaker Debugger's rule)."""

FLAT_ZERO = frozenset({"relu", "top_k", "soft_threshold"})
"""Activations that are zero, with slope zero, over a range of inputs."""

FLAT_ENDS = {"tanh": (0.0, math.sqrt(0.99)), "sigmoid": (0.5, math.sqrt(0.2475))}
"""Centre of an activation's outputs, and the distance from it where the slope is 1 % of the largest: that of
tanh is 1 - y^2, that of the sigmoid y (1 - y)."""


class Before(NamedTuple):
    """What a look has to take before the update. Tensors are layers x K, or as said."""

    gradient_norm: Tensor
    weight_norm: Tensor
    weights: list[Tensor]
    """Copies, K x *shape."""
    gradients: Tensor
    """Log-histograms, layers x K x BINS."""


def describe_layers(model: nn.Module, config: ModelConfig) -> tuple[Layer, ...]:
    """The layers with weights of an auto-encoder, from image to reconstruction."""
    named = {name: module for name, module in model.named_modules() if isinstance(module, models.WEIGHTED)}
    encoder = [name for name in named if name.startswith("encoder.")]
    activations: list[str] = [config.activation] * len(named)
    activations[len(encoder) - 1] = config.code_activation
    activations[-1] = config.output_activation
    return tuple(
        Layer(name, type(module).__name__.lower(), _units(module), activation)
        for (name, module), activation in zip(named.items(), activations, strict=True)
    )


class LayerWatch:
    """Looks at the layers of K members; `shapes` are each member's own, which padded tensors may exceed."""

    def __init__(
        self,
        layers: Sequence[Layer],
        tensors: Mapping[str, Tensor],
        shapes: Sequence[Mapping[str, torch.Size]],
    ) -> None:
        self.layers = tuple(layers)
        self.names = [f"{layer.name}.weight" for layer in layers]
        self.device = tensors[self.names[0]].device
        self.members = len(shapes)
        # Places and which of them are a member's own do not change from look to look.
        self._places: list[Tensor] = []
        self._own: list[Tensor] = []
        for name in self.names:
            whole = tensors[name].shape[1:]
            places = spread(math.prod(whole), SAMPLE)
            index = torch.stack(torch.unravel_index(places, whole))
            limits = torch.tensor([list(shape[name]) for shape in shapes])
            own = (index[None] < limits[:, :, None]).all(1)
            self._places.append(places.to(self.device))
            self._own.append(own.to(self.device))
        # Of each layer the member's own units: its rows, or the second axis of a transposed kernel.
        axes = [1 if layer.kind == "convtranspose2d" else 0 for layer in layers]
        self._units = [
            [own[name][axis] for own in shapes] for name, axis in zip(self.names, axes, strict=True)
        ]
        self._rows = [tensors[name].shape[1 + axis] for name, axis in zip(self.names, axes, strict=True)]

    @torch.no_grad()
    def before(self, tensors: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> Before:
        """What is there once the gradients are, and before the update."""
        weights = [tensors[name] for name in self.names]
        slopes = [gradients[name] for name in self.names]
        sampled = [g.flatten(1)[:, places] for g, places in zip(slopes, self._places, strict=True)]
        return Before(
            gradient_norm=_norms(slopes),
            weight_norm=_norms(weights),
            weights=[w.clone() for w in weights],
            gradients=log_histograms(sampled, self._own),
        )

    @torch.no_grad()
    def after(
        self,
        before: Before,
        tensors: Mapping[str, Tensor],
        outputs: Sequence[Tensor],
        place: tuple[int, int, int],
    ) -> np.ndarray:
        """The rows of K members, `look_dtype`. `outputs` are the layers', K x N x *shape, before the update;
        `place` is the epoch and the step of it, both from 1, and the steps in all."""
        changes = _norms([tensors[name] - w for name, w in zip(self.names, before.weights, strict=True)])
        means, spreads, dead, saturated, samples, own = [], [], [], [], [], []
        for i, (layer, output) in enumerate(zip(self.layers, outputs, strict=True)):
            # K x N x units x places of a feature map.
            x = output.float().flatten(3) if output.ndim > 3 else output.float()[..., None]
            mask = self._mask(i, x.shape[2])
            mean, std = mean_and_spread(x, mask)
            means.append(mean)
            spreads.append(std)
            dead.append(
                dead_share(x, mask) if layer.activation in FLAT_ZERO else torch.full_like(mean, torch.nan)
            )
            ends = FLAT_ENDS.get(layer.activation)
            saturated.append(saturated_share(x, mask, *ends) if ends else torch.full_like(mean, torch.nan))
            places = spread(x[0].numel(), SAMPLE).to(self.device)
            samples.append(x.reshape(self.members, -1)[:, places])
            unit = places // x.shape[3] % x.shape[2]
            own.append(mask[:, unit])
        rows = np.zeros(self.members, look_dtype(len(self.layers)))
        rows["epoch"], rows["step"], rows["total"] = place
        tiny = torch.finfo(torch.float32).tiny
        columns = {
            "gradient_norm": before.gradient_norm,
            "weight_norm": before.weight_norm,
            "update_ratio": changes / before.weight_norm.clamp_min(tiny),
            "activation_mean": torch.stack(means),
            "activation_std": torch.stack(spreads),
            "dead": torch.stack(dead),
            "saturated": torch.stack(saturated),
            "gradients": before.gradients,
            "activations": log_histograms(samples, own),
        }
        for name, values in columns.items():
            rows[name] = values.transpose(0, 1).cpu().numpy()
        return rows

    def _mask(self, i: int, units: int) -> Tensor:
        """Which of a layer's units are the member's own, K x units. A dense layer whose outputs are a feature
        map's, unit by unit, has `units` channels of it."""
        each = self._rows[i] // units
        own = torch.tensor([-(-n // each) for n in self._units[i]], device=self.device)
        return torch.arange(units, device=self.device) < own[:, None]


def spread(n: int, count: int) -> Tensor:
    """At most `count` of n places, spread evenly and in no step with rows or columns: multiples of the golden
    ratio, modulo 1. int64."""
    if n <= count:
        return torch.arange(n)
    ratio = (math.sqrt(5) - 1) / 2
    return (torch.arange(1, count + 1, dtype=torch.float64) * ratio % 1 * n).long()


def mean_and_spread(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over images, own units and places: K values each. x is K x N x units x
    places, mask K x units."""
    if bool(mask.all()):
        std, mean = torch.std_mean(x, dim=(1, 2, 3), correction=0)
        return mean, std
    weight = mask[:, None, :, None].to(x.dtype)
    count = mask.sum(1) * x.shape[1] * x.shape[3]
    mean = (x * weight).sum((1, 2, 3)) / count
    squares = ((x - mean.view(-1, 1, 1, 1)).square() * weight).sum((1, 2, 3))
    return mean, (squares / count).sqrt()


def dead_share(x: Tensor, mask: Tensor) -> Tensor:
    """Share of own units that are zero on all images but 1 %: K values. A feature map counts as zero where it
    is so everywhere."""
    active = (x != 0).any(-1).float().mean(1)
    return ((active < DEAD_BELOW) & mask).sum(1) / mask.sum(1)


def saturated_share(x: Tensor, mask: Tensor, center: float, distance: float) -> Tensor:
    """Share of the own units' values that are farther from `center` than `distance`: K values."""
    flat = ((x - center).abs() > distance).float().mean((1, 3))
    return (flat * mask).sum(1) / mask.sum(1)


def log_histograms(values: Sequence[Tensor], own: Sequence[Tensor]) -> Tensor:
    """Shares of absolute values by `looks.EDGES`, layers x K x BINS, of K x n values where `own` is true."""
    members = len(values[0])
    low, width = math.log2(EDGES[0]), math.log2(EDGES[1] / EDGES[0])
    bins = []
    for i, (v, counted) in enumerate(zip(values, own, strict=True)):
        place = ((v.abs().float().log2() - low) / width).nan_to_num(nan=BINS, posinf=BINS, neginf=-1)
        found = place.floor().clamp(0, BINS - 2).long() + 1
        found = torch.where(v == 0, 0, found)
        # What does not count goes into a bin of its own behind the others.
        found = torch.where(counted, found, BINS)
        member = torch.arange(i * members, (i + 1) * members, device=v.device)
        bins.append((found + member[:, None] * (BINS + 1)).reshape(-1))
    counts = torch.bincount(torch.cat(bins), minlength=len(values) * members * (BINS + 1))
    counts = counts.view(len(values), members, BINS + 1)[..., :BINS].float()
    return counts / counts.sum(-1, keepdim=True).clamp_min(1)


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norms, layers x K, of K x *shape."""
    return torch.stack([torch.linalg.vector_norm(t.flatten(1), dim=1).float() for t in tensors])


def _units(module: nn.Module) -> int:
    if isinstance(module, nn.Linear):
        return module.out_features
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    return module.out_channels
