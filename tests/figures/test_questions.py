"""Charts of the Questions page: what is drawn where, and what is left out."""

import numpy as np
import pytest

from aecore.analysis.approximation import fit
from aecore.figures.questions import class_map, fitted_function, lines, pixel_histogram
from aecore.palette import CLASS_COLORS, PCA_COLOR

ROWS = [
    {"x": 1, "y": 4.0, "low": 3.0, "high": 5.0, "series": "network"},
    {"x": 2, "y": 2.0, "low": 1.0, "high": 3.0, "series": "network"},
    {"x": 1, "y": 6.0, "series": "PCA"},
    {"x": 2, "y": 0.0, "series": "PCA"},
]


def layer(chart, mark):
    return next(part for part in chart["layer"] if part["mark"]["type"] == mark)


def values_in(chart):
    """Each layer's rows, wherever they are kept."""
    data = [part["data"] for part in (chart, *chart["layer"]) if "data" in part]
    return [part.get("values") or chart["datasets"][part["name"]] for part in data]


def test_pca_is_grey_and_the_rule_has_its_words():
    chart = lines(ROWS, "units", "error", rule=(4.7, "the mean image 4.70")).to_dict()
    color = layer(chart, "line")["encoding"]["color"]["scale"]
    assert color == {"domain": ["network", "PCA"], "range": [CLASS_COLORS[0], PCA_COLOR]}
    assert layer(chart, "rule")["data"]["values"] == [{"y": 4.7, "text": "the mean image 4.70"}]
    assert layer(chart, "area")["encoding"]["y2"]["field"] == "high"


def test_what_has_no_place_on_a_logarithmic_axis_is_left_out():
    chart = lines(ROWS, "units", "error", log_y=True).to_dict()
    (rows,) = values_in(chart)
    assert [row["y"] for row in rows] == [4.0, 2.0, 6.0]
    assert layer(chart, "line")["encoding"]["y"]["scale"]["type"] == "log"


def test_one_series_needs_no_legend_and_no_band_is_drawn_without_a_spread():
    chart = lines(ROWS[2:], "units", "error", ticks=(1, 2)).to_dict()
    assert layer(chart, "line")["encoding"]["color"]["legend"] is None
    assert layer(chart, "line")["encoding"]["x"]["axis"]["values"] == [1, 2]
    assert [part["mark"]["type"] for part in chart["layer"]] == ["line"]


def test_the_fit_is_drawn_over_the_function_with_a_tick_at_each_kink():
    chart = fitted_function(fit("hill", 5)).to_dict()
    assert [row["x"] for row in layer(chart, "tick")["data"]["values"]] == [0, 0.2, 0.4, 0.6, 0.8]
    fields = [part["encoding"]["y"].get("field") for part in chart["layer"]]
    assert fields[:2] == ["target", "output"]


def test_the_map_gives_each_class_its_colour():
    chart = class_map(np.zeros((3, 2)), ["b", "a", "b"], "x", "y").to_dict()
    assert chart["encoding"]["color"]["scale"] == {"domain": ["a", "b"], "range": list(CLASS_COLORS[:2])}


def test_the_histogram_shades_what_the_output_can_give():
    chart = pixel_histogram(np.array([-1.0, -1, -1, 1]), (0.0, np.inf)).to_dict()
    assert layer(chart, "rect")["data"]["values"] == [{"low": 0.0, "high": 3.0}]
    shares = [row["share"] for row in layer(chart, "bar")["data"]["values"]]
    assert sum(shares) == pytest.approx(1)
    assert max(shares) == 0.75
