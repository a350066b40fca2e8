import math

import pytest
import torch

from aecore import models
from aecore.config import DECAYING, Config, ModelConfig, TrainConfig
from aecore.training.muon import orthogonal
from aecore.training.optimizers import Optimizer, learning_rate, update_


def torch_course(make, steps: int, peak: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def our_course(schedule: str, steps: int, peak: float) -> list[float]:
    config = TrainConfig(schedule=schedule, learning_rate=peak)
    return [learning_rate(config, step, steps) for step in range(steps)]


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 97, 1000])
def test_cosine_is_pytorchs(steps):
    theirs = torch_course(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps), steps, 0.1)
    assert our_course("cosine", steps, 0.1) == pytest.approx(theirs, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("steps", [8, 10, 97, 1000])
def test_one_cycle_is_pytorchs(steps):
    def make(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps + 1)

    def exact(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)

    # PyTorch refuses a step beyond the last, which its own loop takes after the last update.
    theirs = torch_course(make, steps, 0.1)[: steps // 5]
    assert our_course("one_cycle", steps + 1, 0.1)[: steps // 5] == pytest.approx(theirs, rel=1e-6)
    last = torch_course(lambda o: _Until(exact(o), steps), steps, 0.1)
    assert our_course("one_cycle", steps, 0.1) == pytest.approx(last, rel=1e-6)


class _Until:
    def __init__(self, schedule, steps: int) -> None:
        self.schedule, self.left = schedule, steps - 1

    def step(self) -> None:
        if self.left:
            self.left -= 1
            self.schedule.step()


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 7])
def test_short_runs_have_rates_between_zero_and_the_peak(steps):
    for schedule in ("constant", "cosine", "one_cycle"):
        course = our_course(schedule, steps, 0.1)
        assert all(0 <= rate <= 0.1 for rate in course)
        assert all(math.isfinite(rate) for rate in course)
        assert max(course) > 0


def test_constant_is_constant():
    assert set(our_course("constant", 20, 0.1)) == {0.1}


def config(**train) -> Config:
    return Config(train=TrainConfig(**train))


def parameters(dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    shapes = {"weight": (4, 3), "bias": (4,), "kernel": (2, 1, 3, 3)}
    made = {
        name: torch.randn(shape, generator=random).to(dtype).requires_grad_()
        for name, shape in shapes.items()
    }
    for p in made.values():
        p.grad = torch.randn(p.shape, generator=random).to(dtype)
    return made


def test_decay_acts_on_weights_and_spares_biases():
    plain, decayed = parameters(), parameters()
    for chosen, train in ((plain, {}), (decayed, {"weight_decay": 0.5})):
        Optimizer(TrainConfig(optimizer="adamw", learning_rate=0.1, **train), chosen).step(0.1)
    start = parameters()
    for name in ("weight", "kernel"):
        # Decoupled: the same Adam step, after w <- (1 - learning_rate * decay) w.
        torch.testing.assert_close(decayed[name], plain[name] - 0.1 * 0.5 * start[name])
    assert torch.equal(plain["bias"], decayed["bias"])


@pytest.mark.parametrize("stacking", [False, True])
def test_stacked_biases_are_spared_as_well(stacking):
    stacked = {"weight": torch.ones(2, 3, 3), "bias": torch.ones(2, 3)}
    for p in stacked.values():
        p.grad = torch.zeros_like(p)
    Optimizer(TrainConfig(optimizer="adamw", weight_decay=0.1), stacked, stacking).step(0.5)
    assert torch.equal(stacked["weight"], torch.full((2, 3, 3), 0.95))
    assert torch.equal(stacked["bias"], torch.full((2, 3), 1.0 if stacking else 0.95))


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("adam", lambda p: torch.optim.Adam(p, 0.1)),
        ("adamw", lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.0)),
        ("sgd", lambda p: torch.optim.SGD(p, 0.1, momentum=0.7)),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_optimizers_are_pytorchs_with_the_configs_values(name, reference, dtype):
    ours, theirs = parameters(dtype), parameters(dtype)
    one = Optimizer(TrainConfig(optimizer=name, momentum=0.7), ours)
    two = reference(list(theirs.values()))
    for rate in (0.1, 0.1, 0.03, 0.2):
        for p, q in zip(ours.values(), theirs.values(), strict=True):
            p.grad, q.grad = (p.detach() ** 2 - 0.3, q.detach() ** 2 - 0.3)
        two.param_groups[0]["lr"] = rate
        one.step(rate)
        two.step()
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "muon"])
def test_a_restored_optimizer_goes_on_with_the_same_bits(name):
    train = TrainConfig(optimizer=name, weight_decay=0.01 if name in DECAYING else 0.0)
    whole, halves = parameters(), parameters()
    one, first = Optimizer(train, whole), Optimizer(train, halves)
    for optimizer in (one, one, first):
        optimizer.step(0.1)
    second = Optimizer(train, halves)
    second.restore({name: t.clone() for name, t in first.state().items()})
    second.step(0.1)
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
    with pytest.raises(KeyError):
        second.restore({})


@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (7, 7)])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_muon_is_pytorchs_on_a_matrix_step_by_step(shape, decay):
    random = torch.Generator().manual_seed(0)
    start = torch.randn(shape, generator=random)
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    one = Optimizer(TrainConfig(optimizer="muon", weight_decay=decay), {"weight": ours})
    two = torch.optim.Muon([theirs], weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    for rate in (0.01, 0.02, 0.005):
        gradient = torch.randn(shape, generator=random)
        before = theirs.detach().clone()
        ours.data.copy_(before)
        ours.grad, theirs.grad = gradient, gradient.clone()
        two.param_groups[0]["lr"] = rate
        one.step(rate)
        two.step()
        mine, expected = ours.detach() - before, theirs.detach() - before
        # PyTorch's iteration computes in bfloat16: single numbers differ, the whole's size hardly does.
        assert (mine - expected).norm() < 0.08 * expected.norm()
        assert abs(mine.norm() / expected.norm() - 1) < 0.02


def test_orthogonal_matrices_have_singular_values_about_one_and_zeros_around_them_stay():
    random = torch.Generator().manual_seed(0)
    matrices = torch.randn((3, 8, 5), generator=random, dtype=torch.float64)
    result = orthogonal(matrices)
    values = torch.linalg.svdvals(result)
    assert ((values > 0.6) & (values < 1.3)).all()
    padded = torch.zeros(3, 9, 12, dtype=torch.float64)
    padded[:, :8, :5] = matrices
    inside = orthogonal(padded)
    torch.testing.assert_close(inside[:, :8, :5], result)
    assert not inside[:, 8:].any()
    assert not inside[:, :, 5:].any()
    for alone, stacked in zip(matrices, result, strict=True):
        torch.testing.assert_close(orthogonal(alone), stacked)


@pytest.mark.parametrize("variational", [False, True])
def test_muon_moves_hidden_matrices_alone(variational):
    model = ModelConfig(hidden=(6, 5), latent_size=3, variational=variational)
    moved: list[dict[str, torch.Tensor]] = []
    for name in ("adam", "muon"):
        chosen = dict(models.build(model, (1, 4, 4)).named_parameters())
        for p in chosen.values():
            p.grad = torch.ones_like(p)
        Optimizer(TrainConfig(optimizer=name), chosen).step(0.1)
        moved.append(chosen)
    differ = {name for name in moved[0] if not torch.equal(moved[0][name], moved[1][name])}
    heads = {"log_variance.weight"} if variational else set()
    assert differ == {
        "encoder.3.weight", "encoder.5.weight", "decoder.0.weight", "decoder.2.weight"
    } | heads  # fmt: skip


def test_muon_leaves_biases_and_kernels_to_adam():
    given, by_adam = parameters(), parameters()
    for chosen, name in ((given, "muon"), (by_adam, "adam")):
        Optimizer(TrainConfig(optimizer=name), chosen).step(0.1)
    assert all(torch.equal(given[name], by_adam[name]) for name in ("bias", "kernel"))
    assert not torch.equal(given["weight"], by_adam["weight"])


def test_weight_l1_gives_exact_zeros_after_the_update():
    given = parameters()
    weights = [given["weight"], given["kernel"]]
    expected = {}
    for name, p in given.items():
        stepped = p.detach() - 0.1 * p.grad
        shrunk = stepped.sign() * (stepped.abs() - 0.5).clamp_min(0)
        expected[name] = stepped if name == "bias" else shrunk
    chosen = config(optimizer="sgd", learning_rate=0.1, momentum=0.0).with_values({"loss.weight_l1": 0.5})
    optimizer = Optimizer(chosen.train, given)
    update_(chosen, lambda: optimizer.step(0.1), given, weights, 0.5)
    for name, p in given.items():
        torch.testing.assert_close(p.detach(), expected[name])
    assert any((p == 0).any() for p in weights)
    assert not (given["bias"] == 0).any()
