"""The geometry figure in Chromium: its maths equals aecore.analysis.geometry, it follows hand and keys."""

from __future__ import annotations

import json
import math
import random

import pytest

from aecore.analysis.geometry import matched_l2_strength, minimize_l1, minimize_l2, quadratic
from tests.browser.tools import ROOT, Server, assert_no_exception, goto, save_chart, settle, wait_idle

SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import streamlit as st
from pages.components.geometry import geometry_figure
st.set_page_config(layout="wide")
if st.button("Rerun", key="rerun"):
    st.write("rerun done")
geometry_figure(optimum=(1.8, 1.4), strength=0.6, tilt=-75, elongation=2.0)
"""

SOLVE_ALL = """
async ([source, settings]) => {
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  return settings.map(({optimum, strength, tilt, elongation}) => {
    const matrix = module.quadratic(elongation, tilt);
    const l1 = module.minimizeL1(matrix, optimum, strength);
    const matched = module.matchedL2Strength(matrix, optimum, l1.level);
    const l2 = module.minimizeL2(matrix, optimum, strength);
    return {l1, l2, matched: Number.isFinite(matched) ? matched : -1};
  });
}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A page that holds nothing but the figure and a button; one server for all tests of this file."""
    folder = tmp_path_factory.mktemp("geometry")
    script = folder / "geometry_app.py"
    script.write_text(SCRIPT)
    with Server(folder, folder, folder / "server.log", script=script) as app:
        yield app


def solution(page, name):
    return json.loads(page.locator(f"[data-plot={name}] svg").get_attribute("data-z"))


def expected(optimum, strength, tilt=-75, elongation=2.0):
    matrix = quadratic(elongation, math.radians(tilt))
    one = minimize_l1(matrix, optimum, strength)
    return one.z, minimize_l2(matrix, optimum, matched_l2_strength(matrix, optimum, one.level)).z


def set_range(page, name, value):
    page.locator(f".geometry input[name={name}]").fill(str(value))
    settle(page)


def test_the_browsers_solution_is_pythons_to_1e_6(app, browser_page):
    from aecore.web.sources import script

    goto(browser_page, app, expect=".geometry")
    rng = random.Random(0)
    settings = [
        {
            "optimum": [rng.uniform(-3, 3), rng.uniform(-3, 3)],
            "strength": rng.uniform(0, 2),
            "tilt": rng.uniform(-math.pi / 2, math.pi / 2),
            "elongation": rng.uniform(1, 4),
        }
        for _ in range(1000)
    ]
    solved = browser_page.evaluate(SOLVE_ALL, [script("geometry/solve.js"), settings])
    zeros = set()
    for s, found in zip(settings, solved, strict=True):
        matrix = quadratic(s["elongation"], s["tilt"])
        one, two = (f(matrix, s["optimum"], s["strength"]) for f in (minimize_l1, minimize_l2))
        for mine, theirs in ((one, found["l1"]), (two, found["l2"])):
            assert theirs["z"] == pytest.approx(mine.z, abs=1e-6)
            assert theirs["radius"] == pytest.approx(mine.radius, abs=1e-6)
            assert theirs["level"] == pytest.approx(mine.level, abs=1e-6)
        assert [z == 0 for z in found["l1"]["z"]] == [z == 0 for z in one.z]
        matched = matched_l2_strength(matrix, s["optimum"], one.level)
        assert found["matched"] == pytest.approx(matched if math.isfinite(matched) else -1, rel=1e-4)
        zeros.add(tuple(z == 0 for z in one.z))
    assert len(zeros) == 4, "the settings cover no zero, either zero and both"


def test_the_figure_shows_the_exact_solution_and_names_the_zero(app, browser_page):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    goto(browser_page, app, expect=".geometry")
    assert_no_exception(browser_page)
    one, two = expected((1.8, 1.4), 0.6)
    assert solution(browser_page, "l1") == pytest.approx(one, abs=1e-6)
    assert solution(browser_page, "l2") == pytest.approx(two, abs=1e-6)
    assert browser_page.locator("[data-plot=l1] .result").text_content() == "z₂ = 0 exactly"
    assert browser_page.locator("[data-plot=l2] .result").text_content() == f"z₂ = {two[1]:.2f}"
    assert "L1 sets z₂ to exactly 0; L2 leaves it at" in browser_page.locator(".meaning").inner_text()
    assert errors == []


def test_the_strength_slider_snaps_l1_to_the_axis_and_never_l2(app, browser_page):
    goto(browser_page, app, expect=".geometry")
    set_range(browser_page, "strength", 0)
    assert solution(browser_page, "l1") == pytest.approx([1.8, 1.4], abs=1e-6)
    assert browser_page.locator("[data-plot=l1] .zero:visible").count() == 0
    set_range(browser_page, "strength", 1)
    assert solution(browser_page, "l1")[1] == 0
    assert browser_page.locator("[data-plot=l1] .snap.now").count() == 1
    for strength in (0.2, 1, 2):
        set_range(browser_page, "strength", strength)
        one, two = expected((1.8, 1.4), strength)
        assert solution(browser_page, "l1") == pytest.approx(one, abs=1e-6)
        assert solution(browser_page, "l2") == pytest.approx(two, abs=1e-6)
        if any(one):
            assert all(solution(browser_page, "l2"))
    assert solution(browser_page, "l1") == [0, 0]
    assert browser_page.locator("[data-plot=l1] .result").text_content() == "both = 0 exactly"
    assert browser_page.locator("[data-plot=l2] .result").text_content() == "both 0, at λ = ∞ only"
    assert browser_page.locator("[data-plot=l2] .zero:visible").count() == 0
    browser_page.locator(".geometry input[name=matched]").uncheck()
    settle(browser_page)
    unmatched = minimize_l2(quadratic(2.0, math.radians(-75)), (1.8, 1.4), 2)
    assert solution(browser_page, "l2") == pytest.approx(unmatched.z, abs=1e-6)


def test_the_contour_sliders_change_the_loss(app, browser_page):
    goto(browser_page, app, expect=".geometry")
    set_range(browser_page, "tilt", 30)
    set_range(browser_page, "elongation", 3)
    one, two = expected((1.8, 1.4), 0.6, tilt=30, elongation=3)
    assert solution(browser_page, "l1") == pytest.approx(one, abs=1e-6)
    assert solution(browser_page, "l2") == pytest.approx(two, abs=1e-6)


def test_both_optima_follow_the_pointer(app, browser_page):
    goto(browser_page, app, expect=".geometry")
    before = solution(browser_page, "l1")
    box = browser_page.locator("[data-plot=l2] svg").bounding_box()
    ring = browser_page.locator("[data-plot=l2] .optimum .centre").bounding_box()
    browser_page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    browser_page.mouse.down()
    browser_page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"], steps=10)
    browser_page.mouse.up()
    settle(browser_page)
    for name in ("l1", "l2"):
        frame = browser_page.locator(f"[data-plot={name}] svg").bounding_box()
        dot = browser_page.locator(f"[data-plot={name}] .optimum .centre").bounding_box()
        assert dot["x"] + dot["width"] / 2 == pytest.approx(frame["x"] + 0.3 * frame["width"], abs=1.5)
        assert dot["y"] + dot["height"] / 2 == pytest.approx(frame["y"] + 0.6 * frame["height"], abs=1.5)
    assert solution(browser_page, "l1") != before
    browser_page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    settle(browser_page)
    assert dot == browser_page.locator("[data-plot=l2] .optimum .centre").bounding_box(), "let go"


def test_arrow_keys_move_the_optimum_and_a_rerun_keeps_it(app, browser_page):
    goto(browser_page, app, expect=".geometry")
    browser_page.locator("[data-plot=l1] .optimum").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowDown"):
        browser_page.keyboard.press(key)
    settle(browser_page)
    moved = (1.7, 0.95)
    assert (
        browser_page.locator("[data-plot=l1] .optimum").get_attribute("aria-valuetext") == "z1 1.70, z2 0.95"
    )
    assert solution(browser_page, "l1") == pytest.approx(expected(moved, 0.6)[0], abs=1e-6)
    browser_page.locator(".st-key-rerun button").click()
    browser_page.get_by_text("rerun done").wait_for()
    wait_idle(browser_page, ".geometry")
    assert solution(browser_page, "l1") == pytest.approx(expected(moved, 0.6)[0], abs=1e-6)


def test_at_400_pixels_the_plots_stack_and_nothing_sticks_out(app, open_page):
    page = open_page(width=400, height=800)
    goto(page, app, expect=".geometry")
    boxes = [page.locator(f"[data-plot={name}] svg").bounding_box() for name in ("l1", "l2", "curves")]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    assert all(b["x"] >= 0 and b["x"] + b["width"] <= 400 and b["width"] > 300 for b in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_take_the_themes_and_the_penalties_colours(app, open_page, scheme):
    from aecore.palette import L1_COLOR, L2_COLOR

    page = open_page(color_scheme=scheme)
    goto(page, app, expect=".geometry")

    def style(selector, name):
        return page.locator(selector).first.evaluate(f"element => getComputedStyle(element)['{name}']")

    heading = "[data-testid=stApp]"
    assert style("[data-plot=l1] .result", "fill") == style(heading, "color")
    for name, color in (("l1", L1_COLOR), ("l2", L2_COLOR)):
        rgb = ", ".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))
        assert style(f"[data-plot={name}] .solution", "fill") == f"rgb({rgb})"


def test_its_planes_and_curves_are_saved_as_they_are_seen(app, browser_page):
    goto(browser_page, app, expect=".geometry")
    set_range(browser_page, "strength", 1)
    plane, curves = (browser_page.locator(f"[data-plot={name}]") for name in ("l1", "curves"))
    name, drawing = save_chart(browser_page, plane, "SVG")
    assert name == "geometry-l1.svg"
    assert b"stroke-width: 2" in drawing  # the looks that the page's style gives it
    path = [line.split(",") for line in save_chart(browser_page, plane, "CSV")[1].decode().split()]
    assert path[:2] == [["strength", "z1", "z2"], ["0", "1.8", "1.4"]]
    rows = [
        [float(x) for x in line.split(",")]
        for line in save_chart(browser_page, curves, "CSV")[1].decode().split()[1:]
    ]
    assert all(one == pytest.approx(math.copysign(max(abs(u) - 1, 0), u)) for u, one, _ in rows)
