"""Every chart can be saved and has a name, found by what pages call: our components, and Streamlit's charts.

Streamlit's own have buttons for their picture and their data.
"""

import ast
from collections.abc import Iterator

import pytest

from aecore.web.sources import FOLDER, modules
from tests.conftest import ROOT

NO_CHARTS = {
    "code_map_atlas": "sends the map's pictures",
    "code_map_frames": "moves the map's points",
    "denoising_level": "pictures, which can be enlarged and saved there",
    "drawing": "a pad to draw on",
    "enlarge": "shows a picture of the page large, with its own way to save it",
    "keeper": "shows nothing",
    "network_drawing": "a picture of one image's way through the network",
    "network_hand": "lends the drawing of the network its decoder",
    "opener": "shows nothing",
    "thumbnails": "pictures to choose from",
    "unit_sliders": "sliders beside a picture, which can be enlarged and saved there",
}
"""Components without a Save, and why."""


STREAMLITS = {"altair_chart", "vega_lite_chart", "pyplot", "plotly_chart", "line_chart", "bar_chart"}
STREAMLITS |= {"area_chart", "scatter_chart", "draw_chart"}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call on pages: where it stands, the last word of what is called, the call."""
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                word = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                yield f"{path.relative_to(ROOT)}:{node.lineno}", word, node


def mounted() -> dict[str, str]:
    """The script of every component that pages mount, below the folder of all, by the component's name."""
    found = {}
    for _, word, call in calls():
        if word == "component" and isinstance(call.func, ast.Name):
            name, folder, stem = (ast.literal_eval(argument) for argument in call.args)
            found[name] = f"{folder}/{stem}.js"
    return found


def offers(script: str) -> bool:
    """Whether a script, or one that it imports, has a Save."""
    return any("offerSaving(" in text for path, text in modules([script]).items() if path != "saving.js")


MOUNTED = mounted()


def test_components_are_found_and_none_is_excused_that_is_no_longer_there():
    assert {"code_map", "beta_slider", "grid_board", "grid_curve"} <= MOUNTED.keys()
    assert NO_CHARTS.keys() <= MOUNTED.keys()
    assert all((FOLDER / script).exists() for script in MOUNTED.values())


@pytest.mark.parametrize("name", MOUNTED)
def test_every_chart_has_a_save(name):
    assert offers(MOUNTED[name]) != (name in NO_CHARTS), name


def test_streamlits_charts_have_a_name():
    charts = [(place, call) for place, word, call in calls() if word in STREAMLITS]
    assert len(charts) > 40
    assert not [place for place, call in charts if "alt" not in {keyword.arg for keyword in call.keywords}]
