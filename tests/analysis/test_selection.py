"""Choosing among members: each rule against a definition written out here, or a case solved by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.analysis import selection
from aecore.analysis.selection import candidates, groups, importance, pareto_front, propose
from aecore.config import Config
from aecore.grid import Grid
from aecore.results import CodeSparsity, Result, Row, Score

POST = Config().with_values({"data.name": "digits"})


def row(k, validation, *, error=0.1, test=None, active=None):
    """A finished member's row; figures that no test asks for are the same for all."""
    code = CodeSparsity(20, 8, 0.5, 0.4, 0.5, 0.5, active or 4.0, 7, 1, 1.0)
    score = Score(validation if test is None else test, 0.1, 20.0)
    figures = {} if validation is None else {"squared_error": validation}
    return Row(k, {}, Result(score, 1, 1.0, 100, "cpu", figures, error, validation_code=code))


def grid_with(errors, axes, **more):
    grid = Grid(POST, axes)
    return grid, candidates(grid, [row(k, float(e), **more) for k, e in enumerate(errors)])


# The elbow


POSTS_SIZES, POSTS_ERRORS = (2, 4, 8, 12, 16, 32, 64), (33.7, 25.7, 19.0, 16.0, 15.1, 13.3, 12.9)


def test_the_elbow_of_the_posts_network_is_its_own_size_wherever_the_grid_ends():
    for end in range(len(POSTS_SIZES) + 1):
        at = selection.elbow(POSTS_SIZES[:end], POSTS_ERRORS[:end])
        assert (at is None) == (end <= 4)
        assert at is None or POSTS_SIZES[at] == 12


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=12), st.integers(1, 12))
def test_a_curve_cut_short_has_the_same_elbow_or_none(errors, end):
    sizes = list(np.cumsum(range(1, len(errors) + 1)))
    assert selection.elbow(sizes[:end], errors[:end]) in (None, selection.elbow(sizes, errors))


def test_the_elbow_is_where_a_further_unit_gains_less_than_two_percent():
    for rate, expected in ((0.0199, 0), (0.0201, None)):
        assert selection.elbow([2, 6], [10.0, 10.0 * math.exp(-4 * rate)]) == expected
    assert selection.elbow([2, 6], [1.0, 0.0]) is None
    assert selection.elbow([2, 6], [0.0, 0.0]) == 0
    assert selection.elbow([2], [1.0]) is None


def test_the_elbow_refuses_lists_of_different_lengths():
    with pytest.raises(ValueError, match="3 positions for 2 errors"):
        selection.elbow([1, 2, 3], [2, 1])


# The front


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=25))
@settings(max_examples=200, deadline=None)
def test_the_front_is_what_no_other_beats(costs):
    def beats(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and a != b

    assert pareto_front(costs).tolist() == [not any(beats(other, one) for other in costs) for one in costs]


def test_the_front_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match="matrix"):
        pareto_front([1.0, 2.0])


# Candidates and groups


def test_members_without_an_error_are_left_out():
    grid = Grid(POST, {"model.latent_size": (2, 4, 8)})
    found = candidates(grid, [row(0, 5.0), Row(1, {}, failed=2), Row(2, {})])
    assert [c.k for c in found] == [0]


def test_a_member_that_was_stopped_early_is_no_candidate_however_small_its_error():
    grid = Grid(POST, {"train.learning_rate": (1e-3, 1e-2)})
    beaten = Row(1, {}, beaten=2, epochs=2, validation={"squared_error": 1.0})
    assert [c.k for c in candidates(grid, [row(0, 5.0), beaten])] == [0]


def test_active_units_leave_dead_ones_out():
    grid = Grid(POST, {"model.latent_size": (8,)})
    (found,) = candidates(grid, [row(0, 5.0, active=8.0)])
    assert found.active_units == 7


def test_groups_hold_the_seeds_of_one_config_and_their_standard_error():
    _, members = grid_with(
        [3.0, 5.0, 4.0, 9.0, 9.0, 9.3], {"model.latent_size": (2, 4), "train.seed": (0, 1, 2)}
    )
    first, second = groups(members)
    assert [c.k for c in first.members] == [0, 1, 2]
    assert first.validation == pytest.approx(4)
    assert first.standard_error == pytest.approx(np.std([3, 5, 4], ddof=1) / math.sqrt(3))
    assert first.best.k == 0
    assert second.config.model.latent_size == 4


def test_along_a_field_stands_what_differs_in_one_field_alone():
    grid, members = grid_with(
        range(12, 0, -1), {"model.latent_size": (2, 8, 4), "loss.code_l1": (0.0, 0.1), "train.seed": (0, 1)}
    )
    here = grid.members[3]
    found = selection.along_field(groups(members), here)
    assert [g.config.model.latent_size for g in found] == [2, 4, 8]
    assert {g.config.loss.code_l1 for g in found} == {here.loss.code_l1}
    strengths = selection.along_field(groups(members), here, "loss.code_l1")
    assert [g.config.loss.code_l1 for g in strengths] == [0.0, 0.1]


def test_along_a_field_passes_over_sizes_that_another_setting_forbids():
    base = POST.with_values({"model.code_activation": "top_k", "model.top_k": 4})
    grid = Grid(base, listed=[{"model.latent_size": 8}, {"model.latent_size": 2, "model.top_k": 2}])
    members = candidates(grid, [row(0, 4.0), row(1, 5.0)])
    assert [g.members[0].k for g in selection.along_field(groups(members), grid.members[0])] == [0]


# The proposal


def test_the_proposal_is_the_smallest_code_within_one_standard_error_of_the_best():
    _, members = grid_with([9.0, 5.09, 5.05, 5.0], {"model.latent_size": (2, 4, 8, 16)})
    found = propose(groups(members))
    assert (found.best.config.model.latent_size, found.chosen.config.model.latent_size) == (16, 4)
    assert found.limit == pytest.approx(5.1)
    assert not found.over_seeds


def test_over_seeds_their_own_standard_error_counts():
    errors = [6.0, 6.2, 5.0, 7.0]
    _, members = grid_with(errors, {"model.latent_size": (2, 4), "train.seed": (0, 1)}, error=0.001)
    found = propose(groups(members))
    assert found.over_seeds
    assert found.best.config.model.latent_size == 4
    assert found.limit == pytest.approx(6 + np.std([5, 7], ddof=1) / math.sqrt(2))
    assert found.chosen.config.model.latent_size == 2


def test_of_equal_sizes_the_smaller_error_is_proposed():
    _, members = grid_with([5.05, 5.0], {"loss.code_l1": (0.0, 0.1)})
    assert propose(groups(members)).chosen.best.k == 1


def test_test_figures_choose_nothing():
    grid = Grid(POST, {"model.latent_size": (2, 4, 8)})
    rows = [row(k, e, test=t) for k, (e, t) in enumerate([(6.0, 0.1), (5.0, 99.0), (5.5, 1.0)])]
    assert propose(groups(candidates(grid, rows))).chosen.best.k == 1


def test_nothing_is_proposed_without_validation_or_standard_error():
    grid = Grid(POST, {"model.latent_size": (2, 4)})
    unvalidated = [row(k, None, test=5.0) for k in (0, 1)]
    assert propose(groups(candidates(grid, unvalidated))) is None
    assert propose(groups(candidates(grid, [row(k, 5.0, error=None) for k in (0, 1)]))) is None
    assert propose([]) is None


def test_members_at_work_and_errors_of_unknown_uncertainty_are_not_proposed():
    grid = Grid(POST, {"model.latent_size": (2, 4, 8)})
    at_work = Row(2, {}, epochs=1, validation={"squared_error": 1.0})
    found = propose(groups(candidates(grid, [row(0, 6.0), row(1, 5.0), at_work])))
    assert found.chosen.best.k == found.best.best.k == 1


def other_seed(config, seed, validation):
    grid = Grid(config, {"train.seed": (seed,)})
    return candidates(grid, [row(0, validation)])


def test_further_seeds_trained_elsewhere_add_to_the_mean_and_its_standard_error():
    grid, members = grid_with([6.0, 5.0], {"model.latent_size": (2, 4)})
    further = [
        *other_seed(grid.members[1], 1, 7.0),
        *other_seed(grid.members[1], 0, 99.0),  # the grid has that seed itself
        *other_seed(grid.members[1].with_values({"train.epochs": 99}), 2, 0.1),  # another training
    ]
    first, second = groups(members, further)
    assert (first.seeds, second.seeds) == (1, 2)
    assert second.validation == 6
    assert second.standard_error == pytest.approx(np.std([5, 7], ddof=1) / math.sqrt(2))
    assert second.best.k == 1
    found = propose([first, second])
    assert found.over_seeds == (found.best is second)


def test_the_seeds_that_lack_are_those_of_the_proposed_and_the_best_setting():
    _, members = grid_with([9.0, 5.05, 5.0], {"model.latent_size": (2, 4, 8)})
    proposal = propose(groups(members))
    grid = selection.further_seeds(proposal)
    assert [(c.model.latent_size, c.train.seed) for c in grid.members] == [(4, 1), (4, 2), (8, 1), (8, 2)]
    further = candidates(grid, [row(k, 5.0 + k) for k in range(4)])
    complete = groups(members, further)
    assert [group.seeds for group in complete] == [1, 3, 3]
    assert selection.further_seeds(propose(complete[1:])) is None


def test_a_member_without_its_penalty_is_found_where_the_grid_has_it():
    grid = Grid(POST, {"model.latent_size": (2, 4), "penalty": ("none", "code_l1"), "strength": (0.1, 0.2)})
    for k, config in enumerate(grid.members):
        plain = selection.without_penalty(grid, k)
        if not config.loss.penalties:
            assert plain is None
            continue
        assert grid.members[plain].model == config.model
        assert not grid.members[plain].loss.penalties
    alone = Grid(POST, {"loss.code_l1": (0.1, 0.2)})
    assert selection.without_penalty(alone, 0) is None


# Importance


@given(st.lists(st.floats(0, 100), min_size=12, max_size=12))
@settings(max_examples=50, deadline=None)
def test_main_effects_and_interactions_share_out_the_variance(errors):
    grid, members = grid_with(errors, {"model.latent_size": (2, 4, 8, 16), "train.seed": (0, 1, 2)})
    found = importance(grid, members)
    if found is None:
        assert np.var(errors) < 1e-6
        return
    table = np.array(errors).reshape(4, 3)
    assert found.shares["model.latent_size"] == pytest.approx(table.mean(1).var() / table.var())
    assert found.shares["train.seed"] == pytest.approx(table.mean(0).var() / table.var())
    residual = table - table.mean(1, keepdims=True) - table.mean(0, keepdims=True) + table.mean()
    assert found.interactions == pytest.approx((residual**2).mean() / table.var(), abs=1e-6)


def test_an_axis_that_changes_nothing_has_no_importance():
    errors = [e for e in (9.0, 5.0, 4.0) for _ in range(2)]
    grid, members = grid_with(errors, {"model.latent_size": (2, 4, 8), "loss.code_l1": (0.0, 0.1)})
    found = importance(grid, members)
    assert found.shares == {"model.latent_size": pytest.approx(1), "loss.code_l1": pytest.approx(0)}


def test_positions_that_share_a_member_count_as_often_as_they_stand_in_the_product():
    grid = Grid(POST, {"penalty": ("none", "code_l1"), "strength": (0.1, 0.2, 0.3)})
    assert len(grid.members) == 4
    errors = [1.0, 2.0, 4.0, 5.0]
    found = importance(grid, candidates(grid, [row(k, e) for k, e in enumerate(errors)]))
    table = np.array([[1.0, 1.0, 1.0], [2.0, 4.0, 5.0]])
    assert found.shares["penalty"] == pytest.approx(table.mean(1).var() / table.var())
    assert "ANOVA" in found.method


SIZES_AND_SEEDS = {"model.latent_size": (2, 4, 8, 16), "train.seed": (0, 1, 2)}


def test_an_unfinished_grid_is_judged_by_what_an_axis_adds_to_errors_left_out():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import LeaveOneOut, cross_val_predict

    errors = [10.0 / size + 0.001 * seed for size in (2, 4, 8, 16) for seed in (0, 1, 2)][:-1]
    grid, members = grid_with(errors, SIZES_AND_SEEDS)
    found = importance(grid, members)
    sizes, seeds = (
        np.eye(n)[i] for n, i in ((4, np.repeat(range(4), 3)[:-1]), (3, np.tile(range(3), 4)[:-1]))
    )

    def left_out(inputs):
        return np.mean((cross_val_predict(Ridge(1.0), inputs, errors, cv=LeaveOneOut()) - errors) ** 2)

    rise = (left_out(seeds) - left_out(np.hstack([sizes, seeds]))) / np.var(errors)
    assert found.shares["model.latent_size"] == pytest.approx(rise, rel=1e-5)
    assert list(found.telling) == ["model.latent_size"]
    assert "leave-one-out" in found.method


@pytest.mark.parametrize("missing", [0, 1])
def test_noise_is_met_with_silence_and_an_axis_that_counts_is_not(missing):
    random = np.random.default_rng(3)
    spoken = 0
    for _ in range(60):
        grid, members = grid_with(random.normal(20, 1, 12 - missing), SIZES_AND_SEEDS)
        spoken += bool(importance(grid, members).telling)
    assert spoken <= 4
    for _ in range(20):
        errors = np.repeat([40, 30, 22, 20], 3) + random.normal(0, 0.5, 12)
        grid, members = grid_with(errors[: 12 - missing], SIZES_AND_SEEDS)
        assert list(importance(grid, members).telling) == ["model.latent_size"]


def test_the_one_axis_of_a_grid_does_not_stand_out_by_being_alone():
    grid, members = grid_with([5.0, 9.0, 4.0, 7.0], {"model.latent_size": (2, 4, 8, 16)})
    found = importance(grid, members)
    assert found.shares == {"model.latent_size": pytest.approx(1)}
    assert found.telling == {}


def test_equal_errors_have_no_variance_to_share():
    grid, members = grid_with([5.0] * 4, {"model.latent_size": (2, 4, 8, 16)})
    assert importance(grid, members) is None


# Width, places


def test_the_bottleneck_is_a_hidden_layer_at_most_twice_the_code():
    assert selection.bottleneck(POST.with_values({"model.latent_size": 64})) == 64
    assert selection.bottleneck(POST.with_values({"model.latent_size": 32})) == 64
    assert selection.bottleneck(POST.with_values({"model.latent_size": 31})) is None
    assert selection.bottleneck(POST.with_values({"model.hidden": ()})) is None


def test_wider_layers_are_at_least_four_times_the_code():
    wide = selection.wider(POST, 64)
    assert wide.model.hidden == (512, 256)
    assert selection.bottleneck(wide.with_values({"model.latent_size": 64})) is None
    assert selection.wider(POST, 4) == POST


def test_every_place_names_a_member_and_back():
    grid = Grid(
        POST, {"model.latent_size": (2, 4), "penalty": ("none", "code_l1"), "strength": (0.1, 0.2, 0.3)}
    )
    places = list(itertools.product(range(2), range(2), range(3)))
    assert [selection.member_at(grid, place) for place in places] == list(grid.index)
    for k in range(len(grid.members)):
        assert selection.member_at(grid, selection.place_of(grid, k)) == k
    assert list(selection.slice_places(grid, [1, 0, 2], 0)) == [[0, 0, 2], [1, 0, 2]]
    for wrong in ([2, 0, 0], [0, 0], [0, 0, -1], [0, 0, 0, 0]):
        with pytest.raises(ValueError, match="no place"):
            selection.member_at(grid, wrong)


def test_a_list_of_members_has_one_axis():
    grid = Grid(POST, listed=[{"model.latent_size": 2}, {"loss.code_l1": 0.1}])
    assert selection.positions_by_axis(grid) == [("member", (0, 1))]
    assert selection.place_of(grid, 1) == [1]
