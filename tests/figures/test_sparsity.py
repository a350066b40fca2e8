"""Sparse codes and weights as pictures."""

import numpy as np
import pytest

from aecore.figures import sparsity as charts
from aecore.palette import L1_COLOR, L2_COLOR
from tests.figures.charts import colors_by_name, layers_of, marked


def test_a_unit_that_is_zero_has_no_stem_and_the_others_keep_their_rank():
    chart = charts.code_bars(np.array([2.0, 0.0, -1.0]), L1_COLOR, (-3, 3))
    stems, heads = layers_of(chart)
    assert stems["rows"] == [{"rank": 1, "value": 2.0}, {"rank": 3, "value": -1.0}]
    assert stems["encoding"]["x"]["scale"]["domain"] == [0.5, 3.5]
    assert stems["encoding"]["y"]["scale"]["domain"] == [-3, 3]
    assert (stems["mark"]["color"], heads["mark"]["color"]) == (L1_COLOR, L1_COLOR)
    assert (stems["mark"]["type"], heads["mark"]["type"]) == ("bar", "circle")


def test_only_an_exact_zero_is_transparent_in_the_heat_map():
    picture = charts.heat_map(np.array([[0.0, 1e-9, -0.5, 1.0, 7.0]]), "#0072b2", limit=1.0)
    assert picture.shape == (1, 5, 4)
    assert picture.dtype == np.uint8
    assert (picture[..., :3] == [0x00, 0x72, 0xB2]).all()
    opacity = picture[0, :, 3].astype(int)
    assert opacity[0] == 0
    assert 0 < opacity[1] < opacity[2] < opacity[3]
    assert opacity[3] == opacity[4] == 255


def test_a_code_of_nothing_but_zeros_makes_no_division_by_zero():
    with np.errstate(all="raise"):
        assert charts.heat_map(np.zeros((2, 3)), "#000000", limit=0.0)[..., 3].max() == 0


def test_edges_hold_both_codes_and_zero():
    edges = charts.value_edges(np.full((10, 2), 2.0), np.full((10, 2), 5.0))
    assert (edges[0], edges[-1], len(edges)) == (0, 5, charts.BINS + 1)
    assert (np.diff(charts.value_edges(np.zeros((4, 2)))) > 0).all()


def test_shares_of_values_sum_to_one_with_the_zeros_in_a_bar_of_their_own():
    codes = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 90.0], [-3.0, 1.0]])
    chart = charts.value_histogram(codes, np.linspace(-1, 3, 5), L1_COLOR, "#123456")
    bins, spike = marked(chart, "bar")
    assert sum(row["share"] for row in bins["rows"]) == pytest.approx(5 / 8)
    # What lies outside the edges is counted at the ends.
    assert bins["rows"][0]["share"] == bins["rows"][-1]["share"] - 1 / 8 == 1 / 8
    assert spike["rows"] == [{"value": 0.0, "share": 3 / 8, "text": "37.5% exactly 0"}]
    assert (bins["mark"]["color"], spike["mark"]["color"]) == (L1_COLOR, "#123456")


def test_a_code_without_zeros_says_so():
    chart = charts.value_histogram(np.ones((2, 2)), np.linspace(0, 2, 3), L2_COLOR, "#123456")
    assert marked(chart, "text")[0]["rows"][0]["text"] == "no value is exactly 0"


def test_active_units_are_counted_from_none_to_all():
    assert charts.active_shares(np.array([0, 2, 2, 3]), 4).tolist() == [0.25, 0, 0.5, 0.25, 0]
    chart = charts.active_histogram(np.array([0, 2, 2, 3]), 4, top=0.6, color=L1_COLOR)
    (bars,), (rule,), (text,) = (marked(chart, kind) for kind in ("bar", "rule", "text"))
    assert [(row["units"], row["share"]) for row in bars["rows"]] == [
        (0, 0.25),
        (1, 0),
        (2, 0.5),
        (3, 0.25),
        (4, 0),
    ]
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, 0.6]
    assert rule["rows"] == [{"mean": 1.75, "text": "mean 1.8"}]
    assert text["mark"]["align"] == "left"
    right = charts.active_histogram(np.array([4, 4]), 4, top=1, color=L1_COLOR)
    assert marked(right, "text")[0]["mark"]["align"] == "right"


def test_use_stands_in_the_order_given():
    (bars,) = layers_of(charts.use_bars(np.array([0.9, 0.5, 0.0]), L2_COLOR))
    assert [(row["rank"], row["use"]) for row in bars["rows"]] == [(1, 0.9), (2, 0.5), (3, 0.0)]
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert bars["mark"]["color"] == L2_COLOR


CURVES = [
    charts.Curve(
        "L1",
        L1_COLOR,
        [{"x": 3.0, "y": 20.0, "setting": "weak"}, {"x": 1.0, "y": 30.0, "setting": "strong"}],
        [{"x": 3.1, "y": 21.0, "setting": "weak, seed 1"}],
    ),
    charts.Curve("L2", L2_COLOR, [{"x": 5.0, "y": 25.0, "setting": "weak"}]),
]


def test_the_trade_off_joins_points_in_their_order_and_rings_the_marked():
    marks = [{"x": 1.0, "y": 30.0, "curve": "L1", "text": "here"}]
    chart = charts.trade_off(CURVES, marks)
    (lines,), (rings,), (labels,) = (marked(chart, kind) for kind in ("line", "point", "text"))
    assert [(row["curve"], row["order"], row["x"]) for row in lines["rows"]] == [
        ("L1", 0, 3.0),
        ("L1", 1, 1.0),
        ("L2", 0, 5.0),
    ]
    assert lines["encoding"]["order"]["field"] == "order"
    assert colors_by_name(lines) == {"L1": L1_COLOR, "L2": L2_COLOR}
    seeds, points = marked(chart, "circle")
    assert [row["setting"] for row in seeds["rows"]] == ["weak, seed 1"]
    assert seeds["mark"]["opacity"] < points["mark"]["opacity"]
    assert rings["rows"] == labels["rows"] == marks


def test_pruning_ends_at_three_times_the_smallest_error():
    (lines,) = layers_of(charts.pruning(CURVES))
    assert lines["encoding"]["y"]["scale"]["domain"] == [0, 60.0]
    assert lines["mark"]["clip"] is True
    assert colors_by_name(lines) == {"L1": L1_COLOR, "L2": L2_COLOR}
    assert len(lines["rows"]) == 3
