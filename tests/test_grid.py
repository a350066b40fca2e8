import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config import Config
from aecore.grid import (
    FIXED,
    MAX_MEMBERS,
    Grid,
    axis_text,
    axis_title,
    grid_title,
    parse_axis,
)
from aecore.training.stacking import plan, rate_key, stack_key
from tests.samples import tiny_config

AXES = {
    "model.latent_size": [1, 2, 3, 8, 12],
    "model.hidden": [(8,), (16,), (8, 4), (4, 8)],
    "model.activation": ["relu", "tanh", "sigmoid"],
    "model.code_activation": ["linear", "relu", "soft_threshold"],
    "loss.code_l1": [0.0, 1e-4, 1e-3],
    "loss.weight_l2": [0.0, 1e-4],
    "train.learning_rate": [1e-4, 1e-3, 1e-2],
    "train.optimizer": ["adam", "sgd"],
    "train.seed": [0, 1, 2],
    "train.epochs": [2, 3],
}


def test_a_grid_that_stops_members_is_another_grid_and_needs_equal_epochs_and_validation_images():
    axes = {"train.learning_rate": [1e-3, 1e-2]}
    grids = [Grid(tiny_config(), axes, halving=halving) for halving in (False, True)]
    assert "halving" not in grids[0].to_dict()
    assert [Grid.from_dict(grid.to_dict()) for grid in grids] == grids
    assert grids[0].hash != grids[1].hash
    # Each by itself: one of a stack could not be stopped.
    assert plan(grids[1], lambda members: len(members)) == [[0], [1]]
    with pytest.raises(ValueError, match=r"train\.epochs can't be an axis"):
        Grid(tiny_config(), {"train.epochs": [2, 3]}, halving=True)
    with pytest.raises(ValueError, match="needs validation images"):
        Grid(tiny_config(data__validation_fraction=0.0), axes, halving=True)
    with pytest.raises(ValueError, match="halving must be true or false"):
        Grid.from_dict(grids[0].to_dict() | {"halving": 1})


@st.composite
def axes(draw) -> dict:
    names = draw(st.lists(st.sampled_from(sorted(AXES)), min_size=1, max_size=4, unique=True))
    return {
        name: tuple(draw(st.lists(st.sampled_from(AXES[name]), min_size=1, max_size=3, unique=True)))
        for name in names
    }


@given(axes())
def test_members_are_the_product_of_the_axes_and_survive_json(axes):
    grid = Grid(tiny_config(), axes)
    assert len(grid.positions) == len(grid.index) == math.prod(map(len, axes.values()))
    for position, k in zip(grid.positions, grid.index, strict=True):
        assert all(grid.members[k].get(name) == value for name, value in position.items())
        assert grid.config_at(grid.position_of(k)) == grid.members[k]
    again = Grid.from_dict(json.loads(json.dumps(grid.to_dict())))
    assert again == grid
    assert (again.members, again.index, again.hash) == (grid.members, grid.index, grid.hash)


@settings(max_examples=60)
@given(axes(), st.integers(1, 9))
def test_a_plan_holds_every_member_once_in_stacks_of_equal_keys_within_the_limit(axes, limit):
    grid = Grid(tiny_config(), axes)
    stacks = plan(grid, lambda configs: limit)
    assert sorted(k for stack in stacks for k in stack) == list(range(len(grid.members)))
    for stack in stacks:
        assert 1 <= len(stack) <= limit
        assert len({stack_key(grid.members[k]) for k in stack}) == 1
        rates = [rate_key(grid.members[k]) for k in stack]
        assert rates == sorted(rates)
    # As few stacks as the limit allows, of nearly equal sizes.
    groups: dict[tuple, list[int]] = {}
    for stack in stacks:
        groups.setdefault(stack_key(grid.members[stack[0]]) or stack[0], []).append(len(stack))
    for sizes in groups.values():
        assert len(sizes) == -(-sum(sizes) // limit)
        assert max(sizes) - min(sizes) <= 1


def test_the_limit_is_asked_of_the_members_it_is_for():
    grid = Grid(tiny_config(), {"model.hidden": [(8,), (8, 4)], "train.seed": [0, 1, 2]})
    stacks = plan(grid, lambda configs: len(configs[0].model.hidden))
    sizes = sorted((len(grid.members[s[0]].model.hidden), len(s)) for s in stacks)
    assert sizes == [(1, 1), (1, 1), (1, 1), (2, 1), (2, 2)]


def test_a_list_of_members_instead_of_axes():
    rows = [{"model.latent_size": 2}, {"penalty": "code_l1", "strength": 0.1}]
    grid = Grid(tiny_config(), listed=rows)
    assert grid.positions == rows
    assert [c.model.latent_size for c in grid.members] == [2, 3]
    assert grid.members[1].loss.code_l1 == 0.1
    assert Grid.from_dict(grid.to_dict()) == grid


def test_positions_that_come_to_the_same_config_share_a_member():
    axes = {"penalty": ["none", "code_l1", "code_l2"], "strength": [1e-3, 1e-2]}
    grid = Grid(tiny_config(loss__weight_l2=0.5), axes)
    assert len(grid.positions) == 6
    assert len(grid.members) == 5
    assert grid.index == (0, 0, 1, 2, 3, 4)
    assert grid.position_of(0) == {"penalty": "none", "strength": 1e-3}
    assert all(c.loss.weight_l2 == 0 for c in grid.members)
    assert [(c.loss.code_l1, c.loss.code_l2) for c in grid.members] == [
        (0, 0),
        (1e-3, 0),
        (1e-2, 0),
        (0, 1e-3),
        (0, 1e-2),
    ]


def test_strength_alone_is_that_of_the_base_configs_only_penalty():
    grid = Grid(tiny_config(loss__code_l2=1.0), {"strength": [0.0, 0.5]})
    assert [c.loss.code_l2 for c in grid.members] == [0.0, 0.5]
    with pytest.raises(ValueError, match="the axis strength needs an axis penalty beside it"):
        Grid(tiny_config(), {"strength": [0.5]})


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"model.size": [1]}, "there is no field 'model.size' to make an axis of; there are penalty"),
        ({"latent_size": [1]}, "there is no field 'latent_size'"),
        ({"model.latent_size": [2, 0]}, "model.latent_size must be from 1 to 4096, not 0"),
        ({"train.seed": range(10_000)}, "the grid has 10,000 members; at most 1,024 are allowed"),
        ({"train.seed": range(100), "model.latent_size": range(1, 101)}, "10,000 members"),
        ({"loss.code_l1": [-1.0]}, "loss.code_l1 must be at least 0, not -1.0"),
        ({"penalty": ["code_l1"], "strength": [-1]}, "strength must be a number of at least 0, not -1"),
        ({"penalty": ["none"], "strength": [-1]}, "strength must be a number of at least 0, not -1"),
        ({"penalty": ["none"], "strength": [math.nan]}, "strength must be a number of at least 0, not nan"),
        ({"penalty": ["none"], "strength": ["a"]}, "strength must be a number of at least 0, not 'a'"),
        ({"penalty": ["l3"]}, "penalty must be one of none, code_l1, .*, not 'l3'"),
        ({"penalty": [{}]}, "penalty must be one of"),
        ({"penalty": ["none"], "loss.code_l1": [1.0]}, "set loss.code_l1 already"),
        ({"model.latent_size": []}, "the axis model.latent_size has no values"),
        ({"model.latent_size": [2, 2]}, "the axis model.latent_size names a value twice"),
        ({"model.latent_size": [{}, {}]}, "the axis model.latent_size names a value twice"),
        ({"model.latent_size": 3}, "the values of the axis model.latent_size must be a list, not 3"),
        ({"model.activation": "relu"}, "must be a list, not 'relu'"),
        ({"model.activation": ["cube"]}, "model.activation must be one of relu"),
        ({"model.latent_size": [True]}, "model.latent_size must be a whole number, not True"),
        ({"train.learning_rate": [0.0]}, "train.learning_rate must be above 0"),
        ({}, "a grid needs axes or a list of members"),
        *(({name: ["x"]}, f"{name} can't be an axis") for name in FIXED),
    ],
)
def test_nonsense_axes_are_refused_in_one_sentence(axes, words):
    with pytest.raises(ValueError, match=words) as refusal:
        Grid(tiny_config(), axes)
    assert "\n" not in str(refusal.value)


def test_a_code_smaller_than_top_k_is_refused():
    base = tiny_config(model__code_activation="top_k", model__top_k=3, model__latent_size=8)
    with pytest.raises(ValueError, match=r"model\.top_k is 3, but the code has only 2 units"):
        Grid(base, {"model.latent_size": [4, 2]})


def test_a_thousand_members_and_no_more():
    assert len(Grid(tiny_config(), {"train.seed": range(MAX_MEMBERS)}).members) == MAX_MEMBERS
    with pytest.raises(ValueError, match="1,025 members"):
        Grid(tiny_config(), listed=[{"train.seed": s} for s in range(MAX_MEMBERS + 1)])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "must be a JSON object with a base config"),
        ({"axes": {}}, "must be a JSON object with a base config"),
        ({"base": {}, "axes": {"model.latent_size": 3}}, "axes must be a JSON object of lists"),
        ({"base": {}, "axes": [1]}, "axes must be a JSON object of lists"),
        ({"base": {}, "listed": [1]}, "list of members must be a JSON list of objects"),
        ({"base": {}, "listed": {}}, "list of members must be a JSON list of objects"),
        ({"base": {"model": {"x": 1}}, "axes": {"train.seed": [0]}}, "unknown field model.x"),
    ],
)
def test_a_foreign_json_object_is_refused_in_one_sentence(values, words):
    with pytest.raises(ValueError, match=words):
        Grid.from_dict(values)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("model.latent_size=2,4,8", "model.latent_size", (2, 4, 8)),
        ("model.latent-size= 2, 4", "model.latent_size", (2, 4)),
        ("loss.code_l1=0,1e-4", "loss.code_l1", (0.0, 1e-4)),
        ("model.hidden=128-64,256", "model.hidden", ((128, 64), (256,))),
        ("model.activation=relu,tanh", "model.activation", ("relu", "tanh")),
        ("model.unit_norm=true,False", "model.unit_norm", (True, False)),
        ("penalty=none,code_l1", "penalty", ("none", "code_l1")),
        ("strength=1e-3", "strength", (1e-3,)),
    ],
)
def test_an_axis_is_read_as_its_field_is_typed(text, name, values):
    assert parse_axis(text) == (name, values)
    if name == "model.hidden":
        assert [axis_text(name, v) for v in values] == ["128-64", "256"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model.latent_size", "an axis is written NAME=VALUE"),
        ("model.latent_size=", "an axis is written NAME=VALUE"),
        ("model.latent_size=2,x", "the values of model.latent_size must be whole numbers, not 'x'"),
        ("model.latent_size=2,", "must be whole numbers, not ''"),
        ("loss.code_l1=a", "the values of loss.code_l1 must be numbers, not 'a'"),
        ("model.hidden=1-a", "the values of model.hidden must be widths such as 128-64, not '1-a'"),
        ("model.unit_norm=yes", "the values of model.unit_norm must be true or false, not 'yes'"),
        ("model.activation=relu,cube", "model.activation must be one of relu"),
    ],
)
def test_an_axis_that_can_not_be_read_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_axis(text)


def test_names_for_people():
    grid = Grid(Config(), {"model.latent_size": [2, 4], "penalty": ["none", "code_l1"], "strength": [1e-3]})
    assert grid_title(grid) == "post · MNIST · latent size x penalty x strength"
    assert axis_title("model.latent_size") == "latent size"
    assert [axis_text("penalty", p) for p in ("none", "code_l1")] == ["none", "L1"]
    assert axis_text("strength", 1e-3) == "0.001"
