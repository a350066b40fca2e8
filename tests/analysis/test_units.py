"""What is said of units, on models whose units are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aecore.analysis import units
from aecore.analysis.sparsity import unit_importance
from aecore.config import Config, ModelConfig
from aecore.data import Scaling
from aecore.models import build
from aecore.store.run import Run


def make_run(config: ModelConfig, shape=(1, 4, 4), seed=0) -> Run:
    channels = shape[0]
    scaling = Scaling((0.5,) * channels, (0.5,) * channels)
    model = build(config, shape, seed).eval().requires_grad_(False)
    return Run(Path("x"), "x", Config(model=config), shape, scaling, model)


def images(n=60, shape=(1, 4, 4)) -> torch.Tensor:
    return torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_the_cause_names_what_is_wrong_with_each_unit():
    codes = torch.randn(100, 4)
    codes[:, 0] = 0
    codes[:, 1] = 7 + 1e-4 * codes[:, 1]
    importance = torch.tensor([0.0, 0.5, 0.009, 0.011])
    assert units.unused_causes(codes, importance) == ("never active", "constant", "no effect", "")


def test_units_in_use_come_first_by_importance_then_the_others():
    described = units.Units(
        *np.zeros((3, 4), np.float32),
        np.array([1.0, 5.0, 3.0, 0.0]),
        9.0,
        10,
        ("", "no effect", "", "never active"),
    )
    assert described.order.tolist() == [2, 0, 1, 3]
    assert described.used == 2


def test_description_agrees_with_the_sparsity_module():
    run = make_run(ModelConfig(hidden=(8,), latent_size=3))
    x = images()
    codes = run.encode(x)
    described = units.describe_units(run, x, codes)
    share = unit_importance(x.float() / 255, codes, run.decode, subsample=None)
    np.testing.assert_allclose(described.importance, share * described.squared_error, rtol=1e-9)
    error = (run.decode(codes) - x / 255).square().flatten(1).sum(1).mean()
    assert described.squared_error == pytest.approx(error.item(), rel=1e-5)
    assert described.sample == 60
    np.testing.assert_allclose(described.mean, codes.mean(0))


def test_importance_is_the_rise_of_the_error_when_the_unit_is_its_mean():
    run = make_run(ModelConfig(hidden=(8,), latent_size=3))
    x = images()
    codes = run.encode(x)
    replaced = codes.clone()
    replaced[:, 1] = codes[:, 1].mean()
    rise = ((run.decode(replaced) - x / 255).square() - (run.decode(codes) - x / 255).square()).sum() / len(x)
    assert units.describe_units(run, x, codes).importance[1] == pytest.approx(rise.item(), rel=1e-3)


def test_a_unit_the_decoder_does_not_read_has_no_effect():
    run = make_run(ModelConfig(hidden=(8,), latent_size=3))
    run.model.decoder[0].weight[:, 2] = 0
    x = images()
    described = units.describe_units(run, x, run.encode(x))
    assert described.cause[2] == "no effect"
    assert described.importance[2] == 0


def test_ranges_are_percentiles_and_widen_where_they_coincide():
    codes = torch.zeros(1000, 2)
    codes[:, 0] = torch.linspace(-1, 1, 1000)
    codes[0, 1] = 4
    low, high = units.ranges(codes)
    np.testing.assert_allclose((low[0], high[0]), (-0.98, 0.98), atol=2e-3)
    assert (low[1], high[1]) == (0, 4)


def test_traversals_move_one_unit_and_keep_the_rest():
    seen = []
    code = np.array([1, 2, 3], np.float32)

    def decode(codes):
        seen.append(codes)
        return torch.as_tensor(codes)[:, None, None, :]

    strips = units.traversals(decode, code, np.array([2, 0]), np.array([-1, 5]), np.array([1, 7]), steps=3)
    assert strips.shape == (2, 3, 1, 1, 3)
    assert strips[0, :, 0, 0].tolist() == [[1, 2, -1], [1, 2, 0], [1, 2, 1]]
    assert strips[1, :, 0, 0].tolist() == [[5, 2, 3], [6, 2, 3], [7, 2, 3]]
    assert len(seen) == 1


def test_extremes_come_most_extreme_first():
    codes = torch.tensor([[3.0, 0], [1, 5], [2, -5], [0, 1]])
    strongest, weakest = units.extremes(codes, 2)
    assert strongest.tolist() == [[0, 2], [1, 3]]
    assert weakest.tolist() == [[3, 1], [2, 0]]
    assert units.extremes(codes, 9)[0].shape == (2, 4)


def test_the_atoms_of_a_dictionary_are_its_columns():
    config = ModelConfig(
        family="dictionary", hidden=(8,), latent_size=5, code_activation="relu", output_activation="linear"
    )
    run = make_run(config, (3, 4, 2))
    found = units.atoms(run, np.ones(5, np.float32))
    columns = run.model.decoder[0].weight.T.reshape(5, 3, 4, 2) * 0.5
    np.testing.assert_allclose(found, columns, atol=1e-6)


@pytest.mark.parametrize("family", ["mlp", "conv"])
def test_atoms_are_the_derivative(family):
    run = make_run(ModelConfig(family=family, hidden=(8,), latent_size=3, activation="silu"), (1, 8, 8))
    code = np.array([0.3, -0.2, 0.1], np.float32)
    jacobian = torch.autograd.functional.jacobian(
        lambda z: run.scaling.denormalize(run.model.decode(z[None]))[0], torch.tensor(code)
    )
    np.testing.assert_allclose(units.atoms(run, code), jacobian.movedim(-1, 0), atol=1e-5)
    assert isinstance(run.model.decoder[0], nn.Linear)
    assert run.model.decoder[0].weight.dtype == torch.float32


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 8)])
def test_stand_in_images_have_the_shape(shape):
    stand_ins = units.stand_in_images(shape)
    assert stand_ins.dtype == torch.uint8
    assert tuple(stand_ins.shape[1:]) == shape
    assert stand_ins.float().std() > 30
