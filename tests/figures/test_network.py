"""What is drawn of a network at work: its layers' values, and the walk from code to code."""

import json

import numpy as np
import pytest
import torch

from aecore import Config
from aecore.config import DataConfig, ModelConfig
from aecore.data import Scaling
from aecore.figures.network import MAPS, drawn, joined, rows_and_columns, trace, walk
from aecore.models import build
from aecore.store.run import Run


def make_run(model, shape, tmp_path):
    """An untrained run: what is drawn does not depend on training."""
    config = Config(data=DataConfig(name="digits", normalization="zero_one"), model=model)
    net = build(config.model, shape).eval()
    return Run(tmp_path, "untrained", config, shape, Scaling((0.0,) * shape[0], (1.0,) * shape[0]), net)


def test_trace_ends_each_layer_with_its_nonlinearity():
    model = build(ModelConfig(latent_size=3, hidden=(10, 5), output_activation="linear"), (1, 4, 4))
    x = torch.rand(2, 1, 4, 4)
    encoded, decoded = trace(model.encoder, x), trace(model.decoder, model.encode(x))
    assert [tuple(v.shape) for v in encoded] == [(2, 10), (2, 5), (2, 3)]
    assert [tuple(v.shape) for v in decoded] == [(2, 5), (2, 10), (2, 1, 4, 4)]
    assert all(v.min() >= 0 for v in [*encoded[:-1], *decoded[:-1]])  # ReLU
    assert torch.equal(encoded[-1], model.encode(x))
    assert torch.equal(decoded[-1], model.decode(model.encode(x)))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 9)])
def test_feature_maps_keep_their_shape_in_both_halves(shape):
    config = ModelConfig(
        family="conv", channels=(4, 8), hidden=(6,), latent_size=2, output_activation="sigmoid"
    )
    model = build(config, shape)
    x = torch.rand(2, *shape)
    encoded, decoded = trace(model.encoder, x), trace(model.decoder, model.encode(x))
    shapes = [tuple(v.shape[1:]) for v in encoded[:-1]]
    assert shapes[0][0] == 4
    assert shapes[-1] == (6,)
    assert [tuple(v.shape[1:]) for v in decoded] == [*reversed(shapes), shape]


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(latent_size=5, hidden=(9,), output_activation="sigmoid"),
        ModelConfig(family="conv", latent_size=5, channels=(8,), hidden=(), output_activation="sigmoid"),
        ModelConfig(family="dictionary", latent_size=5, hidden=(), output_activation="linear"),
    ],
    ids=["mlp", "conv", "dictionary"],
)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 6)])
def test_a_walk_passes_through_each_image(model, shape, tmp_path):
    run = make_run(model, shape, tmp_path)
    images = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    taken = walk(run, images, steps=4)
    assert taken.codes.shape == (9, 5)
    assert np.array_equal(taken.images, images.numpy())
    rebuilt = run.reconstruct(images)
    expected = (rebuilt.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    assert np.array_equal(taken.outputs[::4], expected)
    assert np.allclose(taken.errors, (images / 255 - rebuilt).square().flatten(1).sum(1), rtol=1e-4)
    assert all(len(layer.cells) == 3 for layer in taken.encoder)
    assert all(len(layer.cells) == 9 for layer in taken.decoder)
    assert json.loads(json.dumps(taken.to_json()))["shape"] == list(shape)


def test_the_path_is_straight_and_goes_through_every_code():
    codes = torch.tensor([[0.0, 0.0], [4.0, 0.0], [4.0, 8.0]])
    frames = joined(codes, 4)
    assert frames.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 2], [4, 4], [4, 6], [4, 8]]
    with pytest.raises(ValueError, match="at least 1 step"):
        joined(codes, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 12, 64, 128, 784, 1000])
def test_a_block_holds_all_its_squares_and_no_empty_row(size):
    rows, columns = rows_and_columns(size)
    assert (rows - 1) * columns < size <= rows * columns


def test_at_most_six_feature_maps_are_drawn_those_that_vary_most():
    values = torch.zeros(4, 10, 3, 3)
    values[:, 7] = torch.rand(4, 3, 3)
    layer = drawn(values)
    assert layer.cells.shape == (4, MAPS, 3, 3)
    assert layer.cells.max() == 255
    assert (layer.label, layer.size) == ("10 × 3 × 3", 90)
