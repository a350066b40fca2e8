"""What is drawn of a network at work: its layers' values, and the walk from code to code."""

import json

import numpy as np
import pytest
import torch

from aecore import Config
from aecore.config import DataConfig, ModelConfig
from aecore.data import Scaling
from aecore.figures.network import MAPS, drawn, joined, rows_and_columns, walk
from aecore.models import build
from aecore.store.run import Run


def make_run(model, shape, tmp_path):
    """An untrained run: what is drawn does not depend on training."""
    config = Config(data=DataConfig(name="digits", normalization="zero_one"), model=model)
    net = build(config.model, shape).eval()
    return Run(tmp_path, "untrained", config, shape, Scaling((0.0,) * shape[0], (1.0,) * shape[0]), net)


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
