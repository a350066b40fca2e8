"""Errors by class as bars."""

from aecore.figures.quality import AXIS, STEP, class_error_bars


def test_the_hardest_class_is_on_top_and_the_mean_is_marked():
    chart = class_error_bars({"a": 1.0, "b": 3.0, "c": 2.0}, 2.1).to_dict()
    bars, rule = chart["layer"]
    assert bars["encoding"]["y"]["sort"] == ["b", "c", "a"]
    assert {row["name"]: row["error"] for row in bars["data"]["values"]} == {"a": 1.0, "b": 3.0, "c": 2.0}
    assert rule["data"]["values"] == [{"mean": 2.1}]
    assert chart["height"] == 3 * STEP + AXIS
