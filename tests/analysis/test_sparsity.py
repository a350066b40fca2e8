"""Sparsity measures on hand-made cases, and the properties that make them comparable between models."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aecore.analysis.sparsity import (
    CodeSparsity,
    WeightSparsity,
    active_units,
    alive_units,
    code_sparsity,
    dead_units,
    error_after_pruning,
    hoyer,
    near_zeros,
    prune_smallest,
    unit_importance,
    used_units,
    weight_sparsity,
)

CODES = torch.tensor(
    [
        [3.0, 0.0, 0.0, 0.1],
        [4.0, 0.0, -2.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 2.0, 0.1],
    ]
)
"""Unit 1 is never active; image 2 has no active unit."""

values = st.floats(-10, 10, width=32).map(lambda v: 0.0 if abs(v) < 1e-3 else v)
matrices = arrays("float32", st.tuples(st.integers(2, 8), st.integers(1, 6)), elements=values).map(
    torch.from_numpy
)


def test_a_hand_made_code_has_the_measures_counted_by_hand():
    s = code_sparsity(CODES)
    assert (s.images, s.units, s.alive_units) == (4, 4, 3)
    assert s.exact_zeros == 9 / 16
    assert s.exact_zeros_alive == 5 / 12
    assert s.near_zeros == 9 / 16
    assert s.active_units == 7 / 4
    assert active_units(CODES).tolist() == [2, 2, 0, 3]
    assert alive_units(CODES).tolist() == [True, False, True, True]
    assert dead_units(CODES).tolist() == [False, True, False, False]
    assert s.dead_units == 1
    assert s.mean_absolute == pytest.approx(12.2 / 16)


def test_hoyer_of_a_hand_made_code_skips_the_empty_row():
    def one(row):
        return (2 - sum(map(abs, row)) / math.hypot(*row)) / (2 - 1)

    expected = (one([3, 0.1]) + one([4, -2]) + one([1, 2, 0.1])) / 3
    assert hoyer(CODES) == pytest.approx(expected, abs=1e-7)


def test_near_zero_is_relative_to_each_units_own_maximum():
    codes = torch.tensor([[1.0, 100.0], [0.05, 5.1], [0.06, 0.0]], dtype=torch.float64)
    assert near_zeros(codes) == pytest.approx(2 / 6)


def test_dead_is_at_most_a_hundredth_of_the_largest_deviation():
    codes = torch.tensor([[0.0, 5.0, 0.0], [1.0, 5.0099, 0.011]], dtype=torch.float64)
    assert dead_units(codes).tolist() == [False, True, False]


def test_a_constant_unit_is_alive_and_dead_at_once():
    codes = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    assert alive_units(codes).all()
    assert dead_units(codes).tolist() == [False, True]


def test_all_zero_codes_are_all_zero_all_dead_and_leave_the_rest_undefined():
    s = code_sparsity(torch.zeros(3, 5))
    assert s == CodeSparsity(3, 5, 1.0, None, 1.0, None, 0.0, 0, 5, 0.0)
    assert json.loads(json.dumps(s.to_dict()))["hoyer"] is None


def test_a_single_unit_has_no_hoyer():
    s = code_sparsity(torch.tensor([[1.0], [0.0]]))
    assert s.hoyer is None
    assert s.exact_zeros == s.exact_zeros_alive == 0.5


def test_hoyer_is_one_for_one_unit_and_zero_for_equal_units():
    assert hoyer(torch.tensor([[0.0, -7.0, 0.0]])) == 1
    assert hoyer(torch.tensor([[2.0, -2.0, 2.0]])) == pytest.approx(0, abs=1e-12)
    assert hoyer(torch.tensor([[1e-30, 0.0], [0.0, 1e30]])) == 1


@given(matrices)
def test_measures_stay_in_their_ranges_and_agree_with_each_other(codes):
    s = code_sparsity(codes)
    assert 0 <= s.exact_zeros <= s.near_zeros <= 1
    assert s.exact_zeros_alive is None or 0 <= s.exact_zeros_alive <= s.exact_zeros
    assert s.hoyer is None or 0 <= s.hoyer <= 1
    assert s.active_units == pytest.approx(s.units * (1 - s.exact_zeros))
    assert s.active_units <= s.alive_units <= s.units
    assert s.units - s.alive_units <= s.dead_units <= s.units


@given(matrices, st.sampled_from([2.0**-20, 0.5, 4.0, 2.0**20]))
def test_everything_but_the_mean_size_ignores_the_scale_of_the_code(codes, scale):
    before, after = code_sparsity(codes).to_dict(), code_sparsity(codes * scale).to_dict()
    assert after.pop("mean_absolute") == pytest.approx(scale * before.pop("mean_absolute"))
    assert after == pytest.approx(before, abs=1e-9)


@given(matrices, st.randoms(use_true_random=False))
def test_the_order_of_images_and_units_does_not_matter(codes, random):
    rows, columns = list(range(codes.shape[0])), list(range(codes.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = code_sparsity(codes[rows][:, columns]).to_dict()
    assert shuffled == pytest.approx(code_sparsity(codes).to_dict())


def test_codes_may_be_an_array_and_need_no_gradient():
    assert (
        code_sparsity(CODES.numpy()) == code_sparsity(CODES.clone().requires_grad_()) == code_sparsity(CODES)
    )


@pytest.mark.parametrize("codes", [torch.zeros(3), torch.zeros(1, 3), torch.zeros(0, 3), torch.zeros(3, 0)])
def test_codes_of_the_wrong_shape_are_refused(codes):
    with pytest.raises(ValueError, match="images x units"):
        code_sparsity(codes)


def test_codes_of_a_diverged_model_are_refused():
    with pytest.raises(ValueError, match="diverged"):
        code_sparsity(torch.tensor([[1.0, math.nan], [0.0, 0.0]]))


def linear_case(scales, n=400):
    codes = torch.randn(n, len(scales), generator=torch.Generator().manual_seed(1))
    atoms = torch.eye(len(scales)) * torch.tensor(scales)
    noise = 0.1 * torch.randn(n, len(scales), generator=torch.Generator().manual_seed(2))

    def decode(z):
        return z @ atoms.T

    return decode(codes) + noise, codes, decode


def test_importance_is_the_error_that_replacing_a_unit_by_its_mean_adds():
    images, codes, decode = linear_case([1.0, 0.5, 0.0])
    got = unit_importance(images, codes, decode, subsample=None, batch_size=64)
    base = (decode(codes) - images).double().square().sum()
    for unit in range(3):
        replaced = codes.clone()
        replaced[:, unit] = codes[:, unit].mean()
        expected = (decode(replaced) - images).double().square().sum() / base - 1
        assert got[unit] == pytest.approx(expected.item(), abs=1e-5)
    assert got[0] > got[1] > 0.01 > abs(got[2])


def test_used_units_are_those_above_one_percent_and_decodings_are_counted():
    images, codes, decode = linear_case([1.0, 0.5, 0.001, 0.0])
    calls = []

    def counting(z):
        calls.append(len(z))
        return decode(z)

    used = used_units(images, codes, counting, subsample=100, seed=3)
    assert used.tolist() == [True, True, False, False]
    assert calls == [100] * 5


def test_the_subsample_is_a_function_of_the_seed():
    images, codes, decode = linear_case([1.0, 0.5])
    first = unit_importance(images, codes, decode, subsample=50, seed=1)
    assert torch.equal(first, unit_importance(images, codes, decode, subsample=50, seed=1))
    assert not torch.equal(first, unit_importance(images, codes, decode, subsample=50, seed=2))


def test_importance_takes_images_in_their_own_shape_and_a_perfect_decoder():
    codes = torch.tensor([[0.0, 1.0], [1.0, 1.0]])

    def decode(z):
        return z[:, :1].reshape(-1, 1, 1, 1)

    assert unit_importance(decode(codes), codes, decode).tolist() == [math.inf, 0]


def test_importance_refuses_images_that_do_not_belong_to_the_codes():
    with pytest.raises(ValueError, match="each image needs its code"):
        unit_importance(torch.zeros(2, 1), torch.zeros(3, 1), lambda z: z)
    with pytest.raises(ValueError, match="at least 1"):
        unit_importance(torch.zeros(3, 1), torch.zeros(3, 1), lambda z: z, subsample=0)


def test_weights_are_counted_over_all_tensors_and_near_zero_within_each():
    s = weight_sparsity([torch.tensor([[0.0, 1.0], [0.05, -0.06]]), torch.tensor([100.0, 4.0, -5.0])])
    assert s == WeightSparsity(weights=7, exact_zeros=1 / 7, near_zeros=4 / 7)
    with pytest.raises(ValueError, match="no weights"):
        weight_sparsity([])


def test_pruning_zeroes_the_smallest_weights_across_tensors_in_a_copy():
    weights = {"a": torch.tensor([[0.0, -3.0], [0.5, 2.0]]), "b": torch.tensor([-0.1, 1.0])}
    pruned = prune_smallest(weights, 0.5)
    assert pruned["a"].tolist() == [[0, -3], [0, 2]]
    assert pruned["b"].tolist() == [0, 1]
    assert weights["b"].tolist() == pytest.approx([-0.1, 1.0])


@settings(max_examples=50)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_pruning_zeroes_exactly_the_asked_number_even_with_ties(seed, fraction):
    w = torch.randint(1, 4, (7, 9), generator=torch.Generator().manual_seed(seed)).float()
    pruned = prune_smallest({"w": w}, fraction)["w"]
    assert int((pruned == 0).sum()) == round(fraction * 63)
    kept, cut = w[pruned != 0], w[pruned == 0]
    assert not len(kept) or not len(cut) or cut.max() <= kept.min()


def test_pruning_takes_zeros_first_and_refuses_bad_fractions():
    w = torch.tensor([0.0, 0.0, 5.0, 6.0])
    assert torch.equal(prune_smallest({"w": w}, 0.5)["w"], w)
    assert prune_smallest({}, 0.5) == {}
    for fraction in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            prune_smallest({"w": w}, fraction)


def test_error_after_pruning_evaluates_each_fraction_and_leaves_the_weights_alone():
    weights = {"w": torch.tensor([1.0, 2.0, 3.0, 4.0])}
    curve = error_after_pruning(
        weights, [0, 0.25, 1], lambda w: (w["w"] - weights["w"]).square().sum().item()
    )
    assert [(p.fraction, p.squared_error) for p in curve] == [(0, 0), (0.25, 1), (1, 30)]
    assert weights["w"].tolist() == [1, 2, 3, 4]
