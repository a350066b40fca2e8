"""The histogram of one unit's values by class."""

import numpy as np
import pytest

from aecore.figures.units import BINS, value_histogram
from aecore.palette import CLASS_COLORS
from tests.figures.charts import colors_by_name, layers_of

NAMES = ("cat", "dog", "owl")


def test_every_value_is_counted_once_under_its_class():
    values = np.random.default_rng(0).normal(size=300)
    labels = np.arange(300) % 2 * 2  # no dog
    (bars,) = layers_of(value_histogram(values, labels, NAMES))
    counts = {name: sum(r["images"] for r in bars["rows"] if r["class"] == name) for name in NAMES}
    assert counts == {"cat": 150, "dog": 0, "owl": 150}
    assert len(bars["rows"]) == 2 * BINS
    assert min(row["start"] for row in bars["rows"]) == pytest.approx(values.min())
    assert max(row["end"] for row in bars["rows"]) == pytest.approx(values.max())
    assert colors_by_name(bars) == dict(zip(NAMES, CLASS_COLORS, strict=False))


def test_a_unit_that_never_varies_is_one_bar():
    (bars,) = layers_of(value_histogram(np.full(5, 3.0), np.zeros(5, dtype=int), NAMES))
    assert bars["rows"] == [{"start": 2.5, "end": 3.5, "images": 5, "class": "cat"}]
