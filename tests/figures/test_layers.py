"""A layer's charts and pictures against NumPy, and the words on a network's widths."""

import numpy as np
import pytest

from aecore.analysis.layers import layers
from aecore.config import ModelConfig
from aecore.figures.layers import squares, unit_bars, value_histogram, widths_in_words
from aecore.figures.network import blank
from aecore.models import outline
from tests.figures.charts import layers_of


def of(shape=(1, 28, 28), **model):
    return layers(outline(ModelConfig(**model), shape), shape)


@pytest.mark.parametrize("values", [np.arange(30.0).reshape(2, 3, 5), np.zeros(4), np.array([-2.0, 5.0])])
def test_the_histogram_is_numpys_and_leaves_nothing_out(values):
    rows = layers_of(value_histogram(values))[0]["rows"]
    edges = [row["start"] for row in rows] + [rows[-1]["end"]]
    assert [row["count"] for row in rows] == np.histogram(values, edges)[0].tolist()
    assert sum(row["count"] for row in rows) == values.size


def test_every_unit_has_its_bar():
    rows = layers_of(unit_bars(np.array([0.5, -1.0, 0.0])))[0]["rows"]
    assert [(row["unit"], row["value"]) for row in rows] == [(0, 0.5), (1, -1.0), (2, 0.0)]


@pytest.mark.parametrize("size", [65, 128, 1000])
def test_squares_hold_all_values_in_their_order(size):
    values = np.arange(size, dtype=float)
    grid = squares(values)
    assert grid.flatten()[:size].tolist() == values.tolist()
    assert np.isnan(grid.flatten()[size:]).all()


def test_the_pinch_is_named_with_how_much_narrower_it_is():
    text = widths_in_words(of(hidden=(128, 64), latent_size=12))
    assert text.startswith("The narrowest layer is the code, 12 values, 65 times fewer than the image has. ")
    assert "Of the network's 219,804 parameters 46% are in the reconstruction (dense, 101,136)." in text


def test_a_pinch_before_the_code_is_said_so():
    assert "can't hold more" not in widths_in_words(of(hidden=(64,), latent_size=64))
    text = widths_in_words(of(hidden=(64,), latent_size=65))
    assert "narrowest layer is encoder 1, 64 values" in text
    assert "a code of 65 can't hold more than passes there" in text


@pytest.mark.parametrize(("size", "said"), [(392, True), (393, False)])
def test_a_code_of_half_the_images_size_is_worth_a_word(size, said):
    assert ("times fewer" in widths_in_words(of(hidden=(), latent_size=size))) == said


def test_a_network_without_an_image_has_every_layer_and_no_value():
    found = of((3, 8, 8), family="conv", channels=(9,), hidden=(5,), latent_size=2)
    taken = blank(found)
    drawn = [*taken.encoder, *taken.decoder]
    inner = [layer for layer in found[1:-1] if layer.place != "code"]
    assert [layer.size for layer in drawn] == [layer.size for layer in inner]
    assert not any(layer.cells.any() for layer in drawn)
    assert taken.codes.shape == (1, 2)
    assert taken.images.shape == taken.outputs.shape == (1, 3, 8, 8)
