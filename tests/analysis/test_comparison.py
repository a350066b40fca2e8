"""Matching, paths of strengths, figures over seeds, and what can't be compared."""

from dataclasses import replace

import pytest
import torch

from aecore import data, models, store
from aecore.analysis import comparison, sparsity
from aecore.analysis.comparison import Match, Member, Spread
from aecore.analysis.metrics import errors_on_test_images
from aecore.config import Config
from aecore.gallery import sparsity as gallery
from aecore.results import FigureRow, Figures, FigureTable
from aecore.store import names
from aecore.store.run import Run

BASE = gallery.BASE
FIGURES = Figures(20, 8, 0.5, 0.4, 0.5, 0.5, 4.0, 7, 1, 1.0, squared_error=2.0, column_norm=1.0)


def member(error=1.0, key=None, **values):
    config = BASE.with_values({name.replace("__", "."): v for name, v in values.items()})
    return Member(config, replace(FIGURES, squared_error=error), key)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def run(digits):
    config = BASE.with_values({"data.name": "digits", "model.latent_size": 6, "model.hidden": (16,)})
    model = models.build(config.model, digits.shape, 3).eval().requires_grad_(False)
    scaling = data.scaling(config.data.normalization, digits)
    return Run(None, "", config, digits.shape, scaling, model)


@pytest.mark.parametrize(
    ("target", "errors", "index", "difference"),
    [(20.0, [10, 19, 30], 1, -0.05), (20.0, [20.2], 0, 0.01), (10.0, [8, 12], 0, -0.2)],
)
def test_nearest_takes_the_smallest_distance_and_says_how_far(target, errors, index, difference):
    match = comparison.nearest(target, errors)
    assert match.index == index
    assert match.difference == pytest.approx(difference)
    assert match.close == (abs(difference) <= 0.03)


def test_nearest_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no run to match"):
        comparison.nearest(1.0, [])


def test_networks_are_matched_by_their_validation_errors_and_by_no_test_figure():
    target = replace(FIGURES, validation_squared_error=20.0, squared_error=30.0)
    others = [
        replace(FIGURES, validation_squared_error=error, squared_error=test)
        for error, test in ((25.0, 30.0), (19.0, 99.0))
    ]
    assert comparison.match(target, others) == Match(1, -0.05)
    assert comparison.matched_on([target, *others]) == "validation"
    unknown = replace(FIGURES, squared_error=29.0)
    assert comparison.match(target, [unknown, *others]) == Match(2, -0.05)
    assert comparison.match(target, [unknown]).difference == pytest.approx(-1 / 30)
    assert comparison.match(unknown, others).index == 0
    assert comparison.matched_on([target, unknown]) == "test"
    with pytest.raises(ValueError, match="no run to match"):
        comparison.match(target, [])


def test_close_is_within_three_percent_either_way():
    assert Match(0, 0.03).close
    assert Match(0, -0.03).close
    assert not Match(0, 0.031).close


def test_a_path_is_sorted_and_holds_one_penalty_one_recipe_and_one_seed():
    wanted = [member(loss__code_l1=s) for s in (1e-4, 1e-3, 1e-2)]
    others = [
        member(),
        member(loss__code_l2=1e-3),
        member(loss__code_l1=1e-3, loss__code_l2=1e-3),
        member(loss__code_l1=1e-3, train__seed=1),
        member(loss__code_l1=1e-3, model__code_activation="linear"),
        member(loss__code_l1=1e-3, train__epochs=5),
    ]
    members = [wanted[2], others[0], wanted[0], *others[1:], wanted[1]]
    assert comparison.along_strength(members, BASE, "code_l1") == wanted
    assert comparison.along_strength(members, BASE, None) == [others[0]]
    assert comparison.along_strength(members, BASE, "code_l1", seed=1) == [others[3]]
    assert comparison.along_strength(members, others[4].config, "code_l1") == [others[4]]


def test_adamw_without_decay_is_no_penalty_and_with_it_a_path_beside_adam():
    decayed = member(train__optimizer="adamw", train__weight_decay=0.1)
    assert comparison.penalties(decayed.config) == {"weight_decay": 0.1}
    assert comparison.along_strength([member(), decayed], BASE, "weight_decay") == [decayed]
    assert comparison.recipe(decayed.config) == BASE


def test_muon_without_its_decay_is_still_muon():
    plain = member(train__optimizer="muon")
    decayed = member(train__optimizer="muon", train__weight_decay=0.1)
    assert comparison.recipe(decayed.config) == plain.config != BASE
    assert comparison.along_strength([member(), decayed], plain.config, "weight_decay") == [decayed]
    assert not comparison.along_strength([member(), decayed], BASE, "weight_decay")


def test_over_seeds_ignores_the_seed_alone():
    a, b = member(loss__code_l1=1e-3, train__seed=2), member(loss__code_l1=1e-3)
    other = member(loss__code_l1=2e-3)
    assert comparison.over_seeds([a, other, b], a.config) == [b, a]


def test_only_seeds_of_both_sides_are_paired_in_the_order_of_the_left():
    left = [member(train__seed=s) for s in (0, 2, 1)]
    right = [member(loss__code_l1=1e-3, train__seed=s) for s in (1, 0, 3)]
    assert comparison.same_seeds(left, right) == [(left[0], right[1]), (left[2], right[0])]


def test_spread_leaves_out_what_is_missing():
    assert comparison.spread([1.0, None, 4.0]) == Spread(2.5, 1.0, 4.0, 2)
    assert comparison.spread([None]) is None


def test_runs_that_can_not_be_compared_say_why():
    mnist = Config()
    digits = mnist.with_values({"data.name": "digits"})
    small = mnist.with_values({"model.latent_size": 4})
    l1 = mnist.with_values({"loss.code_l1": 1e-3, "model.family": "conv"})
    assert "mnist" in (reason := comparison.why_not_comparable(mnist, digits))
    assert "digits" in reason
    assert "12 and 4 units" in comparison.why_not_comparable(mnist, small)
    assert "same run" in comparison.why_not_comparable(mnist, mnist)
    assert comparison.why_not_comparable(mnist, l1) == ""


def test_look_orders_units_by_use_then_size():
    codes = torch.tensor([[0.0, 1, 0, 5], [0, 0, 0, -5], [0, 0, 0, 5], [0, 3, 2, 5]])
    found = comparison.unit_use(codes)
    assert found.use.tolist() == [0, 0.5, 0.25, 1]
    assert found.order.tolist() == [3, 1, 2, 0]
    assert found.dead.tolist() == [True, False, False, False]


def test_measure_agrees_with_the_measures_it_is_made_of(run, digits):
    figures = comparison.measure(run, digits)
    codes = run.encode(digits.test_images)
    assert figures.squared_error == pytest.approx(errors_on_test_images(run, digits).mean().item())
    held_out = digits.train_images[digits.split(run.config.data.validation_fraction, 0)[1]]
    own = (run.reconstruct(held_out) - held_out.float() / 255).square().flatten(1).sum(1).mean().item()
    assert figures.validation_squared_error == pytest.approx(own, rel=1e-5)
    for name, value in sparsity.code_sparsity(codes).to_dict().items():
        assert getattr(figures, name) == value, name
    assert figures.column_norm == pytest.approx(1, abs=1e-6)
    assert figures.weight_zeros == 0
    assert 0 <= figures.used_units <= 6


def test_pruning_nothing_changes_nothing_and_everything_leaves_the_biases(run, digits):
    before = [p.clone() for p in run.model.parameters()]
    none, all_ = comparison.pruned_errors(run, digits, (0.0, 1.0))
    x = digits.test_images
    errors = (run.reconstruct(x) - x.float() / 255).square().flatten(1).sum(1)
    assert none == pytest.approx(errors.mean().item(), rel=1e-5)
    bias = run.model.decoder[0].bias.view(digits.shape) * run.scaling.std[0] + run.scaling.mean[0]
    assert all_ == pytest.approx((bias - x.float() / 255).square().flatten(1).sum(1).mean().item(), rel=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, run.model.parameters(), strict=True))


def test_the_shipped_networks_fit_into_ten_megabytes_and_are_all_different():
    configs = [gallery.config(values, 0) for values in gallery.MEMBERS]
    assert len(set(configs)) == len(configs)
    assert len({gallery.config(*row) for row in gallery.networks()}) == len(gallery.networks())
    weights = sum(models.parameter_count(c.model, (1, 28, 28)) for c in configs)
    assert weights * 2 < 9.6e6


def test_figures_are_read_back_with_the_keys_of_the_members_that_have_weights(tmp_path):
    rows = (
        FigureRow({"loss.code_l1": 1e-3}, 0, 4, FIGURES),
        FigureRow({}, 2, None, replace(FIGURES, squared_error=3.0)),
    )
    folder = tmp_path / "grid"
    folder.mkdir()
    store.write_figures(folder, FigureTable(rows))
    assert store.find_figures(tmp_path) == folder
    first, second = gallery.read_members(folder)
    assert (first.key, first.squared_error) == ("grid/4", 2.0)
    assert first.config == BASE.with_values({"loss.code_l1": 1e-3})
    assert (second.key, second.config.train.seed) == (None, 2)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"members": [{"seed": 0}]}', '{"members": [{"values": {"x.y": 1}, "seed": 0}]}']
)
def test_a_damaged_table_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / names.FIGURES).write_text(text)
    with pytest.raises(store.StoreError, match=r"figures"):
        gallery.read_members(tmp_path)
