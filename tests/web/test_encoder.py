"""The exported encoder, run by a few lines of numpy as its description says, is the encoder."""

import numpy as np
import pytest
import torch

from aecore.config import ModelConfig
from aecore.data import Scaling
from aecore.models import SoftThreshold
from aecore.web.decoder.encoder import export_encoder
from tests.web.test_decoder import ACTIVATIONS, make_run, take


def encoded(exported, image):
    mean, std = (np.reshape(part, (len(part), 1, 1)) for part in (exported.mean, exported.std))
    x = ((image.numpy().astype(np.float64) - mean) / std).ravel()
    for layer in exported.layers:
        weights = exported.weights
        if layer["type"] == "linear":
            weight = take(weights, layer["weight"], layer["outputs"], layer["inputs"])
            x = weight @ x + take(weights, layer["bias"], layer["outputs"])
        elif layer["type"] == "conv":
            x = conv(weights, layer, x)
        elif layer["type"] == "soft_threshold":
            units = layer["units"]
            u = (x - take(weights, layer["mean"], units)) * take(weights, layer["scale"], units)
            x = np.sign(u) * np.maximum(np.abs(u) - layer["threshold"], 0)
        elif layer["type"] == "top_k":
            x = np.where(x >= np.sort(x)[-layer["k"]], np.maximum(x, 0), 0)
        else:
            x = ACTIVATIONS[layer["type"]](x, layer)
    return x


def conv(weights, layer, x):
    (inputs, outputs), (height, width) = layer["channels"], layer["size"]
    kernel, stride, (above, left) = layer["kernel"], layer["stride"], layer["padding"]
    weight = take(weights, layer["weight"], outputs, inputs, kernel, kernel)
    padded = np.zeros((inputs, height + 2 * above, width + 2 * left))
    padded[:, above : above + height, left : left + width] = x.reshape(inputs, height, width)
    rows, columns = layer["output_size"]
    found = np.empty((outputs, rows, columns))
    for i in range(rows):
        for j in range(columns):
            seen = padded[:, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            found[:, i, j] = np.tensordot(weight, seen, 3)
    return (found + take(weights, layer["bias"], outputs)[:, None, None]).ravel()


def assert_same(run):
    images = torch.rand(3, *run.shape)
    exported = export_encoder(run)
    codes = run.encode(images)
    assert codes.std() > 0
    for image, code in zip(images, codes, strict=True):
        np.testing.assert_allclose(encoded(exported, image), code, atol=1e-5)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation(activation):
    assert_same(make_run(ModelConfig(hidden=(9, 7), latent_size=4, activation=activation)))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 7, 10), (3, 9, 9)])
@pytest.mark.parametrize("channels", [(3,), (4, 3)])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_convolutions_of_even_and_odd_sides(shape, channels, kernel):
    config = ModelConfig(family="conv", hidden=(6,), channels=channels, kernel_size=kernel, latent_size=3)
    scaling = Scaling((0.1, 0.5, 0.9)[: shape[0]], (0.2, 0.3, 0.4)[: shape[0]])
    assert_same(make_run(config, shape, scaling))


@pytest.mark.parametrize("code_activation", ["relu", "tanh", "sigmoid", "soft_threshold", "top_k"])
def test_every_activation_of_the_code(code_activation):
    config = ModelConfig(hidden=(12,), latent_size=8, code_activation=code_activation, threshold=0.4, top_k=3)
    run = make_run(config)
    if code_activation == "soft_threshold":
        norm = run.model.encoder[-1]
        assert isinstance(norm, SoftThreshold)
        norm.norm.running_mean.uniform_(-0.1, 0.1)
        norm.norm.running_var.uniform_(0.01, 0.05)
    assert_same(run)


def test_the_key_changes_with_the_encoder_and_with_nothing_else():
    config = ModelConfig(hidden=(4,), latent_size=2)
    key = export_encoder(make_run(config)).key
    again = make_run(config)
    again.model.decoder[0].weight.zero_()
    assert export_encoder(again).key == key
    again.model.encoder[1].weight[0, 0] += 1
    assert export_encoder(again).key != key
    assert export_encoder(make_run(config, scaling=Scaling((0.0,), (1.0,)))).key != key
