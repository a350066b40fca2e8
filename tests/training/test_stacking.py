import os

import pytest
import torch

import aecore
from aecore.config import Config
from aecore.grid import Grid
from aecore.models import layer_sizes, parameter_count
from aecore.presets import PRESETS
from aecore.training.single import Training
from aecore.training.stack import Stack
from aecore.training.stacking import (
    CPU_STACK,
    MEMORY_PART,
    Alone,
    fitting,
    member_bytes,
    open_stack,
    plan_stacks,
    train_grid,
)
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
    whole = open_stack([config], data)
    assert isinstance(whole, Alone)
    assert not isinstance(open_stack([config, config.with_values({"train.seed": 1})], data), Alone)
    list(whole)
    stopped = open_stack([config], data, lambda at: (at.epoch, at.step) == (1, 2))
    assert len(list(stopped)) == 1
    assert stopped.stopped
    assert stopped.epoch == 1
    rest = open_stack([config], data, None, stopped.state())
    assert len(list(rest)) == 2
    assert all(torch.equal(t, rest.member(0)[name]) for name, t in whole.member(0).items())


def test_on_a_cpu_stacks_are_shared_among_cores_up_to_the_measured_size(monkeypatch):
    for cores, members, sizes in ((2, 16, [8, 8]), (2, 3, [1, 2]), (1, 16, [16]), (4, 3, [1, 1, 1])):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        grid = Grid(Config().with_values(CPU), {"train.seed": range(members)})
        assert [len(s) for s in plan_stacks(grid, SMALL, free=1 << 40)] == sizes
    many = Grid(Config().with_values(CPU), {"train.seed": range(2 * 4 * CPU_STACK)})
    assert {len(s) for s in plan_stacks(many, SMALL, free=1 << 40)} == {CPU_STACK}


def test_on_a_cpu_large_models_go_alone(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    grid = Grid(Config().with_values(CPU), {"train.seed": range(3)})
    assert plan_stacks(grid, SHAPE) == [[0], [1], [2]]
    assert plan_stacks(grid, SMALL) == [[0, 1, 2]]


def test_on_a_cpu_convolutions_go_alone(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
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
    list(stack)
    kept = sum(t.numel() * t.element_size() for t in stack.tensors().values())
    assert kept <= 2 * member_bytes(config, (1, 6, 5))
