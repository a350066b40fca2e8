from typing import get_args

import pytest
import torch

import aecore
from aecore import cores
from aecore.config import PENALTIES, Config, field_paths, stacking
from aecore.grid import Grid
from aecore.models import layer_sizes, parameter_count
from aecore.presets import PRESETS
from aecore.training.grids import open_training, train_grid
from aecore.training.single import Training
from aecore.training.stack import Stack
from aecore.training.stacking import CPU_STACK, MEMORY_PART, fitting, member_bytes, plan_stacks, stack_key
from tests.samples import tiny_config, tiny_data

SHAPE = (1, 28, 28)
SMALL = (1, 8, 8)
CPU = {"train.device": "cpu"}


def test_a_grid_trained_from_python_gives_every_members_records_and_models():
    data = tiny_data()
    base = tiny_config(train__epochs=2)
    grid = Grid(base, {"model.code_activation": ["linear", "soft_threshold"], "train.seed": [0, 1]})
    training = aecore.train_grid(grid, data)
    records = list(training)
    assert sorted((r.k, r.record.epoch) for r in records) == [(k, e) for k in range(4) for e in (1, 2)]
    assert records[0].to_dict()["k"] == records[0].k
    assert training.failed == {}
    for k, config in enumerate(grid.members):
        own = Training(config, data)
        list(own)
        own.model.eval()
        x = own.images.normalize(data.test_images)
        with torch.no_grad():
            a, b = own.model(x).reconstruction, training.model(k)(x).reconstruction
        assert torch.allclose(a, b, atol=1e-4)


def test_a_member_that_diverges_is_named_and_the_rest_is_trained():
    base = tiny_config(train__optimizer="sgd", model__output_activation="linear")
    rates = [1e-2, 1e12]
    for axes in (
        {"train.learning_rate": rates},
        {"model.code_activation": ["soft_threshold"], "train.learning_rate": rates},
    ):
        training = train_grid(Grid(base, axes), tiny_data())
        records = list(training)
        assert {r.k for r in records} <= {0, 1}
        assert [r.record.epoch for r in records if r.k == 0] == [1, 2, 3]
        assert set(training.failed) == {1}
        assert all(t.isfinite().all() for t in training.weights[1].values())


def test_a_member_alone_stops_and_resumes_to_the_same_bits():
    data, config = tiny_data(), tiny_config()
    whole = open_training([config], data)
    assert isinstance(whole, Training)
    assert not isinstance(open_training([config, config.with_values({"train.seed": 1})], data), Training)
    list(whole.epochs())
    stopped = open_training([config], data, lambda at: (at.epoch, at.step) == (1, 2))
    assert len(list(stopped.epochs())) == 1
    assert stopped.stopped
    assert stopped.epoch == 1
    rest = open_training([config], data, None, stopped.state())
    assert len(list(rest.epochs())) == 2
    assert all(torch.equal(t, rest.member(0)[name]) for name, t in whole.member(0).items())


def test_on_a_cpu_stacks_are_shared_among_cores_up_to_the_measured_size(monkeypatch):
    for count, members, sizes in ((2, 16, [8, 8]), (2, 3, [1, 2]), (1, 16, [16]), (4, 3, [1, 1, 1])):
        monkeypatch.setattr(cores, "available", lambda count=count: count)
        grid = Grid(Config().with_values(CPU), {"train.seed": range(members)})
        assert [len(s) for s in plan_stacks(grid, SMALL, free=1 << 40)] == sizes
    many = Grid(Config().with_values(CPU), {"train.seed": range(2 * 4 * CPU_STACK)})
    assert {len(s) for s in plan_stacks(many, SMALL, free=1 << 40)} == {CPU_STACK}


def test_on_a_cpu_large_models_go_alone(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 1)
    grid = Grid(Config().with_values(CPU), {"train.seed": range(3)})
    assert plan_stacks(grid, SHAPE) == [[0], [1], [2]]
    assert plan_stacks(grid, SMALL) == [[0, 1, 2]]


def test_on_a_cpu_convolutions_go_alone(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 1)
    conv = PRESETS["conv"].with_values(CPU)
    assert plan_stacks(Grid(conv, {"train.seed": range(5)}), SHAPE) == [[k] for k in range(5)]
    # The family may itself be an axis.
    base = Config().with_values(CPU | {"model.output_activation": "linear"})
    mixed = Grid(base, {"model.family": ["mlp", "conv"], "train.seed": range(4)})
    stacks = plan_stacks(mixed, SMALL)
    assert sorted(len(s) for s in stacks) == [1, 1, 1, 1, 4]
    assert all(mixed.members[s[0]].model.family == "mlp" for s in stacks if len(s) > 1)


def test_memory_splits_a_stack():
    config = Config().with_values(CPU)
    grid = Grid(config, {"train.seed": range(64)})
    need = member_bytes(config, SHAPE)
    assert fitting([config], SHAPE, 0) == 1
    assert fitting([config], SHAPE, int(20.5 * need / MEMORY_PART)) == 20
    sizes = [len(s) for s in plan_stacks(grid, SHAPE, "cuda", int(20.5 * need / MEMORY_PART))]
    assert sum(sizes) == 64
    assert max(sizes) <= 20
    assert [len(s) for s in plan_stacks(grid, SHAPE, "cuda", 1 << 40)] == [64]
    assert all(len(s) == 1 for s in plan_stacks(grid, SHAPE, "cpu", need))
    # The largest member decides.
    wide = config.with_values({"model.hidden": (4096, 4096)})
    assert fitting([config, wide], SHAPE, 100 * need) < fitting([config], SHAPE, 100 * need)


@pytest.mark.parametrize("name", ["post", "hinton", "conv", "dictionary"])
def test_the_estimate_of_memory_holds_what_a_stack_keeps(name):
    config = PRESETS[name].with_values(CPU)
    weights = 4 * parameter_count(config.model, SHAPE)
    layers = 4 * config.train.batch_size * sum(layer_sizes(config.model, SHAPE))
    assert 5 * weights + 2 * layers <= member_bytes(config, SHAPE) <= 8 * weights + 8 * layers
    double = config.with_values({"train.precision": "float64"})
    assert member_bytes(double, SHAPE) == 2 * member_bytes(config, SHAPE)


def test_the_state_of_a_stack_is_in_the_estimate():
    config = tiny_config(model__hidden=(200, 100), train__batch_size=8)
    stack = Stack([config, config.with_values({"train.seed": 1})], tiny_data(), lambda at: True)
    list(stack.epochs())
    kept = sum(t.numel() * t.element_size() for t in stack.state().values())
    assert kept <= 2 * member_bytes(config, (1, 6, 5))


# What may differ within a stack: each field either keeps members apart or is the member's own.

ANOTHER = {
    "train.corruption_level": 0.7,
    "train.record": False,
    "data.normalization": "standardized",
    "data.validation_fraction": 0.25,
    "model.hidden": (5,),
    "model.channels": (3,),
    "model.family": "dictionary",
    "model.unit_norm": False,
    "model.variational": True,
    "model.output_std": 0.3,
    "train.binarize": True,
    "model.threshold": 0.3,
    "model.top_k": 2,
    "model.init": "he",
    "loss.reconstruction": "mae",
    "data.name": "sprites",
    "train.optimizer": "sgd",
    "train.momentum": 0.5,
    "train.weight_decay": 0.3,
    "train.learning_rate": 3e-3,
    "train.schedule": "cosine",
    "train.device": "auto",
    "train.precision": "float32",
    "train.epochs": 5,
    "train.batch_size": 12,
    "train.shift": 0.5,
    "loss.warmup_delay": 1.0,
    "loss.warmup_epochs": 2.0,
} | {f"loss.{name}": 0.01 for name in PENALTIES}
"""Another value of each field, where the first of its choices or one more will not do."""


def other_value(base: Config, path: str):
    if path in ANOTHER:
        return ANOTHER[path]
    kind, value = field_paths()[path], base.get(path)
    choices = get_args(kind)
    return next(choice for choice in choices if choice != value) if choices else value + 1


@pytest.mark.parametrize("path", field_paths())
def test_a_field_keeps_members_apart_or_trains_in_a_stack_as_alone(path):
    base = tiny_config(
        model__output_activation="linear",
        # A variational code is linear.
        model__code_activation="linear" if path == "model.variational" else "relu",
        train__optimizer="adamw",
        train__precision="float64",
        train__epochs=2,
        loss__code_l1=0.05,
    )
    other = base.with_values({path: other_value(base, path)})
    assert other != base
    data = tiny_data()
    if stack_key(base) != stack_key(other):
        with pytest.raises(ValueError, match="the members of a stack must share"):
            Stack([base, other], data)
        return
    stack = Stack([base, other], data)
    list(stack.epochs())
    for k, config in enumerate((base, other)):
        alone = Training(config, data)
        list(alone)
        for name, tensor in alone.model.state_dict().items():
            assert (stack.member(k)[name] - tensor).abs().max() < 1e-9, name


def test_a_field_that_nobody_has_declared_keeps_members_apart():
    declared = {path for path in field_paths() if stacking(path) != "apart"}
    assert "model.activation" not in declared
    assert {"model.latent_size", "model.hidden", "train.seed", "loss.code_l1"} <= declared
    base = tiny_config(
        model__output_activation="linear", train__optimizer="adamw", train__precision="float64"
    )
    for path in set(field_paths()) - declared:
        assert stack_key(base) != stack_key(base.with_values({path: other_value(base, path)})), path
