"""The exported decoder, run by a few lines of numpy as its description says, is the decoder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aecore.config import Config, ModelConfig
from aecore.data import Scaling
from aecore.models import build
from aecore.store.run import Run
from aecore.web.decoder.decoder import export_decoder

ACTIVATIONS = {
    "relu": lambda x, layer: np.maximum(x, 0),
    "leaky_relu": lambda x, layer: np.where(x > 0, x, layer["slope"] * x),
    "elu": lambda x, layer: np.where(x > 0, x, layer["alpha"] * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x, layer: x * (1 + torch.erf(torch.from_numpy(x) / 2**0.5).numpy()) / 2,
    "silu": lambda x, layer: x / (1 + np.exp(-x)),
    "tanh": lambda x, layer: np.tanh(x),
    "sigmoid": lambda x, layer: 1 / (1 + np.exp(-x)),
}


def make_run(config: ModelConfig, shape=(1, 8, 8), scaling=None, seed=0) -> Run:
    channels = shape[0]
    scaling = scaling or Scaling((0.5,) * channels, (0.5,) * channels)
    model = build(config, shape, seed).eval().requires_grad_(False)
    return Run(Path("x"), "x", Config(model=config), shape, scaling, model)


def take(weights, start, *shape):
    return weights[start : start + int(np.prod(shape))].reshape(shape).astype(np.float64)


def run_layers(exported, code):
    x = np.asarray(code, np.float64)
    for layer in exported.layers:
        if layer["type"] == "linear":
            weight = take(exported.weights, layer["weight"], layer["outputs"], layer["inputs"])
            x = weight @ x + take(exported.weights, layer["bias"], layer["outputs"])
        elif layer["type"] == "conv_transpose":
            x = conv_transpose(exported.weights, layer, x)
        else:
            x = ACTIVATIONS[layer["type"]](x, layer)
    channels = exported.shape[0]
    image = x.reshape(exported.shape)
    return image * np.reshape(exported.std, (channels, 1, 1)) + np.reshape(exported.mean, (channels, 1, 1))


def conv_transpose(weights, layer, x):
    (inputs, outputs), (height, width) = layer["channels"], layer["size"]
    kernel, stride, (above, left) = layer["kernel"], layer["stride"], layer["padding"]
    weight = take(weights, layer["weight"], inputs, outputs, kernel, kernel)
    x = x.reshape(inputs, height, width)
    full = np.zeros((outputs, (height + 1) * stride + kernel, (width + 1) * stride + kernel))
    for i in range(height):
        for j in range(width):
            part = np.tensordot(x[:, i, j], weight, 1)
            full[:, i * stride : i * stride + kernel, j * stride : j * stride + kernel] += part
    rows, columns = layer["output_size"]
    cut = full[:, above : above + rows, left : left + columns]
    return (cut + take(weights, layer["bias"], outputs)[:, None, None]).ravel()


def assert_same(run):
    codes = torch.randn(3, run.latent_size) * 2
    exported = export_decoder(run)
    for code, picture in zip(codes, run.decode(codes), strict=True):
        np.testing.assert_allclose(run_layers(exported, code), picture, atol=1e-5)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation(activation):
    assert_same(make_run(ModelConfig(hidden=(9, 7), latent_size=4, activation=activation)))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 7, 10), (1, 8, 8), (3, 9, 9)])
@pytest.mark.parametrize("channels", [(3,), (4, 3)])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_convolutions_of_even_and_odd_sides(shape, channels, kernel):
    config = ModelConfig(
        family="conv",
        hidden=(6,),
        channels=channels,
        kernel_size=kernel,
        latent_size=3,
        output_activation="linear",
    )
    assert_same(make_run(config, shape))


def test_a_dictionary_and_channels_of_their_own_scale():
    config = ModelConfig(
        family="dictionary", hidden=(8,), latent_size=5, code_activation="relu", output_activation="linear"
    )
    assert_same(make_run(config, (3, 4, 5), Scaling((0.1, 0.5, 0.9), (0.2, 0.3, 0.4))))


@pytest.mark.parametrize("family", ["mlp", "conv"])
def test_a_variational_decoder_takes_the_mean_code_as_a_plain_one_does(family):
    config = ModelConfig(family=family, hidden=(8,), channels=(3,), latent_size=4, variational=True)
    run = make_run(config)
    assert_same(run)
    assert export_decoder(run).key == export_decoder(make_run(replace(config, variational=False))).key


def test_the_key_changes_with_the_decoder_and_with_nothing_else():
    config = ModelConfig(hidden=(4,), latent_size=2)
    key = export_decoder(make_run(config)).key
    again = make_run(config)
    again.model.encoder[1].weight.zero_()
    assert export_decoder(again).key == key
    again.model.decoder[0].weight[0, 0] += 1
    assert export_decoder(again).key != key
    assert export_decoder(make_run(config, scaling=Scaling((0.0,), (1.0,)))).key != key


@pytest.mark.parametrize(
    "layer", [nn.Softplus(), nn.ConvTranspose2d(1, 1, (3, 2)), nn.ConvTranspose2d(2, 2, 3, groups=2)]
)
def test_a_layer_the_browser_does_not_know_is_refused_in_a_sentence(layer):
    run = make_run(ModelConfig(hidden=(4,), latent_size=2))
    run.model.decoder.append(layer)
    with pytest.raises(ValueError, match="can't be run in the browser"):
        export_decoder(run)
