"""Home and Reconstructions in a real browser: the network at work follows the hand, links hold a view."""

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
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


def test_a_bar_of_the_code_can_be_moved_and_the_decoder_answers(home, server, digits_key):
    from aecore import data, load_run
    from pages.home.pictures import first_images

    bars = home.locator(".walk .hands:not([hidden])")
    bars.wait_for()
    at_image = drawing(home)
    box = bars.bounding_box()
    count = bars.locator("div").count()
    x = box["x"] + box["width"] * 2.5 / count
    home.mouse.move(x, box["y"] + box["height"] / 2)
    home.mouse.down()
    home.mouse.move(x, box["y"] + box["height"] / 4, steps=4)
    home.mouse.up()
    home.keyboard.press("PageUp")
    settle(home)
    assert drawing(home) != at_image
    assert "unit 2 at" in said(home, "middle")
    run, digits = load_run(server.checkpoints / digits_key), data.load("digits")
    code = run.encode(digits.test_images[first_images(digits, 0)[:1]])
    bar = bars.locator("div").nth(2)
    code[0, 2] = float(bar.get_attribute("aria-valuenow"))
    home.locator(".walk .layers button").last.hover()
    shown = home.locator(".walk .lens canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => !(i % 4))"
    )
    expected = (run.decode(code)[0, 0].clamp(0, 1) * 255).flatten()
    assert np.abs(np.array(shown) - expected.numpy()).max() <= 4
    bar.focus()
    home.keyboard.press("Escape")
    settle(home)
    assert said(home, "in") == "A test image, 0"


def test_a_card_is_a_link_as_a_whole(home):
    # The link lies over the picture, so that it is the place that is clicked.
    box = home.locator(".st-key-home_card_train img").bounding_box()
    home.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    home.get_by_role("heading", name="Train", exact=True).wait_for()
    assert urlsplit(home.url).path == "/train"


def test_the_first_door_leads_to_reconstructions_of_the_same_run(home, digits_key):
    home.get_by_role("link", name="Look at a trained one").click()
    wait_idle(home, FIGURES)
    assert urlsplit(home.url).path == "/reconstructions"
    assert parse_qs(urlsplit(home.url).query)["run"] == [digits_key]


def test_a_picture_that_is_opened_leads_to_its_path_and_its_point(server, browser_page, digits_key):
    page = browser_page
    goto(page, server, f"reconstructions?run={digits_key}", expect=FIGURES)
    figure = page.locator(FIGURES).nth(2)
    number = figure.get_attribute("data-open")
    page.locator("body[data-opens]").wait_for(state="attached")
    figure.get_by_role("button", name=f"Open test image {number}").press("Enter")
    page.get_by_role("link", name="Start a path from it").click()
    page.get_by_alt_text(f"start image: image {number}").wait_for()
    goto(page, server, f"reconstructions?run={digits_key}", expect=FIGURES)
    page.locator("body[data-opens]").wait_for(state="attached")
    page.locator(FIGURES).nth(2).locator("img").nth(1).click()
    page.get_by_role("link", name="Find it on the map of codes").click()
    page.get_by_role("heading", name="Codes", exact=True).wait_for()
    page.get_by_text(f"image {number},").first.wait_for()
    page.get_by_alt_text("nearest in pixels").wait_for()
    assert_no_exception(page)


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
