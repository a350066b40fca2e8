"""Charts of a grid, in which a mark is a member."""

import pytest

from aecore.figures import grid as charts
from aecore.palette import PCA_COLOR
from tests.figures.charts import layers_of, marked


def row(k, x, error, **more):
    return {"k": k, "x": x, "error": error, "low": error - 1, "high": error + 1, "label": f"model {k}"} | more


ALONG = [row(0, 2, 40.0, pca=50.0), row(1, 8, 20.0, pca=30.0), row(2, 32, 15.0, pca=None)]
OTHERS = [row(7, 8, 25.0)]


def clickable(chart):
    """Layers whose marks report a click; altair moves a layered chart's selections to its top."""
    spec = chart.to_dict()
    assert [p["name"] for p in spec["params"]] == [charts.PICKED]
    assert spec["params"][0]["select"]["fields"] == ["k"]
    return spec["params"][0].get("views", [])


def test_the_error_curve_has_the_line_its_spread_the_others_and_pca():
    chart = charts.error_curve(ALONG, OTHERS, "units", chosen=8)
    others, points = marked(chart, "circle")
    assert others["rows"] == OTHERS
    assert others["mark"]["opacity"] < points["mark"]["opacity"]
    assert points["rows"] == ALONG
    (area,) = marked(chart, "area")
    assert (area["encoding"]["y"]["field"], area["encoding"]["y2"]["field"]) == ("low", "high")
    pca, line = marked(chart, "line")
    assert pca["rows"] == ALONG[:2]
    assert (pca["mark"]["color"], line["mark"]["color"]) == (PCA_COLOR, charts.LINE)
    (ring,) = marked(chart, "point")
    assert ring["rows"] == [ALONG[1]]
    assert line["encoding"]["x"]["title"] == "units"
    assert line["encoding"]["x"]["axis"]["values"] == [2, 8, 32]
    assert clickable(chart)


def test_the_error_curve_without_pca_or_elbow_draws_neither():
    bare = [r | {"pca": None} for r in ALONG]
    chart = charts.error_curve(bare, [], "units")
    assert len(marked(chart, "line")) == 1
    assert marked(chart, "rule") == marked(chart, "text") == []


def test_pca_is_drawn_and_named_where_it_is_a_line():
    alone = [row(0, 2, 40.0, pca=50.0)]
    assert marked(charts.error_curve(alone, [], "units"), "text") == []


def test_every_mark_of_the_error_curve_has_its_tick():
    chart = charts.error_curve(ALONG, [row(7, 16, 25.0)], "units")
    assert marked(chart, "area")[0]["encoding"]["x"]["axis"]["values"] == [2, 8, 16, 32]


def test_the_elbow_is_a_rule_with_its_place():
    chart = charts.error_curve(ALONG, [], "units", elbow=8.0)
    (rule,) = marked(chart, "rule")
    assert rule["rows"] == [{"x": 8.0, "text": "elbow: 8"}]


@pytest.mark.parametrize(("log", "kind"), [(True, "log"), (False, None)])
def test_the_axis_is_logarithmic_where_asked(log, kind):
    (_, line) = marked(charts.error_curve(ALONG, [], "units", log=log), "line")
    assert line["encoding"]["x"]["scale"].get("type") == kind


def test_the_heat_map_has_a_cell_a_member_and_frames_the_one_here():
    cells = [
        {"k": 0, "x": "2", "y": "0.1", "error": 10.0, "here": True, "label": "a"},
        {"k": 1, "x": "4", "y": "0.1", "error": 20.0, "here": False, "label": "b"},
        {"k": 2, "x": "8", "y": "0.1", "error": None, "here": False, "label": "c"},
    ]
    chart = charts.heat_map(cells, "units", "strength", chosen=0)
    colored, cell, frame = marked(chart, "rect")
    (text,) = marked(chart, "text")
    assert cell["rows"] == cells
    assert (cell["encoding"]["x"]["title"], cell["encoding"]["y"]["title"]) == ("units", "strength")
    assert cell["encoding"]["x"]["sort"] == ["2", "4", "8"]
    # White figures on the darker half alone; a cell without an error has neither colour nor figure.
    assert text["encoding"]["color"]["condition"]["test"] == "datum.error > 15.0"
    for layer in (colored, text):
        assert layer["transform"] == [{"filter": "isValid(datum.error)"}]
    assert cell["mark"]["fill"] == "transparent"
    assert "color" not in cell["encoding"]
    assert cell["encoding"]["stroke"]["value"] == charts.TEXT
    assert frame["transform"] == [{"filter": "datum.here"}]
    assert frame["mark"]["stroke"] == charts.CHOSEN
    assert clickable(chart)


def test_a_heat_map_in_which_nothing_is_finished_is_drawn():
    cells = [{"k": 0, "x": "2", "y": "1", "error": None, "here": True, "label": "a"}]
    assert marked(charts.heat_map(cells, "x", "y", chosen=0), "rect")[0]["rows"] == cells


def front(k, units, error, parameters, on_front):
    return {
        "k": k,
        "units": units,
        "error": error,
        "parameters": parameters,
        "front": on_front,
        "here": k == 0,
        "label": f"model {k}",
    }


def test_members_off_the_front_are_grey_and_faint():
    rows = [front(0, 2.0, 9.0, 1000, True), front(1, 4.0, 12.0, 5000, False)]
    chart = charts.pareto(rows)
    (marks,), (line,), (ring,) = (marked(chart, kind) for kind in ("circle", "line", "point"))
    color, opacity = marks["encoding"]["color"], marks["encoding"]["opacity"]
    assert (color["condition"], color["value"]) == ({"test": "datum.front", "value": charts.FRONT}, PCA_COLOR)
    assert opacity["value"] < opacity["condition"]["value"]
    assert line["transform"] == [{"filter": "datum.front"}]
    assert ring["transform"] == [{"filter": "datum.here"}]
    assert clickable(chart)


@pytest.mark.parametrize(("parameters", "varies"), [((1000, 1100), False), ((1000, 5000), True)])
def test_marks_differ_in_size_only_where_the_models_do(parameters, varies):
    rows = [front(k, 2.0 + k, 9.0, n, True) for k, n in enumerate(parameters)]
    (marks,) = marked(charts.pareto(rows), "circle")
    small, large = marks["encoding"]["size"]["scale"]["range"]
    assert (small < large) == varies


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
    assert here["mark"]["color"] == charts.CHOSEN
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


def test_the_largest_share_comes_first_and_what_is_left_last():
    bars, _, rule = layers_of(
        charts.importance_bars({"seed": 0.1, "units": 0.7}, 0.2, 0.4, "share of the variance")
    )
    assert bars["encoding"]["x"]["title"] == "share of the variance"
    assert rule["rows"][0]["share"] == 0.4
    assert bars["rows"] == [
        {"axis": "units", "share": 0.7},
        {"axis": "seed", "share": 0.1},
        {"axis": "together", "share": 0.2},
    ]
    color = bars["encoding"]["color"]
    assert (color["condition"]["value"], color["value"]) == (PCA_COLOR, charts.LINE)
    bars, *_ = layers_of(charts.importance_bars({"units": 1.0}, 0.0001, 0.4, "share"))
    assert [r["axis"] for r in bars["rows"]] == ["units"]


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
    assert lines["encoding"]["color"] == {"value": charts.LINE}
    assert lines["encoding"]["x"]["scale"]["domain"] == [1, 2]
