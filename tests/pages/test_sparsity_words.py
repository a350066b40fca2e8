"""What the Sparsity page concludes: each sentence just inside and just outside its condition."""

from dataclasses import replace

import pytest

from aecore.results import Figures
from pages.look.sparsity import words

FIGURES = Figures(
    images=100,
    units=64,
    exact_zeros=0.5,
    exact_zeros_alive=0.4,
    near_zeros=0.6,
    hoyer=0.7,
    active_units=20.0,
    alive_units=60,
    dead_units=4,
    mean_absolute=0.5,
    squared_error=20.0,
    column_norm=1.0,
    validation_squared_error=21.0,
    weight_zeros=0.0,
)
NAMES = ("A", "B")


def seeds(**values):
    """One entry a seed; a list gives a figure at each seed."""
    count = max(len(v) for v in values.values())
    return [replace(FIGURES, **{name: v[i] for name, v in values.items()}) for i in range(count)]


THREE = [FIGURES] * 3


def test_a_direction_needs_every_one_of_three_seeds():
    up = seeds(active_units=[21, 22, 20.1])

    def value(f):
        return f.active_units

    assert words.direction(THREE, up, value) == 1
    assert words.direction(up, THREE, value) == -1
    assert words.direction(THREE, seeds(active_units=[21, 22, 20]), value) == 0
    assert words.direction(THREE, seeds(active_units=[21, 22, 19]), value) == 0
    assert words.direction(THREE[:2], up[:2], value) == 0
    assert words.direction(THREE[:2], up, value) == 0


def test_fewer_active_units_are_called_so_at_the_same_error_of_every_seed():
    left = seeds(active_units=[6.8, 6.4, 7.1])
    near = seeds(active_units=[30.0, 31.0, 29.0], squared_error=[20.59, 19.41, 20.0])
    text = words.sentence("dictionary", NAMES, left, near)
    assert text.startswith("At the same squared error A leaves 6.4 to 7.1 of 64 units active, B 29.0 to 31.0")
    assert "over three seeds: more at every seed." in text
    far = seeds(active_units=[30.0, 31.0, 29.0], squared_error=[20.59, 19.39, 20.0])
    text = words.sentence("dictionary", NAMES, left, far)
    assert text.startswith("Not at the same squared error, so this does not say which is sparser")
    assert "from 3.0% below to 3.0% above" in text
    assert "every seed" not in text


def test_seeds_that_do_not_agree_and_single_seeds_give_no_verdict():
    mixed = seeds(active_units=[19.0, 21.0, 21.0])
    assert "three seeds do not agree" in words.sentence("dictionary", NAMES, THREE, mixed)
    one = words.sentence("own", NAMES, THREE[:1], mixed[:1])
    assert "one seed, so that another may differ" in one
    assert "over" not in one


def test_units_that_never_fire_are_counted_with_their_range():
    text = words.sentence("dictionary", NAMES, seeds(alive_units=[27, 29, 21]), seeds(alive_units=[64] * 3))
    assert text.endswith("Units that never fire: 35 to 43 under A, 0 under B.")


def test_a_match_is_called_one_only_within_three_percent_at_every_seed():
    strengths = [1.7e-3, 2.3e-3, 1.7e-3]
    near = seeds(squared_error=[20.59, 19.41, 20.0])
    assert words.nearness("L2", THREE, near, strengths) == (
        "L2 matched on validation images at each of three seeds, strength 0.0017 to 0.0023: squared error on "
        "test images within 3.0%."
    )
    far = seeds(squared_error=[20.0, 20.0, 20.7])
    assert words.nearness("L2", THREE, far, strengths) == (
        "L2 matched on validation images at each of three seeds, strength 0.0017 to 0.0023, is off by up to "
        "3.5% on test images: more than 3%, so that the two don't compare."
    )
    assert "seeds" not in words.nearness("L2", THREE[:1], far[:1], [1e-3])
    unknown = [replace(FIGURES, validation_squared_error=None)]
    assert words.nearness("L2", THREE[:1], unknown, [1e-3]).startswith("L2 matched on test images, strength")


def test_errors_of_sides_that_are_not_matched_are_given_by_their_range():
    assert words.difference(NAMES, THREE, seeds(squared_error=[20.59, 20.0, 19.41])) == (
        "Squared errors are within 3.0% of each other."
    )
    assert words.difference(NAMES, THREE, seeds(squared_error=[22.0, 23.0, 20.0])) == (
        "Squared error over three seeds: that of B lies 0.0% to 15.0% above that of A."
    )
    assert words.difference(NAMES, THREE, seeds(squared_error=[18.0, 22.0, 20.0])) == (
        "Squared error over three seeds: that of B lies from 10.0% below to 10.0% above that of A."
    )


def test_less_error_is_said_only_of_about_as_many_active_units():
    left = seeds(active_units=[10.0] * 3, squared_error=[14.8, 15.2, 15.0])
    near = seeds(active_units=[9.1, 9.2, 10.9], squared_error=[17.2, 17.3, 17.2])
    assert "at about as many active units A has less error at every seed" in words.sentence(
        "hard", NAMES, left, near
    )
    assert "B has less error" in words.sentence("hard", NAMES, near, left)
    far = seeds(active_units=[8.9, 9.2, 11.0], squared_error=[17.2, 17.3, 17.2])
    text = words.sentence("hard", NAMES, left, far)
    assert "too far apart" in text
    assert "every seed" not in text
    mixed = seeds(active_units=[9.2] * 3, squared_error=[17.2, 15.1, 17.2])
    assert "do not agree" in words.sentence("hard", NAMES, left, mixed)


def test_a_linear_code_has_no_exact_zero_and_l1_more_small_values_at_every_seed():
    left = seeds(exact_zeros=[0.0] * 3, near_zeros=[0.5, 0.49, 0.51])
    right = seeds(exact_zeros=[0.0] * 3, near_zeros=[0.15, 0.16, 0.14])
    text = words.sentence("linear", ("L1", "L2"), left, right)
    assert "no value is exactly 0" in text
    assert "L1 makes more of them small: 49% to 51% of L1's values" in text
    assert "L2 makes more" in words.sentence("linear", ("L1", "L2"), right, left)
    mixed = seeds(exact_zeros=[0.0, 0.0, 1e-4], near_zeros=[0.15, 0.6, 0.14])
    text = words.sentence("linear", ("L1", "L2"), left, mixed)
    assert "no value is exactly 0" not in text
    assert "0.01% of L2's" in text
    assert "makes more" not in text


def test_a_penalty_is_dodged_where_norms_grow_codes_shrink_and_units_stay_at_every_seed():
    free = seeds(column_norm=[3.9, 4.0, 4.1], mean_absolute=[0.12] * 3, active_units=[28.0, 31.0, 30.0])
    text = words.sentence("free", NAMES, free, THREE, (THREE, THREE))
    assert "switches fewer units off" in text
    for name, value in (("column_norm", 1.0), ("mean_absolute", 0.5), ("active_units", 20.0)):
        same = [*free[:2], replace(free[2], **{name: value})]
        assert "switches fewer" not in words.sentence("free", NAMES, same, THREE, (THREE, THREE))


def test_a_warm_up_helps_where_dead_units_and_error_fall_at_every_seed():
    left = seeds(dead_units=[37, 43, 35], squared_error=[25.0] * 3)
    right = seeds(dead_units=[12, 9, 14], squared_error=[21.0, 24.9, 22.0])
    text = words.sentence("warm_up", NAMES, left, right)
    assert "9 to 14 units end dead instead of 35 to 43" in text
    assert "fewer dead units and less error at every seed" in text
    for worse in (replace(right[2], dead_units=35), replace(right[2], squared_error=25.0)):
        assert "every seed" not in words.sentence("warm_up", NAMES, left, [*right[:2], worse])


def test_a_larger_batch_is_blamed_only_beyond_what_it_does_without_the_penalty():
    left = seeds(mean_absolute=[0.45] * 3, squared_error=[21.0] * 3)
    right = seeds(mean_absolute=[0.2] * 3, squared_error=[30.0] * 3)
    plain = seeds(squared_error=[14.0] * 3), seeds(squared_error=[22.9] * 3)
    why = "in a larger batch it weighs more"
    assert why in words.sentence("whole_batch", NAMES, left, right, plain)
    without = plain[0], seeds(squared_error=[14.0, 14.0, 23.0])
    assert why not in words.sentence("whole_batch", NAMES, left, right, without)
    assert why not in words.sentence("whole_batch", NAMES, left, right)
    assert why not in words.sentence("whole_batch", NAMES, left, THREE, plain)


def test_a_price_of_zeros_in_weights_is_named_where_all_seeds_agree():
    plain = seeds(squared_error=[16.2, 15.7, 15.8])
    left = seeds(squared_error=[16.3, 16.2, 16.0], weight_zeros=[0.19, 0.17, 0.18])
    right = seeds(squared_error=[19.8, 20.5, 20.8])
    text = words.weights(left, right, plain)
    assert "sets 17% to 19% of the weights to exactly 0 for 0.1 to 0.5 more squared error" in text
    assert "sets 0% of them to 0 for 3.6 to 5.0 more squared error over three seeds" in text
    mixed = seeds(squared_error=[16.3, 15.6, 16.0], weight_zeros=[0.19, 0.17, 0.18])
    assert "seeds do not agree" in words.weights(mixed, right, plain)


def test_at_no_penalty_both_columns_are_said_to_be_one_network():
    text = words.weights(THREE, THREE, THREE)
    assert text == "Both columns show the network without a penalty; 0% of its weights are exactly 0."


@pytest.mark.parametrize(("error", "said"), [(52.6, False), (52.7, True), (60.0, True)])
def test_exact_codes_no_better_than_the_mean_image_are_not_compared(error, said):
    left, right = [replace(FIGURES, squared_error=error)], [replace(FIGURES, squared_error=50.0)]
    text = words.exact(left, right, 52.7)
    assert ("L1 reconstructs no better than the mean image" in text) == said
    assert ("active" in text) != said
