"""Looks at the layers: right by autograd and by counting, the same in a stack, no part of the training."""

import numpy as np
import pytest
import torch

from aecore import models
from aecore.config import ModelConfig
from aecore.data import load
from aecore.looks import BINS, EDGES, FIRST, PER_EPOCH, is_looked_at, look_count
from aecore.presets import hidden_widths
from aecore.training import watch
from aecore.training.single import Training
from aecore.training.stack import Stack
from tests.samples import tiny_config, tiny_data

DATA = tiny_data()


def looks_of(training) -> list[np.ndarray]:
    """Each member's looks over the whole training."""
    parts = [training.take_looks() for _ in training.epochs()]
    parts.append(training.take_looks())
    return [np.concatenate([part[k] for part in parts if len(part[k])]) for k in range(len(training.configs))]


VARIANTS = {
    "dense": {},
    "convolutional": {"model__family": "conv", "model__channels": (3, 4)},
    "dictionary": {
        "model__family": "dictionary",
        "model__output_activation": "linear",
        "model__code_activation": "relu",
    },
    "BatchNorm": {"model__code_activation": "soft_threshold"},
    "half": {"train__precision": "bfloat16"},
}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_a_recorded_training_has_the_bits_of_an_unrecorded_one(values):
    config = tiny_config(**values)
    recorded, plain = Training(config, DATA), Training(config.with_values({"train.record": False}), DATA)
    (looks,) = looks_of(recorded)
    for _ in plain.epochs():
        assert [len(rows) for rows in plain.take_looks()] == [0]
    # 65 training images in batches of 16: all steps are among the first hundred.
    assert looks["total"].tolist() == list(range(1, recorded.steps_total + 1))
    for name, tensor in recorded.model.state_dict().items():
        assert torch.equal(tensor, plain.model.state_dict()[name]), name


def test_members_of_a_stack_of_unlike_sizes_have_the_looks_they_would_have_alone():
    base = tiny_config(train__precision="float64", model__code_activation="relu", model__hidden=(8, 6))
    smaller = {"model.hidden": (5, 3), "model.latent_size": 2, "train.seed": 1}
    for values in ({}, {"model.family": "conv", "model.channels": (3, 4)}):
        configs = [base.with_values(values), base.with_values(values | smaller)]
        if values:
            configs[1] = configs[1].with_values({"model.channels": (2, 3)})
        for together, config in zip(looks_of(Stack(configs, DATA)), configs, strict=True):
            (alone,) = looks_of(Training(config, DATA))
            assert together["total"].tolist() == alone["total"].tolist()
            for name in alone.dtype.names:
                # The places that histograms are made of differ where the padded tensor is larger.
                if name in ("gradients", "activations"):
                    np.testing.assert_allclose(together[name].astype(float).sum(-1), 1, atol=0.01)
                    continue
                np.testing.assert_allclose(together[name], alone[name], rtol=1e-5, atol=1e-7, err_msg=name)


def test_a_look_is_of_the_weights_before_the_step_and_of_the_step_itself():
    config = tiny_config(train__epochs=1, train__optimizer="sgd", train__momentum=0.0)
    training = Training(config, DATA, on_step=lambda at: True)
    start = models.build(config.model, DATA.shape, config.train.seed)
    batch = training.images.at(training.images.epoch_index(config.train.seed, 0)[:16])
    start(batch).reconstruction.sub(batch).square().mean().backward()
    (look,) = looks_of(training)[0]
    weights = [p for name, p in start.named_parameters() if name.endswith("weight")]
    gradients = [w.grad.norm().item() for w in weights]
    assert look["gradient_norm"] == pytest.approx(gradients, rel=1e-4)
    assert look["weight_norm"] == pytest.approx([w.norm().item() for w in weights], rel=1e-5)
    ratios = [1e-3 * w.grad.norm().item() / w.norm().item() for w in weights]
    assert look["update_ratio"] == pytest.approx(ratios, rel=1e-2)
    outputs = models.AllLayers(start)(training.images.normalize(DATA.test_images))
    assert look["activation_mean"] == pytest.approx([o.mean().item() for o in outputs], abs=1e-5)
    assert look["activation_std"] == pytest.approx([o.std(correction=0).item() for o in outputs], rel=1e-4)
    dead = (outputs[0] == 0).all(0).float().mean().item()
    assert look["dead"][0] == pytest.approx(dead)
    assert np.isnan(look["dead"]).tolist() == [False, True, False, True]
    assert np.isnan(look["saturated"]).tolist() == [True, True, True, False]


def test_units_that_never_fire_are_dead_and_flat_values_saturated():
    x = torch.zeros(1, 200, 4, 3)
    x[0, :, 0] = 1  # always
    x[0, 0, 1, 2] = 1  # on one image of 200, at one place
    x[0, :3, 2, 0] = 1  # on 1.5 % of the images
    assert watch.dead_share(x, None).item() == 0.5
    assert watch.dead_share(x, torch.tensor([[True, True, True, False]])).item() == pytest.approx(1 / 3)
    for name, (center, distance) in watch.FLAT_ENDS.items():
        u = torch.linspace(-10, 10, 4001, dtype=torch.float64, requires_grad=True)
        y = models.ACTIVATIONS[name]()(u)
        (slope,) = torch.autograd.grad(y.sum(), u)
        flat = (slope < 0.01 * slope.max()).double().mean().item()
        found = watch.saturated_share(y.detach().view(1, -1, 1, 1), None, center, distance)
        assert found.item() == pytest.approx(flat, abs=1e-3)


def test_a_log_histogram_counts_each_value_in_its_bin():
    values = torch.tensor([[0.0, 1.0, 3.9, 4.0, -4.0, 1e-30, 1e30, torch.inf, torch.nan, 5.0]])
    slots = torch.tensor([[0] * 9 + [1]])
    (counts,) = (watch.log_histograms(values, slots, 1)[0] * 9).round().int().tolist()
    one = int(np.flatnonzero(EDGES == 1)[0]) + 1
    expected = dict.fromkeys(range(BINS), 0) | {0: 1, 1: 1, one: 2, one + 1: 2, BINS - 1: 3}
    assert counts == list(expected.values())


@pytest.mark.parametrize(("n", "count"), [(10, 20), (100_352, 1024), (524_288, 1024)])
def test_places_are_spread_over_rows_and_columns(n, count):
    places = watch.spread(n, count)
    assert len(places) == min(n, count) == len(places.unique())
    assert 0 <= int(places.min()) <= int(places.max()) < n
    if n > count:
        # Of 128 columns each has its share.
        share = torch.bincount(places % 128, minlength=128) / count * 128
        assert share.min() > 0.5
        assert share.max() < 1.6


@pytest.mark.parametrize("steps", [1, 13, 60, 430])
def test_steps_looked_at_are_the_first_hundred_and_a_few_an_epoch(steps):
    epochs = 120
    looked = [[is_looked_at(e, s, steps) for s in range(steps)] for e in range(epochs)]
    flat = [x for epoch in looked for x in epoch]
    assert all(flat[:FIRST])
    assert all(epoch[-1] for epoch in looked)
    assert max(sum(epoch) for epoch in looked[-(-FIRST // steps) :]) <= PER_EPOCH
    assert look_count(epochs, steps) == sum(flat)
    assert look_count(1, steps) == sum(looked[0])


def test_layers_are_named_with_their_activations():
    config = ModelConfig(
        family="conv",
        latent_size=4,
        hidden=(9,),
        channels=(3, 4),
        activation="gelu",
        code_activation="relu",
        output_activation="sigmoid",
    )
    layers = watch.describe_layers(models.build(config, (1, 8, 8)), config)
    assert [(layer.kind, layer.units, layer.activation) for layer in layers] == [
        ("conv2d", 3, "gelu"),
        ("conv2d", 4, "gelu"),
        ("linear", 9, "gelu"),
        ("linear", 4, "relu"),
        ("linear", 9, "gelu"),
        ("linear", 16, "gelu"),
        ("convtranspose2d", 3, "gelu"),
        ("convtranspose2d", 1, "sigmoid"),
    ]


def test_a_member_that_diverged_has_looks_up_to_its_last_epoch():
    config = tiny_config(train__optimizer="sgd", model__output_activation="linear")
    wild = config.with_values({"train.learning_rate": 1e6})
    good, bad = looks_of(Stack([config, wild], DATA))
    assert good["epoch"].max() == 3
    assert bad["epoch"].max() == 1
    assert not np.isfinite(bad["gradient_norm"][-1]).all()


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ({"model.activation": "sigmoid"}, 0, 1e-10),
        ({"model.activation": "relu"}, 1e-6, 1e-3),
        ({"model.init": "orthogonal"}, 0.1, 10),
        ({"model.init": "he"}, 0.1, 50),
    ],
)
def test_gradients_at_depth_eight_fade_or_hold_by_activation_and_initial_weights(values, low, high):
    config = tiny_config(train__batch_size=128, model__hidden=hidden_widths(8, 128), model__latent_size=12)
    training = Training(config.with_values(values), load("digits"), on_step=lambda at: True)
    (look,) = looks_of(training)[0]
    ratio = look["gradient_norm"][0] / look["gradient_norm"][-1]
    assert low <= ratio < high
