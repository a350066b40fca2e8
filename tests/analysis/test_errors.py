"""Which images stand for the errors, and what is said of them."""

import numpy as np
import pytest

from aecore.analysis.errors import choose_images, clipped_pca, extremes, verdict


def test_order_is_by_error_and_other_orders_are_refused():
    errors = np.array([3.0, 1.0, 2.0])
    assert choose_images(errors, "worst", 2).tolist() == [0, 2]
    assert choose_images(errors, "best", 9).tolist() == [1, 2, 0]
    assert sorted(choose_images(errors, "random", 9, draw=4).tolist()) == [0, 1, 2]
    with pytest.raises(ValueError, match="worst, best or random"):
        choose_images(errors, "median", 2)


def paired(mean, deviation, count=400):
    """Errors of a network beside PCA's of 10, whose differences have that mean and standard deviation."""
    half = np.repeat([-1.0, 1.0], count // 2) * deviation * np.sqrt((count - 1) / count)
    return np.full(count, 10.0) + mean + half, np.full(count, 10.0)


def test_the_network_is_called_better_or_worse_only_beyond_two_standard_errors():
    inside, outside = 0.0999, 0.1001  # of a standard error of 1 / 20 over 400 images
    for sign in (-1, 1):
        assert "nothing can be said" in verdict(*paired(sign * inside, 1.0), 12)
        assert "nothing can be said" not in verdict(*paired(sign * outside, 1.0), 12)
    assert "less error than PCA with 12 components" in verdict(*paired(-outside, 1.0), 12)
    assert verdict(*paired(outside, 1.0), 1) == "PCA with 1 component does better (10.0 against 10.1)."
    assert "nothing can be said" in verdict(np.array([1.0]), np.array([9.0]), 12)


def test_the_sentence_names_what_is_seen_and_no_cause():
    worse = np.full(10, 5.0), np.full(10, 2.0)
    assert "50% less error than PCA with 12" in verdict(worse[0], np.full(10, 10.0), 12, 64, "L1 0.01")
    assert verdict(*worse, 64, 65) == "PCA with 64 components does better (2.0 against 5.0)."
    text = verdict(*worse, 64, 64, "L1 0.01", finished=False)
    assert text.endswith(
        "Of this network: its narrowest layer before the code is 64 wide, it was trained with a penalty "
        "(L1 0.01) and it was not trained to its end. One without would tell whether that is why."
    )
    assert "add nothing" not in text


def test_the_hardest_class_is_named_where_it_is_apart_from_the_next():
    names = ("cat", "dog", "owl")
    labels = np.repeat([0, 1, 2], 100)
    spread = np.tile([-1.0, 1.0], 50) * np.sqrt(0.99)
    inside, outside = 2 * np.sqrt(0.02) - 1e-3, 2 * np.sqrt(0.02) + 1e-3

    def errors(easy, hard):
        return np.concatenate([spread + 5 - easy, spread + 5, spread + 5 + hard])

    assert extremes(errors(inside, inside), labels, names).startswith("No class is clearly")
    assert extremes(errors(inside, outside), labels, names) == "Hardest class: owl (5.3 per image)."
    assert extremes(errors(outside, inside), labels, names) == "Easiest: cat (4.7)."
    both = extremes(errors(outside, outside), labels, names)
    assert both == "Hardest class: owl (5.3 per image); easiest: cat (4.7)."
    assert extremes(errors(0, 0)[:100], labels[:100], names) == ""


def test_clipped_pca_is_given_where_an_output_has_ends():
    assert clipped_pca("tanh", 12.345).endswith("clipped to it, its squared error is 12.35.")
    assert clipped_pca("sigmoid", 12.0) == clipped_pca("tanh", 12.0)
    assert clipped_pca("linear", 12.0) == ""
    assert clipped_pca("tanh", None) == ""
