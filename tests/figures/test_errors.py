"""The spread of reconstruction errors: which images, what the histogram holds, and the sentences."""

import numpy as np
import pytest

from aecore.figures.errors import (
    RUN_COLOR,
    TICK_COLOR,
    choose_images,
    error_histogram,
    extremes,
    verdict,
)
from aecore.palette import PCA_COLOR
from tests.figures.charts import marked


def test_order_is_by_error_and_other_orders_are_refused():
    errors = np.array([3.0, 1.0, 2.0])
    assert choose_images(errors, "worst", 2).tolist() == [0, 2]
    assert choose_images(errors, "best", 9).tolist() == [1, 2, 0]
    assert sorted(choose_images(errors, "random", 9, draw=4).tolist()) == [0, 1, 2]
    with pytest.raises(ValueError, match="worst, best or random"):
        choose_images(errors, "median", 2)


def test_histogram_counts_every_image_and_marks_those_shown():
    errors = np.random.default_rng(0).gamma(4, 3, 5000)
    chart = error_histogram(errors, errors[:7], pca_mean=24.5)
    (bars,) = marked(chart, "bar")
    assert sum(row["images"] for row in bars["rows"]) == 5000
    ticks, run, pca = marked(chart, "rule")
    assert [row["error"] for row in ticks["rows"]] == pytest.approx(errors[:7])
    assert run["rows"] == [{"value": errors.mean(), "text": f"network {errors.mean():.1f}"}]
    assert pca["rows"] == [{"value": 24.5, "text": "PCA 24.5"}]
    assert [layer["mark"]["color"] for layer in (bars, ticks, run, pca)] == [
        RUN_COLOR,
        TICK_COLOR,
        RUN_COLOR,
        PCA_COLOR,
    ]


def test_the_histogram_ends_beyond_every_mark_and_counts_what_lies_past_its_end():
    errors = np.append(np.linspace(0, 1, 999), 50.0)
    (bars,) = marked(error_histogram(errors, errors[:1], pca_mean=2.0), "bar")
    end = bars["encoding"]["x"]["scale"]["domain"][1]
    assert 2.0 < end < 50.0
    assert bars["rows"][-1]["images"] == 1
    (bars,) = marked(error_histogram(errors, errors[-1:], pca_mean=2.0), "bar")
    assert bars["encoding"]["x"]["scale"]["domain"] == [0, 50.0]


def test_labels_near_the_right_end_stand_to_the_left_of_their_rule():
    errors = np.full(100, 10.0)
    network, pca = marked(error_histogram(errors, errors[:1], pca_mean=3.0), "text")
    assert (network["mark"]["align"], pca["mark"]["align"]) == ("right", "left")


def test_the_sentence_follows_the_figures():
    errors = np.full(10, 5.0)
    assert "50% less error than PCA with 12" in verdict(errors, np.full(10, 10.0), 12, 64)
    assert "narrowest layer before the code is 64 wide" in verdict(errors, np.full(10, 2.0), 64, 64)
    assert "longer training" in verdict(errors, np.full(10, 2.0), 12, 64)
    assert "longer training" in verdict(errors, np.full(10, 2.0), 12, None)
    assert "not trained to its end" in verdict(errors, np.full(10, 2.0), 12, 64, finished=False)


def test_the_hardest_class_is_named():
    errors, labels = np.array([1.0, 1.0, 9.0, 7.0]), np.array([0, 0, 2, 2])
    assert extremes(errors, labels, ("cat", "dog", "owl")).startswith("Hardest class: owl (8.0")
    assert extremes(errors, labels, ("cat", "dog", "owl")).endswith("easiest: cat (1.0).")
    assert extremes(errors[:2], labels[:2], ("cat", "dog", "owl")) == ""
