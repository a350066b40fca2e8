import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributions

from aecore import losses
from aecore.batch import Batch
from aecore.config import PENALTIES, Config, LossConfig
from aecore.models import Output

X = torch.rand(6, 1, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
R = torch.rand(6, 1, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CODE = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
WEIGHTS = [torch.randn(3, 4, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)]


def strengths_of(config: LossConfig, epoch: float = math.inf) -> dict[str, float]:
    return losses.strengths(Config(loss=replace(config, reconstruction="mse")), epoch)


def terms(config: LossConfig, strengths=None, std: float | torch.Tensor = 1.0, dtype=torch.float64):
    """The terms on the batch above, its reconstruction and code of another precision if that is named."""
    output = Output(code=CODE.to(dtype), reconstruction=R.to(dtype))
    x = X if dtype == torch.float64 else X.float()
    strengths = strengths_of(config) if strengths is None else strengths
    return losses.terms(config, Batch(x, x), output, WEIGHTS, strengths, std)


def values(kind: str, **strengths: float) -> dict[str, float]:
    return {name: value.item() for name, value in terms(LossConfig(kind), strengths).items()}


def test_reconstruction_losses_are_the_formulas():
    x, r = X.numpy(), R.numpy()
    assert values("mse")["reconstruction"] == pytest.approx(((x - r) ** 2).mean())
    assert values("mae")["reconstruction"] == pytest.approx(np.abs(x - r).mean())
    entropy = -(x * np.log(r) + (1 - x) * np.log(1 - r)).mean()
    assert values("bce")["reconstruction"] == pytest.approx(entropy)


def test_penalties_are_the_formulas_times_their_strength():
    z = CODE.numpy()
    named = values("mse", code_l1=2.0, code_l2=3.0, code_whole_batch_norm=5.0, weight_l2=7.0)
    assert named["code_l1"] == pytest.approx(2 * np.abs(z).sum() / 6)
    assert named["code_l2"] == pytest.approx(3 * (z**2).sum() / 6)
    assert named["code_whole_batch_norm"] == pytest.approx(5 * np.sqrt((z**2).sum()))
    assert named["weight_l2"] == pytest.approx(7 * sum((w.numpy() ** 2).sum() for w in WEIGHTS))


def test_only_the_penalties_in_use_are_terms():
    assert set(values("mse")) == {"reconstruction", "loss", "squared_error"}
    used = strengths_of(LossConfig(code_l2=1e-3))
    assert used == {"code_l2": 1e-3}
    # Acts by a proximal step, so it is no term of the loss.
    assert strengths_of(LossConfig(weight_l1=1e-3)) == {}


@pytest.mark.parametrize("kind", ["mse", "mae", "bce"])
@pytest.mark.parametrize("std", [0.5, 1.0, torch.tensor([0.3], dtype=torch.float64).view(1, 1, 1)], ids=str)
def test_terms_add_up_to_the_loss_and_squared_error_is_in_pixels(kind, std):
    named = terms(LossConfig(kind, code_l1=0.1, weight_l2=0.2), std=std)
    parts = sum(named[name] for name in ("reconstruction", "code_l1", "weight_l2"))
    torch.testing.assert_close(named["loss"], parts)
    scale = float(std)
    expected = (((X - R) * scale) ** 2).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(named["squared_error"], expected)


def test_squared_error_takes_one_scale_per_channel():
    x, r = torch.rand(2, 4, 3, 5, 5, dtype=torch.float64)
    std = torch.tensor([0.2, 0.5, 1.0], dtype=torch.float64).view(-1, 1, 1)
    expected = np.mean([(((x[i] - r[i]) * std) ** 2).sum().item() for i in range(4)])
    assert losses.squared_error(r, x, std).item() == pytest.approx(expected)


def test_a_silent_code_gives_finite_gradients():
    x = X[:4].float()
    for name in (name for name, penalty in PENALTIES.items() if penalty.on == "code"):
        code = torch.zeros(4, 3, requires_grad=True)
        output = Output(code, R[:4].float())
        batch = Batch(x, x)
        losses.terms(LossConfig(), batch, output, [], {name: 0.5}, 1.0)[name].backward()
        assert not code.grad.any(), name


def test_every_penalty_has_its_term_or_acts_by_a_step():
    by_step = {name for name, penalty in PENALTIES.items() if penalty.by_step}
    assert by_step == {"weight_l1"}
    assert set(losses.PENALTY_TERMS) == set(PENALTIES) - by_step


def test_the_target_and_not_the_input_is_what_a_reconstruction_is_compared_with():
    output = Output(CODE, R)
    clean = losses.terms(LossConfig(), Batch(X, X), output, [], {}, 1.0)
    noisy = losses.terms(LossConfig(), Batch(X + 1, X), output, [], {}, 1.0)
    assert {n: t.item() for n, t in clean.items()} == {n: t.item() for n, t in noisy.items()}


def test_strengths_wait_and_then_rise_in_a_line():
    config = LossConfig(code_l1=0.4, weight_l2=0.1, warmup_delay=1.0, warmup_epochs=2.0)
    course = {0.0: 0.0, 0.99: 0.0, 1.0: 0.0, 1.5: 0.1, 2.0: 0.2, 3.0: 0.4, 9.0: 0.4, math.inf: 0.4}
    for epoch, strength in course.items():
        used = strengths_of(config, epoch)
        assert used["code_l1"] == pytest.approx(strength)
        assert used["weight_l2"] == 0.1
    at_once = LossConfig(code_l1=0.4, warmup_delay=1.0)
    assert strengths_of(at_once, 0.5)["code_l1"] == 0
    assert strengths_of(at_once, 1.0)["code_l1"] == 0.4
    assert strengths_of(LossConfig(code_l1=0.4), 0.0)["code_l1"] == 0.4
    variational = Config().with_values({"model.variational": True, "loss.beta": 4.0, "loss.warmup_epochs": 2})
    assert losses.strengths(variational, 1.0) == {"kl": 2.0}
    assert losses.strengths(variational) == {"kl": 4.0}


@given(st.lists(st.floats(-10, 10), min_size=1), st.floats(0, 10))
def test_the_proximal_step_minimizes_its_objective(start, threshold):
    weight = torch.tensor(start, dtype=torch.float64)
    result = losses.soft_threshold_(weight.clone(), threshold)
    expected = np.sign(start) * np.maximum(np.abs(start) - threshold, 0)
    assert result.tolist() == expected.tolist()

    def objective(w):
        return (w - weight).square() / 2 + threshold * w.abs()

    for other in (result + 1e-3, result - 1e-3, torch.zeros_like(weight), weight):
        assert (objective(result) <= objective(other) + 1e-12).all()


def test_bfloat16_reconstructions_are_scored_in_float32():
    named = terms(LossConfig(code_l1=1.0), dtype=torch.bfloat16)
    assert {value.dtype for value in named.values()} == {torch.float32}


LOG_VARIANCE = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("kind", ["mse", "bce"])
@pytest.mark.parametrize("std", [1.0, 0.5, torch.tensor([0.3], dtype=torch.float64).view(1, 1, 1)], ids=str)
def test_the_bound_is_that_of_torchs_own_distributions(kind, std):
    log_std = torch.tensor([-1.3], dtype=torch.float64)
    output = Output(CODE, R, LOG_VARIANCE, log_std)
    x = (X > 0.5).double() if kind == "bce" else X
    config = LossConfig(kind, code_l1=0.1)
    named = losses.terms(config, Batch(x, x), output, WEIGHTS, {"code_l1": 0.1, "kl": 3.0}, std)
    scale = float(std)
    pixels = (
        distributions.Bernoulli(R).log_prob(x)
        if kind == "bce"
        else distributions.Normal(R * scale, log_std.exp()).log_prob(x * scale)
    )
    posterior = distributions.Normal(CODE, (LOG_VARIANCE / 2).exp())
    kl = distributions.kl_divergence(posterior, distributions.Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(named["reconstruction"], -pixels.sum((1, 2, 3)).mean())
    torch.testing.assert_close(named["kl"], kl)
    torch.testing.assert_close(named["elbo"], pixels.sum((1, 2, 3)).mean() - kl)
    expected = (named["reconstruction"] + 3 * kl) / 12 + named["code_l1"]
    torch.testing.assert_close(named["loss"], expected)
    torch.testing.assert_close(named["squared_error"], ((x - R) * scale).square().sum((1, 2, 3)).mean())


def test_free_nats_take_no_gradient_and_what_is_above_them_all_of_it():
    mean = torch.tensor([[0.1, 2.0], [0.1, -2.0]], dtype=torch.float64, requires_grad=True)
    output = Output(mean, R[:2], torch.zeros(2, 2, dtype=torch.float64), 0.0)
    found = {}
    for free in (0.0, 0.5):
        config = LossConfig(free_bits=free)
        named = losses.terms(config, Batch(X[:2], X[:2]), output, [], {"kl": 1.0}, 1.0)
        (found[free],) = torch.autograd.grad(named["loss"], mean, retain_graph=True)
    assert found[0.0].all()
    assert not found[0.5][:, 0].any()
    assert torch.equal(found[0.5][:, 1], found[0.0][:, 1])


def test_a_unit_is_active_where_its_mean_varies_by_more_than_a_hundredth():
    means = torch.stack([torch.linspace(-1, 1, 50), torch.linspace(-0.1, 0.1, 50), torch.full((50,), 3.0)], 1)
    assert losses.active_units(means).tolist() == [True, False, False]
    assert losses.active_units(means.expand(2, -1, -1)).shape == (2, 3)
