"""Every chart that runs in the browser can be saved: found by the components that pages mount."""

import ast

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
    "network_layers": "a picture to choose a layer in",
    "opener": "shows nothing",
    "thumbnails": "pictures to choose from",
    "unit_sliders": "sliders beside a picture, which can be enlarged and saved there",
}
"""Components without a Save, and why."""


def mounted() -> dict[str, str]:
    """The script of every component that pages mount, below the folder of all, by the component's name."""
    found = {}
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "component":
                name, folder, stem = (ast.literal_eval(argument) for argument in node.args)
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
