"""Charts of a grid, in which a mark is a member."""

import pytest

from aecore.figures import grid as charts
from aecore.palette import CHOSEN_COLOR, MEMBER_COLOR
from tests.figures.charts import layers_of, marked


def clickable(chart):
    """Layers whose marks report a click; altair moves a layered chart's selections to its top."""
    spec = chart.to_dict()
    assert [p["name"] for p in spec["params"]] == [charts.PICKED]
    assert spec["params"][0]["select"]["fields"] == ["k"]
    return spec["params"][0].get("views", [])


def test_parallel_axes_hold_every_member_on_every_axis():
    rows = [
        {"k": 0, "error": 10.0, "marks": [(0.0, "2"), (0.2, "10.0")]},
        {"k": 1, "error": 30.0, "marks": [(1.0, "8"), (0.9, "30.0")]},
        {"k": 2, "error": 20.0, "marks": [(1.0, "8"), (0.5, "20.0")]},
    ]
    chart = charts.parallel(rows, ["units", "error"], chosen=1)
    lines, here = marked(chart, "line")
    (words,) = marked(chart, "text")
    assert {(r["k"], r["column"], r["at"]) for r in lines["rows"]} == {
        (0, "units", 0.0),
        (0, "error", 0.2),
        (1, "units", 1.0),
        (1, "error", 0.9),
        (2, "units", 1.0),
        (2, "error", 0.5),
    }
    assert {r["k"] for r in lines["rows"] if r["here"]} == {1}
    assert here["mark"]["color"] == CHOSEN_COLOR
    assert lines["encoding"]["x"]["sort"] == ["units", "error"]
    # Each value of an axis once, and of the errors the lowest and the highest.
    assert [(r["column"], r["text"]) for r in words["rows"]] == [
        ("units", "2"),
        ("units", "8"),
        ("error", "10.0"),
        ("error", "30.0"),
    ]


def test_a_member_needs_a_mark_on_every_axis():
    with pytest.raises(ValueError, match="shorter"):
        charts.parallel([{"k": 0, "error": 1.0, "marks": [(0.0, "2")]}], ["units", "error"], chosen=0)


def curve_row(k, epoch, color):
    return {"k": k, "epoch": epoch, "error": 10.0 / epoch, "label": f"model {k}", "color": color}


@pytest.mark.parametrize(
    ("colors", "kind", "scheme"), [((2, 8), "ordinal", "viridis"), (("relu", "tanh"), "nominal", None)]
)
def test_members_are_coloured_by_the_setting_that_splits_them(colors, kind, scheme):
    rows = [curve_row(k, epoch, color) for k, color in enumerate(colors) for epoch in (1, 2)]
    (lines,) = layers_of(charts.member_curves(rows, 5, "setting"))
    color = lines["encoding"]["color"]
    assert (color["type"], color["title"]) == (kind, "setting")
    assert color.get("scale", {}).get("scheme") == scheme
    assert lines["encoding"]["detail"]["field"] == "k"
    assert lines["encoding"]["x"]["scale"]["domain"] == [1, 5]


def test_members_that_nothing_splits_have_one_colour():
    (lines,) = layers_of(charts.member_curves([curve_row(0, 1, "")], 1, None))
    assert lines["encoding"]["color"] == {"value": MEMBER_COLOR}
    assert lines["encoding"]["x"]["scale"]["domain"] == [1, 2]
