"""The bars beside a map of codes."""

import numpy as np

from aecore.figures.codes import MAP_COLOR, REFERENCE_COLOR, class_bars, score_bars
from aecore.palette import CLASS_COLORS
from tests.figures.charts import colors_by_name, layers_of, marked


def test_scores_keep_their_order_and_references_are_grey():
    chart = score_bars({"map": 0.9123, "code": 1.0}, of_the_map=["map"])
    (bars,), (texts,) = marked(chart, "bar"), marked(chart, "text")
    assert bars["rows"] == [
        {"score": "map", "share": 0.9123, "color": MAP_COLOR, "text": "0.912"},
        {"score": "code", "share": 1.0, "color": REFERENCE_COLOR, "text": "1.000"},
    ]
    assert bars["encoding"]["x"]["scale"]["domain"] == [0, 1]
    assert bars["encoding"]["y"]["sort"] is None
    assert texts["encoding"]["text"]["field"] == "text"


def test_a_class_without_images_keeps_its_place():
    (bars,) = layers_of(class_bars(np.array([2, 0, 2]), ["cat", "dog", "owl", "yak"]))
    assert bars["rows"] == [
        {"class": "cat", "images": 1},
        {"class": "dog", "images": 0},
        {"class": "owl", "images": 2},
        {"class": "yak", "images": 0},
    ]
    assert bars["encoding"]["x"]["sort"] == ["cat", "dog", "owl", "yak"]


def test_classes_have_their_colours_and_the_eleventh_the_firsts():
    names = [f"class {i}" for i in range(12)]
    (bars,) = layers_of(class_bars(np.arange(12), names))
    colors = colors_by_name(bars)
    assert list(colors) == names
    assert list(colors.values()) == [*CLASS_COLORS, CLASS_COLORS[0], CLASS_COLORS[1]]
