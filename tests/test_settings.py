"""What settings and members are called, and which settings do something."""

from aecore.config import Config, field_paths
from aecore.grid import Grid
from aecore.settings import (
    APPLIES,
    LABELS,
    axis_label,
    effective_fields,
    label,
    member_name,
    member_names,
    show,
)


def test_every_named_field_is_one_and_names_differ():
    assert set(LABELS) | set(APPLIES) <= set(field_paths())
    names = [label(field) for field in field_paths()]
    assert len(set(names)) == len(names)


def test_a_setting_that_does_nothing_is_left_out():
    plain = effective_fields(Config())
    assert "model.latent_size" in plain
    assert not {"loss.beta", "model.kernel_size", "train.momentum", "train.corruption_level"} & set(plain)
    more = Config().with_values({"train.optimizer": "sgd", "train.corruption": "gaussian"})
    assert {"train.momentum", "train.corruption_level"} <= set(effective_fields(more))


def test_values_read_as_words_and_numbers():
    assert [show(v) for v in ((128, 64), (), 1e-4, "zero_one", "salt_and_pepper", 12, True)] == [
        "128-64", "none", "0.0001", "[0, 1]", "salt and pepper", "12", "True",
    ]  # fmt: skip


def test_a_member_is_named_by_its_place_on_the_axes():
    axes = {"model.latent_size": (1, 12), "penalty": ("none", "code_l1"), "strength": (1e-3,)}
    grid = Grid(Config(), axes | {"train.seed": (0, 1)})
    assert [member_name(grid, k) for k in (0, 7)] == [
        "1 unit, no penalty, seed 0",
        "12 units, L1 0.001, seed 1",
    ]
    listed = Grid(Config(), listed=[{}, {"loss.code_l2": 0.1}])
    assert [member_name(listed, k) for k in range(2)] == ["the base settings", "L2 0.1"]
    for one in (grid, listed):
        assert member_names(one) == [member_name(one, k) for k in range(len(one.members))]
    assert (axis_label("model.latent_size"), axis_label("penalty")) == ("Units in the code", "Penalty")
