"""The map of codes in a real browser: it draws, shows images, selects, picks, and keeps its view."""

import json
import re
from pathlib import Path

import pytest

from tests.browser.tools import (
    Server,
    assert_no_exception,
    data_folder,
    goto,
    screenshot,
    settle,
    wait_idle,
    wait_until,
)

SCRIPT = Path(__file__).with_name("code_map_script.py")
OVERLAY = ".st-key-map .overlay"


@pytest.fixture(scope="module")
def map_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map-server")
    with Server(folder, data_folder(), folder / "server.log", script=SCRIPT) as server:
        yield server


@pytest.fixture
def page(map_server, browser_page):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    goto(browser_page, map_server, expect=OVERLAY)
    browser_page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    yield browser_page
    assert_no_exception(browser_page)
    assert errors == []


def mapping(page):
    return json.loads(page.locator(OVERLAY).get_attribute("data-mapping"))


def corner(page, x, y):
    """A place of the plot by its shares of width and height, in page coordinates."""
    box = page.locator(OVERLAY).bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def drag(page, *places):
    page.mouse.move(*corner(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*corner(page, *place), steps=5)
    page.mouse.up()


def said(page, word, pattern):
    """Wait until the script's answer that begins with `word` matches, and return the match."""
    answer = page.locator('[data-testid="stCode"]').filter(has_text=re.compile(f"^{word} {pattern}$"))
    answer.first.wait_for()
    return re.search(pattern, answer.first.inner_text())


def inked(page, selector):
    """Share of a canvas's pixels that are not empty."""
    return page.locator(selector).first.evaluate(
        """canvas => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let filled = 0;
          for (let i = 3; i < data.length; i += 4) filled += data[i] > 0;
          return filled / (canvas.width * canvas.height);
        }"""
    )


def hover_any_point(page):
    """Move over the map until a point's picture shows."""
    box = page.locator(".st-key-map .hover")
    for step in range(20):
        page.mouse.move(*corner(page, 0.3 + step * 0.02, 0.45))
        if box.is_visible():
            return box
    raise AssertionError("no point was met on the way across the map")


def test_hover_shows_the_image_of_the_point_under_the_pointer(page):
    assert inked(page, ".st-key-map .points") > 0.02
    box = hover_any_point(page)
    assert re.match(r"image \d+\nclass \d$", box.inner_text())
    box.locator("canvas").wait_for()  # shown when the pictures have come
    lit = box.locator("canvas").evaluate(
        """canvas => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return [...data].filter((value, i) => i % 4 === 0 && value > 128).length;
        }"""
    )
    assert lit > 3


def test_rectangle_selects_and_shift_adds(page):
    page.locator(".st-key-map button[data-mode=rectangle]").click()
    drag(page, (0.3, 0.3), (0.5, 0.5))
    first = int(said(page, "selected", r"(\d+)")[1])
    assert page.locator(".st-key-map .count").inner_text() == f"{first} selected"
    counts = said(page, "classes", r"[\d ]+")[0]
    assert sum(map(int, counts.split())) == first > 0
    page.keyboard.down("Shift")
    drag(page, (0.5, 0.5), (0.7, 0.7))
    page.keyboard.up("Shift")
    more_selected(page, first)
    screenshot(page, "code-map-selection")


def test_lasso_selects_what_it_encloses_and_escape_clears(page):
    drag(page, (0.3, 0.3), (0.6, 0.3), (0.45, 0.7))
    triangle = int(said(page, "selected", r"([1-9]\d*)")[1])
    page.locator(".st-key-map button[data-mode=rectangle]").click()
    drag(page, (0.3, 0.3), (0.6, 0.7))
    more_selected(page, triangle)
    page.keyboard.press("Escape")
    said(page, "selected", "None")


def test_outline_without_points_is_an_empty_selection(page):
    drag(page, (0.97, 0.03), (0.99, 0.03), (0.98, 0.06))
    said(page, "selected", "0")


def test_legend_hides_a_class_and_hidden_points_are_not_selected(page):
    ink = inked(page, ".st-key-map .points")
    page.locator(".st-key-map .legend button").nth(1).dblclick()
    pressed = page.locator(".st-key-map .legend button[aria-pressed=true]")
    assert pressed.all_inner_texts() == ["1"]
    wait_until("fewer points to be drawn", lambda: inked(page, ".st-key-map .points") < ink, page)
    page.locator(".st-key-map button[data-mode=rectangle]").click()
    drag(page, (0.08, 0.05), (0.98, 0.9))
    counts = list(map(int, said(page, "classes", r"[\d ]+")[0].split()))
    assert counts[1] > 0
    assert sum(counts) == counts[1]


def test_other_colours_keep_zoom_and_selection_and_another_plane_keeps_the_selection(page):
    drag(page, (0.3, 0.3), (0.6, 0.3), (0.45, 0.7))
    selected = said(page, "selected", r"[1-9]\d*")[0]
    whole = mapping(page)
    page.mouse.move(*corner(page, 0.5, 0.5))
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"a => JSON.parse({find_overlay()}.dataset.mapping).a > a * 1.2", arg=whole["a"])
    zoomed = mapping(page)
    choose(page, "colour", "component 3")
    page.locator(".st-key-map .scale").wait_for()
    assert mapping(page) == zoomed
    choose(page, "plane", "second")
    page.wait_for_function(f"a => JSON.parse({find_overlay()}.dataset.mapping).a !== a", arg=zoomed["a"])
    assert page.locator(".st-key-map .count").inner_text() == f"{selected} selected"
    said(page, "selected", selected)


def test_click_picks_a_point_or_a_place_of_the_plane(page):
    hover_any_point(page)
    number = re.match(r"image (\d+)", page.locator(".st-key-map .hover").inner_text())[1]
    page.mouse.down()
    page.mouse.up()
    said(page, "picked", number)
    page.locator(".st-key-decode label").first.click()
    # Until the map has learned of it, a click there picks nothing.
    said(page, "decodes", "True")
    settle(page)
    map_before = mapping(page)
    x, y = corner(page, 0.97, 0.05)
    page.mouse.click(x, y)
    found = said(page, "place", r"\((.*), (.*)\)")
    box = page.locator(OVERLAY).bounding_box()
    assert float(found[1]) == pytest.approx((x - box["x"] - map_before["b"]) / map_before["a"], rel=0.02)
    assert float(found[2]) == pytest.approx((map_before["d"] - (y - box["y"])) / map_before["c"], rel=0.02)
    said(page, "picked", "None")


def test_keyboard_goes_from_point_to_point_and_picks(page):
    page.locator(OVERLAY).focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".st-key-map .spoken").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator(".st-key-map .spoken").inner_text()
    assert re.match(r"image \d+, class \d$", first)
    assert second != first
    page.keyboard.press("Enter")
    said(page, "picked", re.match(r"image (\d+)", second)[1])


def test_space_begins_and_ends_an_outline_and_letters_stay_in_the_map(page):
    page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key))")
    page.locator(OVERLAY).focus()
    for key in ("r", "ArrowRight", "Space", *["ArrowRight"] * 4, *["ArrowDown"] * 4, "Space"):
        page.keyboard.press(key)
    found = int(said(page, "selected", r"([1-9]\d*)")[1])
    assert found >= 2
    assert page.locator(".st-key-map .count").inner_text() == f"{found} selected"
    assert page.evaluate("heard") == ["ArrowRight"] * 5 + ["ArrowDown"] * 4


def test_second_set_is_drawn_and_hidden_by_its_legend_entry(page):
    page.locator(".st-key-second label").first.click()
    entries = page.locator(".st-key-map .legend button")
    entries.filter(has_text="second").wait_for()
    with_both = inked(page, ".st-key-map .points")
    entries.filter(has_text="second").click()
    wait_until("fewer points to be drawn", lambda: inked(page, ".st-key-map .points") < with_both, page)


def test_fits_a_narrow_dark_screen_and_answers_a_finger(map_server, open_page):
    page = open_page(width=400, height=800, color_scheme="dark", has_touch=True, is_mobile=True)
    goto(page, map_server, expect=OVERLAY)
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    page.locator(OVERLAY).scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.touchscreen.tap(*corner(page, 0.4, 0.5))
    said(page, "picked", r"\d+")
    assert page.locator(".st-key-map .hover").is_visible()
    screenshot(page, "code-map-narrow-dark")


def more_selected(page, count):
    """Wait until the script has heard of more than `count` selected points."""
    page.wait_for_function(
        "count => parseInt(document.body.innerText.match(/selected (\\d+)/)?.[1]) > count", arg=count
    )


def choose(page, key, option):
    page.locator(f".st-key-{key} input").first.click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)


def find_overlay():
    """JavaScript that finds the overlay, which lies in a shadow root that selectors do not enter."""
    return (
        "[...document.querySelectorAll('.st-key-map [data-testid=stBidiComponentIsolated]')]"
        ".map(e => e.shadowRoot.querySelector('.overlay')).find(e => e)"
    )
