"""A network layer by layer: against forward hooks, and against arithmetic on the widths."""

import numpy as np
import pytest
import torch
from torch import nn

from aecore.analysis.layers import activations, layers, pinch, pixel_weights, silent_units, statistics
from aecore.config import ModelConfig
from aecore.models import build, layer_sizes, outline, parameter_count
from aecore.presets import PRESETS

SHAPES = [(1, 28, 28), (3, 9, 11)]
SMALL = {
    "dense": ModelConfig(hidden=(10, 5), latent_size=3),
    "no hidden layer": ModelConfig(hidden=(), latent_size=3),
    "deep": ModelConfig(hidden=(6,) * 16, latent_size=2, activation="tanh"),
    "conv": ModelConfig(family="conv", channels=(4, 8), hidden=(6,), latent_size=2),
    "conv, no dense layer": ModelConfig(family="conv", channels=(4,), hidden=(), latent_size=2),
    "dictionary": ModelConfig(family="dictionary", hidden=(9,), latent_size=7, output_activation="linear"),
    "variational": ModelConfig(hidden=(8,), latent_size=6, variational=True, output_std=0.0),
    "top k": ModelConfig(hidden=(8,), latent_size=6, code_activation="top_k", top_k=2),
    "soft threshold": ModelConfig(hidden=(8,), latent_size=6, code_activation="soft_threshold"),
}
MODELS = SMALL | {name: preset.model for name, preset in PRESETS.items()}


def hooked(half, x):
    """The last output of each weighted module and of what follows it, by forward hooks, flattened."""
    seen = []

    def after(module, inputs, output):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            seen.append(output)
        elif seen:
            seen[-1] = output

    handles = [module.register_forward_hook(after) for module in half]
    with torch.no_grad():
        half(x)
    for handle in handles:
        handle.remove()
    return [output.flatten(1) for output in seen]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_activations_are_what_forward_hooks_see(name, shape):
    model = build(MODELS[name], shape).eval()
    x = torch.rand(3, *shape)
    values = activations(model, x)
    expected = [x.flatten(1), *hooked(model.encoder, x), *hooked(model.decoder, model.encode(x).detach())]
    assert len(values) == len(expected)
    for mine, theirs in zip(values, expected, strict=True):
        assert torch.equal(mine.flatten(1), theirs)
    with torch.no_grad():
        output = model(x)
    assert any(torch.equal(v, output.code) for v in values)
    assert torch.equal(values[-1], output.reconstruction)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_layers_have_the_sizes_and_parameters_of_the_config(name, shape):
    config = MODELS[name]
    found = layers(outline(config, shape), shape)
    assert [layer.size for layer in found] == layer_sizes(config, shape)
    assert sum(layer.parameters for layer in found) == parameter_count(config, shape)
    assert found == layers(build(config, shape).eval(), shape)
    assert [layer.name for layer in found if layer.place == "code"] == ["code"]
    assert found[0].shape == found[-1].shape == shape


def test_layers_are_named_and_described():
    config = ModelConfig(family="conv", channels=(4,), hidden=(6,), latent_size=2, output_activation="tanh")
    found = layers(outline(config, (1, 8, 8)), (1, 8, 8))
    assert [(layer.name, layer.kind, layer.shape) for layer in found] == [
        ("image", "", (1, 8, 8)),
        ("encoder 1", "3 × 3 convolution, stride 2, ReLU", (4, 4, 4)),
        ("encoder 2", "dense, ReLU", (6,)),
        ("code", "dense", (2,)),
        ("decoder 1", "dense, ReLU", (6,)),
        ("decoder 2", "dense, ReLU", (4, 4, 4)),
        ("reconstruction", "3 × 3 transposed convolution, stride 2, Tanh", (1, 8, 8)),
    ]
    kinds = {name: layers(outline(SMALL[name], (1, 8, 8)), (1, 8, 8)) for name in ("top k", "soft threshold")}
    assert kinds["top k"][2].kind == "dense, the 2 largest of ReLU"
    assert kinds["soft threshold"][2].kind == "dense, BatchNorm, soft threshold 1"


@pytest.mark.parametrize(
    ("hidden", "latent_size", "name"),
    [((128, 64), 12, "code"), ((128, 64), 64, "code"), ((128, 64), 65, "encoder 2"), ((), 900, "code")],
)
def test_the_pinch_is_the_narrowest_layer_and_of_equals_the_code(hidden, latent_size, name):
    found = layers(outline(ModelConfig(hidden=hidden, latent_size=latent_size), (1, 28, 28)), (1, 28, 28))
    assert found[pinch(found)].name == name


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", SHAPES)
def test_weights_that_face_the_pixels_are_the_change_they_make(name, shape):
    """Of a dense layer: a picture's inner product with the image is the unit's input, and a unit's picture
    is what the output gains by it. Of a convolution: the kernels."""
    model = build(SMALL[name], shape).eval()
    found = layers(model, shape)
    facing = {i: w for i in range(len(found)) if (w := pixel_weights(model, i, shape)) is not None}
    assert list(facing) == [1, len(found) - 1]
    first, last = model.encoder, model.decoder
    if SMALL[name].family == "conv":
        assert facing[1].shape == (4, shape[0], 3, 3)
        assert facing[len(found) - 1].shape == (4, shape[0], 3, 3)
        return
    x = torch.rand(2, *shape)
    inputs = torch.einsum("nchw,uchw->nu", x, torch.from_numpy(facing[1])) + first[1].bias
    assert torch.allclose(inputs, first[1](x.flatten(1)), atol=1e-5)
    (dense,) = [m for m in last if isinstance(m, nn.Linear)][-1:]
    units = torch.rand(2, dense.in_features)
    gained = torch.einsum("nu,uchw->nchw", units, torch.from_numpy(facing[len(found) - 1])).flatten(1)
    assert torch.allclose(gained + dense.bias, dense(units), atol=1e-5)


def test_statistics_are_numpys():
    values = np.array([[0.0, -1.0], [3.0, 0.0]])
    found = statistics(values)
    assert (found.mean, found.low, found.high, found.zeros) == (0.5, -1.0, 3.0, 0.5)
    assert found.std == pytest.approx(np.std(values))


def test_silent_units_are_zero_for_every_image_and_place():
    assert silent_units(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -2.0]])) == 1
    maps = torch.zeros(2, 3, 2, 2)
    maps[1, 2, 0, 1] = 0.5
    assert silent_units(maps) == 2
