"""First gradients: those of the training's own loss, and what initial weights do to them."""

import pytest
import torch

from aecore import data, losses, models, store
from aecore.analysis.gradients import IMAGES, first_gradients, signal_to_noise
from aecore.batch import Batch
from aecore.jobs.worker import work
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


@pytest.mark.parametrize(
    "values", [{}, {"model__family": "conv", "model__channels": (3, 4)}, {"model__variational": True}]
)
def test_signal_to_noise_is_that_of_each_images_own_gradient(values, tmp_path):
    settings = config(train__epochs=1, loss__code_l1=0.01, **values)
    path = store.create_run(settings, "gradients", tmp_path)
    work(path, threads=1)
    run, digits = store.load_run(path), data.load("digits")
    found = signal_to_noise(run, digits, images=40)
    assert list(found) == models.weight_names(run.model)
    run.model.requires_grad_(True)
    own = []
    for image in digits.train_images[:40]:
        x = run.scaling.normalize(image[None], dtype=torch.float32)
        strengths = losses.strengths(settings)
        weights = [run.model.get_parameter(name) for name in found]
        std = torch.tensor(run.scaling.std).view(-1, 1, 1)
        loss = losses.terms(settings.loss, Batch(x, x), run.model(x), weights, strengths, std)["loss"]
        own.append([g.double() for g in torch.autograd.grad(loss, weights)])
    for i, name in enumerate(found):
        each = torch.stack([gradients[i] for gradients in own])
        mean, variance = each.mean(0), each.var(0, correction=0)
        moves = variance > 1e-12 * each.square().sum(0).max() / len(each)
        assert found[name] == pytest.approx((mean[moves] ** 2 / variance[moves]).mean().item(), rel=1e-3)
