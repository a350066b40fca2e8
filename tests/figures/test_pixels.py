"""The words on an output's range, at either side of each of their conditions, and the charts' figures."""

from dataclasses import replace

import numpy as np
import pytest

from aecore.analysis.pixels import Fit, fit
from aecore.data import level_counts, load, scaling
from aecore.figures.pixels import UNUSED, class_histogram, fit_in_words, percent, pixel_histogram
from tests.figures.charts import layers_of

WHOLE = Fit("tanh", low=-1, high=1, below=0, above=0, at_ends=0, unused=0, least_error=0)


def test_a_range_that_is_the_pixels_own():
    assert fit_in_words(WHOLE) == "The range of tanh is that of the pixels."
    assert "40% of the pixels lie exactly at its ends" in fit_in_words(replace(WHOLE, at_ends=0.4))


def test_pixels_out_of_reach():
    text = fit_in_words(replace(WHOLE, output="sigmoid", below=0.25, least_error=12.341))
    assert text.startswith("25% of the pixels lie below 0, where a sigmoid output can't go.")
    assert "at least 12.34 per image" in text
    assert "above" not in text
    both = fit_in_words(replace(WHOLE, below=0.25, above=0.5))
    assert "25% of the pixels lie below -1 and 50% above 1" in both


@pytest.mark.parametrize(("unused", "said"), [(UNUSED * 0.99, False), (UNUSED, True), (0.5, True)])
def test_a_range_that_is_wider_than_the_pixels(unused, said):
    assert ("never needed" in fit_in_words(replace(WHOLE, unused=unused))) == said


def test_a_linear_output():
    assert "reaches every pixel" in fit_in_words(replace(WHOLE, output="linear"))


def test_shares_that_round_to_nothing_or_all_are_said_so():
    shares = (0, 0.0001, 0.001, 0.0432, 0.43, 0.9949, 0.996, 1)
    assert [percent(s) for s in shares] == [
        "0.0%", "under 0.1%", "0.1%", "4.3%", "43%", "99%", "over 99%", "100%",
    ]  # fmt: skip


@pytest.mark.parametrize("output", ["linear", "tanh", "sigmoid"])
def test_the_bars_hold_every_pixel_and_those_out_of_reach_apart(output):
    digits = load("digits")
    counts, scale = level_counts(digits.train_images), scaling("standardized", digits)
    found = fit(counts, scale, output, digits.pixels)
    parts = {"in reach": 0.0, "out of reach": 0.0}
    for row in layers_of(pixel_histogram(counts, scale, "value", found))[0]["rows"]:
        parts[row["part"]] += row["share"]
    assert parts["in reach"] + parts["out of reach"] == pytest.approx(1)
    assert parts["out of reach"] == pytest.approx(found.below + found.above)
    assert (parts["out of reach"] > 0) == (output != "linear")


def test_the_classes_are_drawn_in_their_order():
    chart = class_histogram(np.array([3, 1]), np.array([0, 2]), ["b", "a"])
    drawn = [(r["name"], r["part"], r["images"]) for r in layers_of(chart)[0]["rows"]]
    assert drawn == [("b", "training", 3), ("a", "training", 1), ("b", "test", 0), ("a", "test", 2)]
