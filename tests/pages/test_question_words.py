"""The sentences under the pictures: each says what its figures say, and no more."""

import re

import pytest

from aecore.analysis.uses import Denoised
from aecore.results import Figures
from pages.understand.questions import words
from pages.understand.questions.material import Measured


def over_seeds(low, high=None, seeds=3):
    high = low if high is None else high
    return Measured({}, (low + high) / 2, low, high, tuple(range(seeds)))


def figures(**values):
    fields = {
        "images": 10, "units": 8, "exact_zeros": 0.0, "exact_zeros_alive": 0.0, "near_zeros": 0.0,
        "hoyer": 0.0, "active_units": 8.0, "alive_units": 8, "dead_units": 0, "mean_absolute": 1.0,
        "squared_error": 10.0, "column_norm": 1.0, "validation_squared_error": 10.0, "weight_zeros": 0.0,
    }  # fmt: skip
    return Figures(**fields | values)


def test_depth_names_the_best_and_what_other_weights_make_of_the_deepest():
    found = [(1, over_seeds(1.0, 1.2)), (8, over_seeds(3.0, 3.4))]
    text = words.depth(found, over_seeds(1.9))
    assert "1 hidden layer a side does best here, squared error 1.10, and 8 leave 3.20" in text
    assert "orthogonal" in text
    assert "1.90" in text
    assert "orthogonal" not in words.depth(found, over_seeds(3.1))
    assert "orthogonal" not in words.depth(found, None)


def test_recipes_are_apart_where_no_seed_of_three_reaches_the_other():
    assert words.apart(over_seeds(1.0, 1.999), over_seeds(2.0, 3.0))
    assert not words.apart(over_seeds(1.0, 2.0), over_seeds(2.0, 3.0))
    assert not words.apart(over_seeds(1.0, seeds=2), over_seeds(2.0))
    assert not words.apart(over_seeds(1.0), over_seeds(2.0, seeds=2))


def test_depth_says_that_nothing_can_be_told_where_seeds_overlap_or_the_deepest_is_best():
    text = words.depth([(1, over_seeds(1.0, 3.1)), (8, over_seeds(3.0, 3.4))], None)
    assert text == "Whether fewer layers do better than 8 a side can't be told here: their seeds overlap."
    text = words.depth([(1, over_seeds(2.0)), (8, over_seeds(1.0))], None)
    assert text == "No fewer layers do better here than 8 a side."


def test_fit():
    assert words.fitted(1, 0.5, 0.25).startswith("With 1 unit it is off by 0.500")
    assert "with 16, by 0.0012" in words.fitted(8, 0.005, 0.0012)
    assert "is the function itself" in words.fitted(4, 1e-12, 1e-12)


def test_code_size_names_the_bottleneck_only_where_pca_wins_at_its_width():
    found = [(2, 30.0, 40.0), (32, 13.0, 13.1), (64, 13.0, 7.0)]
    text = words.code_size(found, 12, 64)
    assert text.startswith(
        "The curve turns flat at 12 units. The network does better than PCA with as many components at 2 "
        "units, does about as well as PCA with as many components at 32 units, does worse than PCA with as "
        "many components at 64 units; its narrowest hidden layer is 64 wide."
    )
    assert "narrowest" not in words.code_size(found, 12, 128)
    whole = "The network does better than PCA with as many components at every size."
    assert words.code_size(found[:1], None, 64).startswith(whole)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (9.499, "does better than PCA"),
        (9.501, "does about as well as PCA"),
        (10.499, "does about as well as PCA"),
        (10.501, "does worse than PCA"),
    ],
)
def test_one_network_and_pca_are_ranked_beyond_five_percent_alone(error, said):
    assert f"The network {said}" in words.code_size([(2, error, 10.0)], None, None)


def test_activations_need_every_depth_to_be_worse():
    relu = [(1, over_seeds(1.0)), (8, over_seeds(3.0))]
    sigmoid = [(1, over_seeds(2.0)), (8, over_seeds(4.7))]
    assert "with 8 hidden layers and more it does no better than one picture" in (
        words.activations(relu, sigmoid, 4.73)
    )
    assert "one picture" not in words.activations(relu, sigmoid, 9.0)
    assert "one picture" not in words.activations(relu, sigmoid, None)
    assert words.activations(sigmoid, relu, 4.73) == (
        "With 1 and 8 hidden layers the sigmoid can't be told from ReLU here: seeds overlap."
    )
    # No better than the mean image: at most 2 % less error.
    assert "one picture" in words.activations(relu, [sigmoid[0], (8, over_seeds(4.91))], 5.0)
    assert "one picture" not in words.activations(relu, [sigmoid[0], (8, over_seeds(4.89))], 5.0)


def test_penalties_and_pairs_are_silent_without_their_effect():
    plain, sparse = figures(exact_zeros=0.2), figures(exact_zeros=0.93)
    pruned = figures(weight_zeros=0.37)
    assert "93% of the code's values exactly 0 (without it 20%)" in words.penalties(plain, sparse, pruned)
    assert words.penalties(sparse, plain, pruned) == ""
    assert words.penalties(plain, sparse, plain) == ""
    left, right = figures(active_units=3.0), figures(active_units=6.0, squared_error=10.2)
    assert "L1 leaves 3.0 of 8 units active for an image, L2 6.0" in words.l1_l2(left, right, 0.03)
    assert words.l1_l2(left, figures(squared_error=11.0), 0.03) == ""


def test_data_sets_are_listed_from_easy_to_hard():
    text = words.hardness({"B": 85, "A": 22, "C": None}, 0.1)
    assert text.endswith("A, 22; B, 85.")
    assert words.hardness({"A": 22, "C": None}, 0.1) == ""


def test_ranges_claim_a_difference_only_beyond_the_seeds():
    apart = {"a": over_seeds(1.0, 1.1), "b": over_seeds(1.4, 1.6)}
    together = {"a": over_seeds(1.0, 1.5), "b": over_seeds(1.4, 1.6)}
    assert "makes 0.45 of difference" in words.ranges(apart, 8.9, 1.0)
    assert "can't be told apart" in words.ranges(together, 8.9, 1.0)
    # The ranges differ by .45.
    assert "The wrong output costs more: a sigmoid" in words.ranges(apart, 1.46, 1.0)
    assert "costs more" not in (text := words.ranges(apart, 1.44, 1.0))
    assert "A sigmoid can't go below 0" in text


def test_the_best_loss_by_each_measure():
    scores = {
        "squared": {"squared": (1.0, 0.9, 1.1), "absolute": (2.0, 1.9, 2.1)},
        "absolute": {"squared": (1.2, 1.05, 1.3), "absolute": (1.5, 1.4, 1.6)},
    }
    text = words.by_measure(scores, 3)
    assert "by squared, squared, its seeds among those of absolute" in text
    assert "by absolute, absolute, whatever the seed" in text
    assert words.by_measure({}, 3) == ""
    assert words.by_measure(scores, 2) == "Which loss is best to train with, 2 seeds can't tell."


def test_initial_weights_set_apart_what_fails():
    found = {"He": over_seeds(2.0, 2.2), "default": over_seeds(3.0, 3.5), "zeros": over_seeds(5.7)}
    text = words.initial_weights(found, 4.73)
    assert (
        text == "Lowest: He, 2.10; default leaves 3.25, whatever the seed. "
        "Worse than the mean image (4.73): zeros."
    )
    assert "Worse" not in words.initial_weights(found, None)
    near = {"He": over_seeds(2.0, 3.0), "default": over_seeds(3.0, 3.5)}
    assert (
        words.initial_weights(near, 4.73) == "Lowest on average: He, 2.50, its seeds among those of default."
    )


def test_optimizers_are_compared_each_at_its_best():
    text = words.optimizers({"Adam": {1e-3: 0.8, 1.0: 10.0}, "SGD": {1e-3: 5.0, 1.0: 0.7}}, 4.7)
    assert "Adam is at its best at 0.001 (0.80) and SGD is at its best at 1 (0.70)" in text
    assert "Adam at 1; SGD at 0.001" in text
    assert "worse" not in words.optimizers({"Adam": {1e-3: 0.8}}, 4.7)


def test_gradients_leave_out_what_vanished_altogether():
    assert words.vanishing({"a": 3e-14, "b": 0.0}).endswith("first step: a 3e-14.")
    assert words.vanishing({"b": 0.0}) == ""


def test_proposals():
    assert "lowest validation error, 12.85" in words.proposed("32 units", 12.85, 12.85, 0.1, True)
    assert "within one standard error (0.10) of the best, 12.80" in words.proposed(
        "8", 12.85, 12.8, 0.1, False
    )


@pytest.mark.parametrize(("images", "clear"), [(100_000, True), (200, False)])
def test_neighbours_need_more_than_chance(images, clear):
    text = words.neighbours({"784 pixels": 0.88, "12 units": 0.9}, images)
    assert bool(re.search("12 units keep classes together best", text)) == clear
    assert ("not clearly apart" in text) != clear


def test_noise_is_taken_away_or_not():
    found = Denoised(8.0, 15.9, 14.7, 17.5)
    assert "takes 7.9 dB of the noise away, though never shown any." in words.denoised(found, (7.9, 0.1), "")
    assert words.denoised(found, (7.9, 0.1), "masking 0.5").endswith("takes 7.9 dB of the noise away.")
    assert "doing nothing is better" in words.denoised(found, (-8.6, 0.1), "")


@pytest.mark.parametrize(
    ("change", "clear"), [(0.199, False), (0.201, True), (-0.199, False), (-0.201, True)]
)
def test_noise_is_said_to_be_taken_away_or_not_only_beyond_two_standard_errors(change, clear):
    text = words.denoised(Denoised(8.0, 8.1, 8.0, 17.5), (change, 0.1), "")
    assert ("these images can't tell" in text) != clear
    assert "can't tell" in words.denoised(Denoised(8.0, 8.1, 8.0, 17.5), (change, float("nan")), "")


def test_few_labels_judge_by_the_draws():
    low, high = (0.5, 0.45, 0.55), (0.8, 0.75, 0.85)
    text = words.few_labels((1, 100), {"code": [high, low], "pixels": [low, low]})
    assert text.startswith(
        "With 1 label a class the code reaches 80%, pixels 50%: better than pixels in every draw"
    )
    assert "with 100 labels a class the code reaches 50%, pixels 50%: not clearly different" in text
    assert "worse than pixels" in words.few_labels((10,), {"code": [low], "pixels": [high]})


@pytest.mark.parametrize(("second", "clear"), [(0.8865, True), (0.8867, False)])
def test_spaces_are_ranked_beyond_two_standard_errors_alone(second, clear):
    """The difference of two shares of about .9 of 4,000 images has a standard error of .00671."""
    text = words.neighbours({"pixels": 0.9, "units": second}, 4000)
    assert ("keep classes together best" in text) == clear
