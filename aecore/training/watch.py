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

SAMPLE = 1024
"""Values that a log-histogram is made of, the same places at every look."""

DEAD_BELOW = 0.01
"""A unit that is not zero on less than this share of the images is dead (SageMaker Debugger's rule)."""

FLAT_ZERO = frozenset({"relu", "top_k", "soft_threshold"})
"""Activations that are zero, with slope zero, over a range of inputs."""

FLAT_ENDS = {"tanh": (0.0, math.sqrt(0.99)), "sigmoid": (0.5, math.sqrt(0.2475))}
"""Centre of an activation's outputs, and the distance from it where the slope is 1 % of the largest: that of
tanh is 1 - y^2, that of the sigmoid y (1 - y)."""


class Before(NamedTuple):
    """What a look has to take before the update. Norms are layers x K."""

    gradient_norm: Tensor
    weight_norm: Tensor
    weights: list[Tensor]
    """Copies, K x *shape."""
    gradients: Tensor
    """Log-histograms, K x layers x BINS."""


def describe_layers(model: nn.Module, config: ModelConfig) -> tuple[Layer, ...]:
    """The layers with weights of an auto-encoder, from image to reconstruction.

    A variational model's second head is on none of these ways, and is left out.
    """
    named = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, models.WEIGHTED) and name.startswith(("encoder.", "decoder."))
    }
    encoder = [name for name in named if name.startswith("encoder.")]
    activations: list[str] = [config.activation] * len(named)
    activations[len(encoder) - 1] = config.code_activation
    activations[-1] = config.output_activation
    return tuple(
        Layer(name, type(module).__name__.lower(), _units(module), activation)
        for (name, module), activation in zip(named.items(), activations, strict=True)
    )


class Sample(NamedTuple):
    """Fixed places of all layers, which a log-histogram is made of."""

    places: list[Tensor]
    """Of each layer's flattened values."""
    slots: Tensor
    """K x all places: the number of the layer, or of layers in all where a place is not the member's own."""

    def values(self, tensors: Sequence[Tensor]) -> Tensor:
        """What K x *shape each hold at the places: K x all places."""
        found = [t.flatten(1).index_select(1, i) for t, i in zip(tensors, self.places, strict=True)]
        return torch.cat([v.float() for v in found], dim=1)


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
        places, own = [], []
        for name in self.names:
            whole = tensors[name].shape[1:]
            places.append(spread(math.prod(whole), SAMPLE))
            index = torch.stack(torch.unravel_index(places[-1], whole))
            limits = torch.tensor([list(shape[name]) for shape in shapes])
            own.append((index[None] < limits[:, :, None]).all(1))
        self._weights = self._sample(places, own)
        # Of each layer the member's own units: its rows, or the second axis of a transposed kernel.
        axes = {
            name: int(layer.kind == "convtranspose2d") for name, layer in zip(self.names, layers, strict=True)
        }
        self._units = [[shape[name][axis] for shape in shapes] for name, axis in axes.items()]
        self._rows = [tensors[name].shape[1 + axis] for name, axis in axes.items()]
        self._masks: list[Tensor | None] = []
        """Of each layer which units are the members' own, K x units; None where all are."""
        self._outputs: Sample | None = None

    @torch.no_grad()
    def before(self, tensors: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> Before:
        """What is there once the gradients are, and before the update."""
        weights = [tensors[name] for name in self.names]
        slopes = [gradients[name] for name in self.names]
        return Before(
            gradient_norm=_norms(slopes),
            weight_norm=_norms(weights),
            weights=[w.clone() for w in weights],
            gradients=log_histograms(self._weights.values(slopes), self._weights.slots, len(self.layers)),
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
        # K x N x units x places of a feature map.
        shaped = [o.float().flatten(3) if o.ndim > 3 else o.float()[..., None] for o in outputs]
        if self._outputs is None:
            self._outputs = self._plan(shaped)
        means, spreads, dead, saturated = [], [], [], []
        for layer, x, mask in zip(self.layers, shaped, self._masks, strict=True):
            mean, std = mean_and_spread(x, mask)
            means.append(mean)
            spreads.append(std)
            no_number = torch.full_like(mean, torch.nan)
            dead.append(dead_share(x, mask) if layer.activation in FLAT_ZERO else no_number)
            ends = FLAT_ENDS.get(layer.activation)
            saturated.append(saturated_share(x, mask, *ends) if ends else no_number)
        rows = np.zeros(self.members, look_dtype(len(self.layers)))
        rows["epoch"], rows["step"], rows["total"] = place
        tiny = torch.finfo(torch.float32).tiny
        numbers = {
            "gradient_norm": before.gradient_norm,
            "weight_norm": before.weight_norm,
            "update_ratio": changes / before.weight_norm.clamp_min(tiny),
            "activation_mean": torch.stack(means),
            "activation_std": torch.stack(spreads),
            "dead": torch.stack(dead),
            "saturated": torch.stack(saturated),
        }
        for name, values in numbers.items():
            rows[name] = values.T.cpu().numpy()
        rows["gradients"] = before.gradients.cpu().numpy()
        values = self._outputs.values(shaped)
        rows["activations"] = log_histograms(values, self._outputs.slots, len(self.layers)).cpu().numpy()
        return rows

    def _plan(self, shaped: Sequence[Tensor]) -> Sample:
        """The places of the outputs' histograms; notes which units are the members' own."""
        places, own = [], []
        for i, x in enumerate(shaped):
            _, _, units, each = x.shape
            # A dense layer whose outputs become a feature map has `units` channels of it.
            per_unit = self._rows[i] // units
            limits = torch.tensor([-(-n // per_unit) for n in self._units[i]])
            mask = torch.arange(units) < limits[:, None]
            places.append(spread(x[0].numel(), SAMPLE))
            own.append(mask[:, places[-1] // each % units])
            self._masks.append(None if bool(mask.all()) else mask.to(self.device))
        return self._sample(places, own)

    def _sample(self, places: Sequence[Tensor], own: Sequence[Tensor]) -> Sample:
        slots = [torch.where(mine, i, len(self.layers)) for i, mine in enumerate(own)]
        return Sample([p.to(self.device) for p in places], torch.cat(slots, dim=1).to(self.device))


def spread(n: int, count: int) -> Tensor:
    """At most `count` of n places, spread evenly and in no step with rows or columns: multiples of the golden
    ratio, modulo 1. int64."""
    if n <= count:
        return torch.arange(n)
    ratio = (math.sqrt(5) - 1) / 2
    return (torch.arange(1, count + 1, dtype=torch.float64) * ratio % 1 * n).long()


def mean_and_spread(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over images, own units and places: K values each.

    x is K x N x units x places; mask, K x units, says which units are the members' own (None: all).
    """
    if mask is None:
        mean = x.mean((1, 2, 3))
        rest = (x - mean.view(-1, 1, 1, 1)).flatten(1)
        return mean, torch.linalg.vector_norm(rest, dim=1) / math.sqrt(rest.shape[1])
    weight = mask[:, None, :, None].to(x.dtype)
    count = mask.sum(1) * x.shape[1] * x.shape[3]
    mean = (x * weight).sum((1, 2, 3)) / count
    squares = ((x - mean.view(-1, 1, 1, 1)).square() * weight).sum((1, 2, 3))
    return mean, (squares / count).sqrt()


def dead_share(x: Tensor, mask: Tensor | None) -> Tensor:
    """Share of own units that are zero on all images but 1 %: K values. A feature map counts as zero where it
    is so everywhere."""
    active = x[..., 0] != 0 if x.shape[-1] == 1 else (x != 0).any(-1)
    return _own_mean((active.float().mean(1) < DEAD_BELOW).float(), mask)


def saturated_share(x: Tensor, mask: Tensor | None, center: float, distance: float) -> Tensor:
    """Share of the own units' values that are farther from `center` than `distance`: K values."""
    return _own_mean(((x - center).abs() > distance).float().mean((1, 3)), mask)


def log_histograms(values: Tensor, slots: Tensor, layers: int) -> Tensor:
    """Shares of absolute values by `looks.EDGES`, K x layers x BINS.

    values: K x n; slots: K x n, the number of each one's layer, and `layers` for one that is not to count.
    """
    members = len(values)
    low, width = math.log2(EDGES[0]), math.log2(EDGES[1] / EDGES[0])
    place = values.abs().log2_().sub_(low).div_(width).nan_to_num_(nan=BINS, posinf=BINS, neginf=0)
    bins = torch.where(values == 0, 0, place.floor_().clamp_(0, BINS - 2).add_(1).long())
    first = torch.arange(members, device=values.device)[:, None] * (layers + 1)
    counts = torch.bincount((bins + (slots + first) * BINS).view(-1), minlength=members * (layers + 1) * BINS)
    counts = counts.view(members, layers + 1, BINS)[:, :layers].float()
    return counts / counts.sum(-1, keepdim=True).clamp_min(1)


def _own_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the own units of K x units."""
    return values.mean(1) if mask is None else (values * mask).sum(1) / mask.sum(1)


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norms, layers x K, of K x *shape."""
    return torch.stack([torch.linalg.vector_norm(t.flatten(1), dim=1).float() for t in tensors])


def _units(module: nn.Module) -> int:
    if isinstance(module, nn.Linear):
        return module.out_features
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    return module.out_channels
