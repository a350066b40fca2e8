import math
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config import DECAYING, Config
from aecore.training.loop import Position
from aecore.training.single import Training
from aecore.training.stack import Stack
from aecore.training.stacking import ALONE, ZERO_KEEPING, stack_key
from tests.samples import tiny_config, tiny_data

STEPS = 50
DATA = tiny_data(58, (1, 5, 4))
"""53 images to train on and 5 to validate: five batches an epoch, the last one small."""

PENALTIES = {
    "loss.code_l1": 0.02,
    "loss.code_l2": 0.01,
    "loss.code_whole_batch_norm": 0.005,
    "loss.weight_l1": 2e-4,
    "loss.weight_l2": 1e-3,
}


def proof_config(**values) -> Config:
    """Float64, ten epochs of five steps."""
    start = {"train__epochs": 10, "train__batch_size": 12, "train__precision": "float64"}
    return tiny_config(**start | values)


def varied(base: Config, seed: int, count: int = 3, same_sizes: bool = False) -> list[Config]:
    """Members that differ in all in which members of one stack may: sizes, strengths, rates, seeds."""
    draw = random.Random(seed)

    def widths(original: tuple[int, ...]) -> tuple[int, ...]:
        return original if same_sizes else tuple(draw.randint(1, 7) for _ in original)

    members = []
    for _ in range(count):
        smallest = base.model.top_k if base.model.code_activation == "top_k" else 1
        values = {name: draw.choice([0.0, draw.uniform(0.5, 1.5) * s]) for name, s in PENALTIES.items()}
        values |= {
            "model.hidden": widths(base.model.hidden),
            "model.channels": widths(base.model.channels),
            "model.latent_size": base.model.latent_size if same_sizes else draw.randint(smallest, 6),
            "model.init": draw.choice(["default", "xavier", "he", "orthogonal"]),
            "loss.warmup_delay": draw.choice([0.0, 1.5]),
            "loss.warmup_epochs": draw.choice([0.0, 3.0]),
            "train.seed": draw.choice([0, 1, 2]),
            "train.learning_rate": draw.choice([1e-3, 3e-3]),
        }
        if base.train.optimizer in DECAYING:
            values["train.weight_decay"] = draw.choice([0.0, 0.1])
        if base.model.variational:
            values["loss.beta"] = draw.choice([0.0, 1.0, draw.uniform(0.1, 4.0)])
        members.append(base.with_values(values))
    return members


def until(last: int):
    """Stops a training after so many steps."""
    return lambda at: at.epoch * at.steps + at.step >= last


def alone(config: Config, steps: int = STEPS, data=DATA) -> dict[str, torch.Tensor]:
    training = Training(config, data, until(steps))
    list(training)
    return {name: t.detach() for name, t in training.model.named_parameters()}


def largest_gap(stack: Stack, configs: Sequence[Config], steps: int = STEPS) -> float:
    """The largest difference of any weight of any member from the same member trained alone."""
    gap = 0.0
    for k, config in enumerate(configs):
        own, stacked = alone(config, steps), stack.member(k)
        assert own.keys() == stacked.keys()
        for name in own:
            assert own[name].shape == stacked[name].shape
            gap = max(gap, (own[name] - stacked[name]).abs().max().item())
    return gap


def padding_is_zero(stack: Stack) -> bool:
    for name, parameter in stack.parameters.items():
        for k in range(len(stack.configs)):
            padded = parameter[k].detach().clone()
            padded[tuple(slice(0, n) for n in stack.shapes[k][name])] = 0
            if padded.any():
                return False
    return True


def trained(configs: Sequence[Config], steps: int = STEPS, data=DATA) -> Stack:
    stack = Stack(configs, data, until(steps))
    list(stack.epochs())
    return stack


FAMILIES = {
    "mlp": {},
    "two hidden layers": {"model__hidden": (7, 5)},
    "conv": {
        "model__family": "conv",
        "model__channels": (3, 4),
        "model__output_activation": "sigmoid",
        "data__normalization": "zero_one",
    },
    "dictionary": {
        "model__family": "dictionary",
        "model__code_activation": "relu",
        "model__output_activation": "linear",
    },
    "dictionary with free atoms": {
        "model__family": "dictionary",
        "model__code_activation": "relu",
        "model__output_activation": "linear",
        "model__unit_norm": False,
    },
    "top-k": {"model__code_activation": "top_k", "model__top_k": 2},
    "variational": {"model__variational": True, "loss__free_bits": 0.03},
    "variational with a learned spread": {"model__variational": True, "model__output_std": 0.0},
}


@settings(max_examples=15)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    optimizer=st.sampled_from(["adam", "adamw", "sgd", "muon"]),
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    activation=st.sampled_from(sorted(ZERO_KEEPING - {"linear", "top_k"})),
    loss=st.sampled_from(["mse", "mae"]),
    seed=st.integers(0, 10_000),
)
def test_a_stacked_padded_member_equals_the_same_model_trained_alone(
    family, optimizer, schedule, activation, loss, seed
):
    base = proof_config(
        **FAMILIES[family],
        model__activation=activation,
        train__optimizer=optimizer,
        train__schedule=schedule,
        loss__reconstruction="mse" if "variational" in family else loss,
    )
    configs = varied(base, seed)
    stack = trained(configs)
    assert stack.steps_done == STEPS
    assert largest_gap(stack, configs) < 1e-9
    assert padding_is_zero(stack)


@pytest.mark.parametrize("family", ["mlp", "conv", "dictionary"])
def test_each_penalty_with_its_warm_up_is_the_members_own(family):
    base = proof_config(**FAMILIES[family], loss__warmup_delay=1.0, loss__warmup_epochs=2.0)
    configs = [base] + [
        base.with_values({name: strength, "model.latent_size": 2 + k, "train.seed": k % 2})
        for k, (name, strength) in enumerate(PENALTIES.items())
    ]
    stack = trained(configs)
    assert largest_gap(stack, configs) < 1e-9
    assert padding_is_zero(stack)
    # Each penalty did something, so that equality says something.
    for k, name in enumerate(PENALTIES, 1):
        without = alone(configs[k].with_values({name: 0.0}))
        assert max((without[n] - t).abs().max() for n, t in stack.member(k).items()) > 1e-6


@pytest.mark.parametrize("code", ["tanh", "top_k"])
def test_every_code_activation_that_keeps_zero_stacks_at_different_sizes(code):
    base = proof_config(model__code_activation=code, model__top_k=1)
    configs = [base.with_values({"model.latent_size": n, "loss.code_l1": 0.01}) for n in (1, 3, 6)]
    stack = trained(configs)
    assert largest_gap(stack, configs) < 1e-9
    assert padding_is_zero(stack)


@pytest.mark.parametrize("values", [{"model__activation": "sigmoid"}, {"model__code_activation": "sigmoid"}])
def test_sigmoids_stack_at_equal_sizes_only(values):
    base = proof_config(**values)
    configs = varied(base, 3, same_sizes=True)
    assert largest_gap(trained(configs), configs) < 1e-9
    other = base.with_values({"model.latent_size": base.model.latent_size + 1})
    assert stack_key(base) != stack_key(other)
    with pytest.raises(ValueError, match="the members of a stack must share family"):
        Stack([base, other], DATA)


def test_a_batch_norm_never_stacks():
    assert {"soft_threshold"} == ALONE
    base = proof_config(model__code_activation="soft_threshold")
    assert stack_key(base) is None
    with pytest.raises(ValueError, match="the members of a stack must share family"):
        Stack([base, base.with_values({"train.seed": 1})], DATA)


def test_binary_cross_entropy_and_channels_of_colour():
    base = proof_config(
        **FAMILIES["conv"] | {"loss__reconstruction": "bce", "train__epochs": 3}, train__seed=4
    )
    data = tiny_data(30, (3, 6, 5))
    configs = [base, base.with_values({"model.channels": (2, 5), "model.latent_size": 5, "train.seed": 1})]
    stack = trained(configs, 6, data)
    for k, config in enumerate(configs):
        own = alone(config, 6, data)
        assert max((own[n] - t).abs().max() for n, t in stack.member(k).items()) < 1e-9


@pytest.mark.parametrize("corruption", ["none", "masking"])
@pytest.mark.parametrize("seeds", [(0, 1, 2), (3, 3, 3)])
def test_variational_members_draw_what_they_draw_alone(seeds, corruption):
    base = proof_config(
        **FAMILIES["conv"],
        model__variational=True,
        loss__reconstruction="bce",
        loss__warmup_epochs=2.0,
        train__binarize=True,
        train__shift=0.4,
        train__corruption=corruption,
        train__epochs=3,
    )
    configs = [
        base.with_values({"model.latent_size": n, "loss.beta": b, "train.seed": s})
        for n, b, s in zip((2, 5, 3), (1.0, 4.0, 0.0), seeds, strict=True)
    ]
    stack = trained(configs)
    assert largest_gap(stack, configs) < 1e-9
    assert padding_is_zero(stack)
    records = list(Stack(configs, DATA).epochs())[-1]
    for config, record in zip(configs, records, strict=True):
        own = list(Training(config, DATA))[-1]
        assert {"elbo", "kl", "reconstruction", "active_units"} <= own.validation.keys()
        assert own.train == pytest.approx(record.train, rel=1e-9)
        assert own.validation == pytest.approx(record.validation, rel=1e-9)


def test_records_are_those_of_training_alone():
    configs = varied(proof_config(train__epochs=3, loss__code_l2=0.01), 8)
    stacked = [list(column) for column in zip(*Stack(configs, DATA).epochs(), strict=True)]
    for config, records in zip(configs, stacked, strict=True):
        for own, record in zip(Training(config, DATA), records, strict=True):
            assert own.epoch == record.epoch
            assert own.learning_rate == pytest.approx(record.learning_rate, rel=1e-12)
            for kind in ("train", "validation"):
                assert getattr(own, kind) == pytest.approx(getattr(record, kind), rel=1e-9)


def test_one_of_them_alone_and_no_validation_images():
    configs = [proof_config(data__validation_fraction=0.0, train__seed=k) for k in range(2)]
    records = list(Stack(configs, DATA).epochs())
    assert all(r.validation == {} for epoch in records for r in epoch)
    assert largest_gap(trained(configs), configs) < 1e-9


@pytest.mark.parametrize("fraction", [0.0, 1 / 12])
def test_a_diverging_member_keeps_its_last_good_weights_and_leaves_the_others_alone(fraction):
    base = proof_config(
        train__optimizer="sgd",
        model__output_activation="linear",
        model__activation="relu",
        data__validation_fraction=fraction,
    )
    wild = base.with_values({"train.learning_rate": 2e3, "train.seed": 3})
    others = [base.with_values({"train.seed": k, "train.learning_rate": 1e-2}) for k in range(2)]
    stack = Stack([others[0], wild, others[1]], DATA)
    records = list(stack.epochs())
    epoch = int(stack.failed[1])
    assert 1 <= epoch <= 10
    assert stack.failed.tolist() == [0, epoch, 0]
    assert [r[1] is None for r in records] == [e + 1 >= epoch for e in range(10)]
    assert all(r[0] is not None and r[2] is not None for r in records)
    assert all(t.isfinite().all() for t in stack.member(1).values())
    good = Stack([others[0], wild, others[1]], DATA, until((epoch - 1) * 5))
    if epoch > 1:
        list(good.epochs())
    for name, t in good.member(1).items():
        assert torch.equal(t, stack.member(1)[name])
    without = Stack(others, DATA)
    list(without.epochs())
    for k, j in ((0, 0), (2, 1)):
        for name, t in without.member(j).items():
            assert (t - stack.member(k)[name]).abs().max() < 1e-9


def bits(stack: Stack) -> dict[str, torch.Tensor]:
    return {name: t for name, t in stack.state().items() if name != "seconds"}


@settings(max_examples=6)
@given(
    first=st.integers(1, 24),
    second=st.integers(1, 24),
    optimizer=st.sampled_from(["adam", "adamw", "sgd", "muon"]),
    wild=st.booleans(),
)
def test_stopped_at_any_step_and_resumed_gives_the_same_bits(first, second, optimizer, wild):
    base = tiny_config(
        train__epochs=5,
        train__batch_size=12,
        train__optimizer=optimizer,
        train__schedule="one_cycle",
        loss__warmup_epochs=3.0,
        model__output_activation="linear",
    )
    configs = varied(base, 5)
    if wild:
        configs[1] = configs[1].with_values({"train.learning_rate": 1e12})
    whole = Stack(configs, DATA)
    records = list(whole.epochs())
    assert bool(whole.failed[1]) or not wild
    state, found = None, []
    for last in (*sorted((first, second)), 1_000):
        stack = Stack(configs, DATA, until(last), state)
        found += list(stack.epochs())
        state = stack.state()
    assert len(found) == len(records)
    assert bits(whole).keys() == bits(stack).keys()
    for name, t in bits(whole).items():
        assert torch.equal(t.nan_to_num(), bits(stack)[name].nan_to_num()), name
    for a, b in pairwise([records, found]):
        assert [[r and r.train for r in e] for e in a] == [[r and r.train for r in e] for e in b]


def test_a_state_of_other_members_is_refused_in_one_sentence():
    state = Stack(varied(proof_config(), 1), DATA).state()
    with pytest.raises(ValueError, match="the saved state does not fit the config"):
        Stack(varied(proof_config(model__hidden=(9, 9)), 1), DATA, state=state)


def test_on_step_hears_of_every_step():
    heard: list[Position] = []
    configs = [proof_config(train__epochs=2, train__seed=k) for k in range(2)]
    list(Stack(configs, DATA, lambda at: heard.append(at)).epochs())
    assert [(at.epoch, at.step) for at in heard] == [(e, s) for e in range(2) for s in range(1, 6)]
    assert all(at.steps == 5 and math.isfinite(at.images_per_second) for at in heard)
