"""Home and Reconstructions in a real browser: the network at work follows the hand, links hold a view."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from aecore import store
from aecore.store import RunInfo
from tests.browser.tools import (
    assert_no_exception,
    goto,
    rerun,
    set_slider,
    settle,
    wait_idle,
    wait_until,
)

WALK = ".walk input[type=range]"
STOP = ".walk .stops button"
FIGURES = "[data-pictures] figure"


@pytest.fixture
def digits_key(server):
    """Key of a shipped run on digits, whose images are always there."""
    runs = [r for r in store.list_runs(server.checkpoints) if isinstance(r, RunInfo) and r.has_weights]
    return next(r.key for r in runs if r.config.data.name == "digits")


@pytest.fixture
def home(server, browser_page, digits_key):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    browser_page.goto(f"{server.url}/?run={digits_key}")
    wait_idle(browser_page, STOP)
    yield browser_page
    assert errors == []
    assert_no_exception(browser_page)


def drawing(page):
    return page.locator(".walk > canvas").evaluate("canvas => canvas.toDataURL()")


def said(page, where):
    return page.locator(f".walk .{where}").inner_text()


def test_the_network_is_drawn_and_follows_the_handle(home):
    at_image = drawing(home)
    assert said(home, "in") == "A test image, 0"
    assert re.search(r"Squared error \d+\.\d \(PCA \d+\.\d\)", said(home, "out"))
    home.locator(WALK).focus()
    home.keyboard.press("ArrowRight")
    settle(home)
    assert drawing(home) != at_image
    assert said(home, "in") == "Nothing goes in here"
    assert "between two images" in said(home, "middle")
    home.keyboard.press("ArrowLeft")
    settle(home)
    assert drawing(home) == at_image


def test_a_click_on_an_image_walks_to_it(home):
    home.locator(STOP).nth(3).click()
    home.locator(f"{STOP}:nth-child(4)[aria-pressed=true]").wait_for()
    assert said(home, "in") == "A test image, 3"
    steps = int(home.locator(WALK).get_attribute("max")) // 9
    assert int(home.locator(WALK).input_value()) == 3 * steps


def test_a_rerun_of_the_page_leaves_the_place_on_the_walk(home):
    home.locator(STOP).nth(2).click()
    home.locator(f"{STOP}:nth-child(3)[aria-pressed=true]").wait_for()
    rerun(home)
    settle(home)
    assert said(home, "in") == "A test image, 2"


def test_other_images_come_at_a_click(home):
    before = drawing(home)
    home.get_by_role("button", name="Other images").click()
    wait_until("another drawing", lambda: drawing(home) != before, home)
    assert said(home, "in") == "A test image, 0"


def test_the_first_door_leads_to_reconstructions_of_the_same_run(home, digits_key):
    home.get_by_role("link", name="Look at a trained one").click()
    wait_idle(home, FIGURES)
    assert urlsplit(home.url).path == "/reconstructions"
    assert parse_qs(urlsplit(home.url).query)["run"] == [digits_key]


def test_a_phone_shows_the_network_without_scrolling_sideways(server, open_page, digits_key):
    page = open_page(width=400)
    goto(page, server, f"?run={digits_key}", expect=STOP)
    box = page.locator(".walk > canvas").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_link_shows_the_same_reconstructions(server, open_page, digits_key):
    page = open_page()
    goto(page, server)
    goto(page, server, f"reconstructions?run={digits_key}", expect=FIGURES)
    set_slider(page, "reconstructions_count", 48)
    page.wait_for_function("document.querySelectorAll('[data-pictures] figure').length === 48")
    pictures = page.locator("[data-pictures]")
    worst = pictures.inner_text()
    page.locator(".st-key-reconstructions_order").get_by_text("Best").click()
    page.wait_for_function("location.search.includes('reconstructions_order=Best')")
    wait_until("the best in the place of the worst", lambda: pictures.inner_text() != worst, page)
    shown = pictures.inner_text()
    other = open_page()
    goto(other, server, page.url.removeprefix(server.url), expect=FIGURES)
    other.wait_for_function("document.querySelectorAll('[data-pictures] figure').length === 48")
    assert other.locator("[data-pictures]").inner_text() == shown
    assert parse_qs(urlsplit(other.url).query)["run"] == [digits_key]
    assert_no_exception(other)
