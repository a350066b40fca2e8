"""Two groups along a direction."""

import numpy as np
import pytest

from aecore.figures.latent import BINS, projection_histogram
from tests.figures.charts import colors_by_name, layers_of


def histogram(first, second):
    chart = projection_histogram((np.array(first), np.array(second)), ("one", "two"), ("#000", "#fff"))
    (bars,) = layers_of(chart)
    return bars


def test_either_group_has_shares_that_sum_to_one_in_common_bins():
    bars = histogram([0.0, 0.1, -0.1, 0.0], np.linspace(0.5, 1.5, 77))
    for name in ("one", "two"):
        own = [row for row in bars["rows"] if row["group"] == name]
        assert sum(row["share"] for row in own) == pytest.approx(1)
        assert len(own) == BINS
        assert own[0]["start"] == pytest.approx(-0.1)
        assert own[-1]["end"] == pytest.approx(1.5, abs=1e-5)
    assert bars["encoding"]["y"]["stack"] is None


def test_groups_have_their_names_and_colours():
    bars = histogram([0.0], [1.0])
    assert colors_by_name(bars) == {"one": "#000", "two": "#fff"}
    assert bars["encoding"]["x"]["title"] == "along the direction: mean of one at 0, of two at 1"


def test_every_group_needs_its_name():
    with pytest.raises(ValueError, match="shorter"):
        projection_histogram((np.zeros(2), np.ones(2)), ("one",), ("#000", "#fff"))
