"""What the histogram of reconstruction errors holds."""

import numpy as np
import pytest

from aecore.figures.errors import (
    RUN_COLOR,
    TICK_COLOR,
    error_histogram,
)
from aecore.palette import PCA_COLOR
from tests.figures.charts import marked


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
