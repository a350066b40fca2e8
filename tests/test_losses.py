import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore import losses
from aecore.config import Config, LossConfig
from aecore.training.single import terms

X = torch.rand(6, 1, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
R = torch.rand(6, 1, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CODE = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
WEIGHTS = [torch.randn(3, 4, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)]


def values(kind: str, **strengths: float) -> dict[str, float]:
    named = losses.terms(R, CODE, X, WEIGHTS, kind, strengths)
    return {name: value.item() for name, value in named.items()}


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
    assert set(values("mse")) == {"reconstruction"}
    used = losses.strengths(LossConfig(code_l2=1e-3))
    assert used == {"code_l2": 1e-3}
    # Acts by a proximal step, so it is no term of the loss.
    assert losses.strengths(LossConfig(weight_l1=1e-3)) == {}


@pytest.mark.parametrize("kind", ["mse", "mae", "bce"])
@pytest.mark.parametrize("std", [0.5, 1.0, torch.tensor([0.3], dtype=torch.float64).view(1, 1, 1)], ids=str)
def test_terms_add_up_to_the_loss_and_squared_error_is_in_pixels(kind, std):
    config = Config().with_values(
        {
            "loss.reconstruction": kind,
            "model.output_activation": "sigmoid",
            "data.normalization": "zero_one",
            "loss.code_l1": 0.1,
            "loss.weight_l2": 0.2,
        }
    )
    named = terms(config, CODE, R, X, WEIGHTS, std, losses.strengths(config.loss))
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
    for name in losses.CODE_PENALTIES:
        code = torch.zeros(4, 3, requires_grad=True)
        losses.terms(R[:4].float(), code, X[:4].float(), [], "mse", {name: 0.5})[name].backward()
        assert not code.grad.any(), name


def test_strengths_wait_and_then_rise_in_a_line():
    config = LossConfig(code_l1=0.4, weight_l2=0.1, warmup_delay=1.0, warmup_epochs=2.0)
    course = {0.0: 0.0, 0.99: 0.0, 1.0: 0.0, 1.5: 0.1, 2.0: 0.2, 3.0: 0.4, 9.0: 0.4, math.inf: 0.4}
    for epoch, strength in course.items():
        used = losses.strengths(config, epoch)
        assert used["code_l1"] == pytest.approx(strength)
        assert used["weight_l2"] == 0.1
    at_once = LossConfig(code_l1=0.4, warmup_delay=1.0)
    assert losses.strengths(at_once, 0.5)["code_l1"] == 0
    assert losses.strengths(at_once, 1.0)["code_l1"] == 0.4
    assert losses.strengths(LossConfig(code_l1=0.4), 0.0)["code_l1"] == 0.4


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
    named = losses.terms(R.bfloat16(), CODE.bfloat16(), X.float(), [], "mse", {"code_l1": 1.0})
    assert {value.dtype for value in named.values()} == {torch.float32}
