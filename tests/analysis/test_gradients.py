"""First gradients: those of the training's own loss, and what initial weights do to them."""

import pytest
import torch

from aecore import data, models
from aecore.analysis.gradients import IMAGES, first_gradients
from tests.samples import tiny_config


def config(**values):
    return tiny_config(data__name="digits", **values)


def test_they_are_the_gradients_of_the_mean_squared_error():
    digits, settings = data.load("digits"), config(model__hidden=(10,))
    model = models.build(settings.model, digits.shape, settings.train.seed)
    x = digits.train_images[:IMAGES].float() / 127.5 - 1
    (model(x).reconstruction - x).square().mean().backward()
    expected = [p.grad.norm().item() for p in model.parameters() if p.ndim > 1]
    assert first_gradients(settings, digits) == pytest.approx(expected, rel=1e-4)


def test_deep_sigmoids_start_with_hardly_any_gradient_in_the_first_layer():
    digits = data.load("digits")
    shallow, deep = (
        first_gradients(config(model__hidden=(16,) * n, model__activation="sigmoid"), digits) for n in (1, 8)
    )
    assert len(shallow) == 4
    assert len(deep) == 18
    assert deep[0] / deep[-1] < 1e-6 * shallow[0] / shallow[-1]


def test_zero_weights_have_a_gradient_in_no_layer_and_the_random_state_is_left_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    found = first_gradients(config(model__hidden=(8, 8), model__init="zeros"), data.load("digits"))
    assert set(found) == {0.0}
    assert torch.equal(torch.random.get_rng_state(), before)
