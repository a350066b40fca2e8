"""Shipped networks take a seventh of the space: their weights rounded to multiples of a step for each layer.

Where each weight is rounded by itself, the errors of a row add up. Here the weights that are not yet rounded
make good for the one that is, as far as the layer's inputs allow. With images that is far: neighbouring
pixels are nearly the same (Frantar et al. 2023, GPTQ, arXiv:2210.17323, after Hassibi & Stork's optimal brain
surgeon, 1993). Each layer may change the output in proportion to the number of its weights, which costs the
fewest bits, and the steps become finer until the squared error on the test images is within `ALLOWED_CHANGE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aecore import store
from aecore.store.packed import LARGEST_LEVEL, Levels

if TYPE_CHECKING:
    from torch import Tensor, nn

    from aecore.models import AutoEncoder

ALLOWED_CHANGE = 1.5e-3
"""Relative change of the squared error on the test images. Over seeds it spreads by 2 % (standard deviation,
the median of the shipped networks)."""
IMAGES = 5_000
"""Training images whose passage through a layer says what its roundings do."""
DAMPING = 1e-3
"""Added to the second moments of a layer's inputs, in parts of their mean: some pixels never change."""
FIRST_TRY = 0.25
"""Step at which a layer's share is measured, in standard deviations of its weights."""
FINER = 0.7
"""What the steps are multiplied by as long as the change is too large."""
TRIES = 12


def round_weights(path: Path, fine: bool = False) -> float:
    """Rounds a run's weights in its folder, notes what that makes of its squared error, and returns its
    relative change. The pictures that lie there are made again.

    Biases and whatever is no matrix of a linear layer go in half precision. `fine` rounds as little as the
    levels allow, some 6 bits a weight, and keeps zeros: for networks whose weights are looked at. A function
    of the folder and of its data set. ValueError where no step is fine enough.
    """
    from aecore import data
    from aecore.analysis import metrics
    from aecore.analysis.probe import probe_index, probe_pictures

    run = store.load_run(path)
    images = data.load(run.config.data.name)
    inputs = run.scaling.normalize(images.train_images[:: -(-len(images.train_images) // IMAGES)])
    before = metrics.errors_on_test_images(run, images).double().mean().item()
    original = {name: t.clone() for name, t in run.model.state_dict().items()}
    layers = _linear_layers(run.model, inputs)
    steps = (
        dict.fromkeys(layers, 0.0)
        if fine
        else _steps(run.model, inputs, before * ALLOWED_CHANGE * _unit(run.scaling.factor, run.shape))
    )
    for _ in range(TRIES):
        run.model.load_state_dict(
            {name: t if name.removesuffix(".weight") in steps else _halved(t) for name, t in original.items()}
        )
        levels = _round_layers(run.model, inputs, steps, fine)
        after = metrics.errors_on_test_images(run, images).double().mean().item()
        if abs(change := after / before - 1) <= ALLOWED_CHANGE:
            break
        steps = {name: step * FINER for name, step in steps.items()}
    else:
        raise ValueError(f"rounding changes the squared error of {run.name} by {change:.2%}")
    tensors = {name: t.half() if t.is_floating_point() else t for name, t in run.model.state_dict().items()}
    store.save_weights(path, tensors, run.shape, run.scaling, levels=levels)
    rounded = store.load_run(path)
    stored = metrics.errors_on_test_images(rounded, images).double().mean().item()
    if store.read_pictures(path) is not None:
        store.write_pictures(path, probe_pictures(rounded, images.test_images[probe_index(images)]))
    if run.result is not None:
        store.write_result(path, replace(run.result, stored_squared_error=stored))
    return change


def _unit(factor: tuple[float, ...], shape: tuple[int, int, int]) -> float:
    """What a squared error in [0, 1], summed over an image, is as a mean square of the network's outputs."""
    return len(factor) / sum(factor) / math.prod(shape)


def _steps(model: AutoEncoder, inputs: Tensor, allowed: float) -> dict[str, float]:
    """A step for each linear layer, so that all together change the outputs by `allowed` in mean square."""
    layers = _linear_layers(model, inputs)
    weights = sum(layer.weight.numel() for layer in layers.values())
    output = _output(model, inputs)
    steps = {}
    for name, layer in layers.items():
        kept, step = layer.weight.clone(), FIRST_TRY * layer.weight.double().std().item()
        bias = None if layer.bias is None else layer.bias.clone()
        if step == 0:
            # All are alike: one level holds them as they are.
            steps[name] = layer.weight.abs().max().item() or 1.0
            continue
        round_layer(layer, _moments(model, layer, inputs), step)
        moved = (_output(model, inputs) - output).square().mean().item()
        layer.weight.copy_(kept)
        if bias is not None:
            layer.bias.copy_(bias)
        share = allowed * layer.weight.numel() / weights
        # What moves an output by nothing can be rounded as coarsely as the levels allow.
        wanted = step * (share / moved) ** 0.5 if moved > 0 else 4 * step
        steps[name] = min(max(wanted, step / 16), 4 * step)
    return steps


def _round_layers(
    model: AutoEncoder, inputs: Tensor, steps: dict[str, float], keep_zeros: bool
) -> dict[str, Levels]:
    """Rounds the layers one after another, each seeing what those before it now give."""
    layers = _linear_layers(model, inputs)
    found = {}
    for name, step in steps.items():
        layer = layers[name]
        # The levels reach `LARGEST_LEVEL`; what is larger would be cut.
        largest = layer.weight.abs().max().item()
        step = max(step, largest / LARGEST_LEVEL) or 1.0
        values = round_layer(layer, _moments(model, layer, inputs), step, keep_zeros)
        found[f"{name}.weight"] = Levels(values, step)
    return found


def round_layer(layer: nn.Linear, moments: Tensor, step: float, keep_zeros: bool = False) -> Tensor:
    """Rounds a layer's weights to multiples of `step` and fits its bias to them; returns the levels, int8.

    `moments` are the second moments of the layer's inputs and of a constant 1, which stands for the bias.
    With `keep_zeros` those weights become zero that are zero, and no others.
    """
    import torch

    size = layer.in_features
    bias = torch.zeros(layer.out_features) if layer.bias is None else layer.bias
    weights = torch.cat([layer.weight.double(), bias.double()[:, None]], 1)
    if layer.bias is None:
        moments = moments.clone()
        moments[-1, :-1] = moments[:-1, -1] = 0
    # The inputs that move most come first, when there is most left to make their roundings good.
    order = torch.cat([moments.diag()[:size].argsort(descending=True, stable=True), torch.tensor([size])])
    ordered = moments[order][:, order]
    ordered += torch.eye(size + 1, dtype=torch.float64) * DAMPING * ordered.diag().mean()
    factor = torch.linalg.cholesky(torch.linalg.inv(ordered), upper=True)
    weights = weights[:, order]
    levels = torch.zeros(layer.out_features, size, dtype=torch.int8)
    for i in range(size):
        level = (weights[:, i] / step).round().clamp(-LARGEST_LEVEL, LARGEST_LEVEL)
        if keep_zeros:
            original = layer.weight[:, order[i]]
            level = torch.where(level == 0, original.sign(), level).where(original != 0, torch.tensor(0.0))
        levels[:, order[i]] = level.to(torch.int8)
        error = (weights[:, i] - level * step) / factor[i, i]
        weights[:, i + 1 :] -= error[:, None] * factor[i, i + 1 :]
    layer.weight.copy_(levels.float() * step)
    if layer.bias is not None:
        layer.bias.copy_(weights[:, size].half())
    return levels


def _moments(model: AutoEncoder, layer: nn.Linear, inputs: Tensor) -> Tensor:
    """Second moments of a layer's inputs and of a constant 1, float64."""
    import torch

    size = layer.in_features
    total = torch.zeros(size + 1, size + 1, dtype=torch.float64)

    def add(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        rows = given[0].double()
        rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=torch.float64)], 1)
        total.add_(rows.T @ rows)

    _watching(model, layer, add, inputs)
    return total / len(inputs)


def _linear_layers(model: AutoEncoder, inputs: Tensor) -> dict[str, nn.Linear]:
    """The linear layers by name, in the order in which images pass through them."""
    from torch import nn

    order: list[nn.Module] = []
    handles = [
        module.register_forward_hook(lambda module, given, output: order.append(module))
        for module in model.modules()
        if isinstance(module, nn.Linear)
    ]
    _output(model, inputs[:1])
    for handle in handles:
        handle.remove()
    names = {module: name for name, module in model.named_modules()}
    return {names[module]: module for module in order if isinstance(module, nn.Linear)}


def _watching(
    model: AutoEncoder,
    layer: nn.Module,
    hook: Callable[[nn.Module, tuple[Tensor, ...], Tensor], None],
    inputs: Tensor,
) -> None:
    handle = layer.register_forward_hook(hook)
    _output(model, inputs)
    handle.remove()


def _output(model: AutoEncoder, inputs: Tensor) -> Tensor:
    import torch

    with torch.no_grad():
        return torch.cat([model(part).reconstruction for part in inputs.split(1000)])


def _halved(tensor: Tensor) -> Tensor:
    """As it will be read from the file."""
    return tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor
