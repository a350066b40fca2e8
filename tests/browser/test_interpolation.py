"""Paths, unit sliders, picking and drawing under the hand, in real Chromium, on the shipped run of digits."""

import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import torch

import aecore
from aecore import data
from aecore.analysis import latent
from tests.browser.tools import assert_no_exception, goto, settle, wait_idle, wait_until


@pytest.fixture(scope="module")
def run_path(server):
    found = sorted(server.checkpoints.glob("digits-*"))
    if not found:
        pytest.skip("no run on digits is shipped")
    return found[0]


def open_view(page, server, run_path, view="Path", **query):
    query = {"run": run_path.name, "interpolation_view": view, **query}
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    signs = {"Unit sliders": ".sliders canvas", "Four corners": "main img", "Plane": ".pad .plane"}
    expect = signs.get(view, ".scrubber")
    goto(page, server, f"interpolation?{text}", expect)
    assert_no_exception(page)


def pixels(page, selector):
    """Red channel of a canvas, H x W."""
    values = page.locator(selector).first.evaluate(
        "(c) => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(values[2:]).reshape(values[0], values[1], 4)[..., 0]


def until_drawn(page, root, action):
    """Does `action` and waits for the redraw that it causes."""
    from playwright.sync_api import expect

    before = page.locator(root).get_attribute("data-drawn")
    action()
    expect(page.locator(root)).not_to_have_attribute("data-drawn", before)


def set_range(locator, value):
    locator.evaluate(
        "(input, value) => { input.value = value;"
        " input.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )


def in_levels(image):
    return (image.clamp(0, 1) * 255).round().numpy()


def test_scrubbing_shows_the_decoded_places_and_the_cross_fade(server, browser_page, run_path):
    open_view(browser_page, server, run_path, image_a=3, image_b=10)
    run, images = aecore.load_run(run_path), data.load("digits").test_images[[3, 10]].float() / 255
    _, places = latent.path("straight", run.encode(images), 101)
    decoded = run.decode(places)
    fade = torch.from_numpy(latent.cross_fade(images, np.linspace(0, 1, 101)))
    slider = browser_page.locator(".scrubber [data-position]")
    for frame in (0, 30, 100):
        until_drawn(browser_page, ".scrubber", lambda frame=frame: set_range(slider, frame))
        shown = pixels(browser_page, "[data-picture=decoded]")
        assert np.abs(shown - in_levels(decoded[frame, 0])).max() <= 1
        shown = pixels(browser_page, "[data-picture=baseline]")
        assert np.abs(shown - in_levels(fade[frame, 0])).max() <= 1


def test_the_arrow_keys_scrub_and_play_moves_by_itself(server, browser_page, run_path):
    open_view(browser_page, server, run_path)
    slider = browser_page.locator(".scrubber [data-position]")
    start = int(slider.input_value())
    slider.focus()
    until_drawn(browser_page, ".scrubber", lambda: browser_page.keyboard.press("ArrowRight"))
    assert int(slider.input_value()) == start + 1
    button = browser_page.locator(".scrubber [data-play]")
    button.click()
    assert button.inner_text() == "Pause"
    wait_until("the slider to play", lambda: int(slider.input_value()) > start + 4, browser_page)
    button.click()
    assert button.inner_text() == "Play"
    stopped = slider.input_value()
    settle(browser_page, frames=12)
    assert slider.input_value() == stopped


def test_the_plane_decodes_every_place_that_the_point_is_dragged_or_moved_to(server, browser_page, run_path):
    page = browser_page
    view = {"interpolation_plane_kind": "units", "interpolation_plane_from": "an image", "image_a": 5}
    open_view(page, server, run_path, "Plane", **view)
    run = aecore.load_run(run_path)
    code = run.encode(data.load("digits").test_images[5:6])

    def is_decoded():
        # Both at once: the next frame may be drawn meanwhile.
        words, shown = page.locator(".pad").evaluate(
            """root => {
              const canvas = root.querySelector(".picture"), { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              return [root.querySelector(".place").textContent, [...data].filter((_, i) => !(i % 4))];
            }"""
        )
        code[0, :2] = torch.tensor([float(place.split(": ")[1]) for place in words.split(" · ")])
        # The words have two decimals.
        assert np.abs(np.array(shown) - in_levels(run.decode(code)[0, 0]).ravel()).max() <= 6

    wait_until("the first picture", lambda: page.locator(".pad").get_attribute("data-drawn"), page)
    is_decoded()
    box = page.locator(".pad .plane").bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 4
    page.mouse.move(x, y)
    page.mouse.down()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    for step in range(1, 6):
        page.mouse.move(x + 30 * step, y + 10 * step)
        settle(page)
        is_decoded()
    page.mouse.up()
    before = page.locator(".pad .place").inner_text()
    page.keyboard.press("Shift+ArrowLeft")
    wait_until("the point to move", lambda: page.locator(".pad .place").inner_text() != before, page)
    is_decoded()
    assert requests == []


def test_a_unit_slider_redraws_the_servers_picture(server, browser_page, run_path):
    open_view(browser_page, server, run_path, "Unit sliders", image_a=5)
    run = aecore.load_run(run_path)
    code = run.encode(data.load("digits").test_images[5:6])
    picture = ".sliders canvas"
    assert np.abs(pixels(browser_page, picture) - in_levels(run.decode(code)[0, 0])).max() <= 1
    slider = browser_page.locator(".sliders input").first
    unit = int(slider.get_attribute("data-unit"))
    slider.focus()
    until_drawn(browser_page, ".sliders", lambda: browser_page.keyboard.press("Home"))
    code[0, unit] = float(slider.input_value())
    assert float(slider.input_value()) == pytest.approx(float(slider.get_attribute("min")))
    assert np.abs(pixels(browser_page, picture) - in_levels(run.decode(code)[0, 0])).max() <= 1
    until_drawn(
        browser_page,
        ".sliders",
        lambda: browser_page.locator(".sliders button", has_text="Mean code").click(),
    )
    mean = run.encode(data.load("digits").test_images).mean(0, keepdim=True)
    assert np.abs(pixels(browser_page, picture) - in_levels(run.decode(mean)[0, 0])).max() <= 1


def test_a_thumbnail_becomes_the_image_and_part_of_the_link(server, browser_page, run_path):
    open_view(browser_page, server, run_path)
    browser_page.locator('[data-testid="stPopover"] button').first.click()
    thumbnail = browser_page.locator(".st-key-image_a_thumbnails button").nth(7)
    number = thumbnail.get_attribute("title").removeprefix("Image ")
    thumbnail.click()
    browser_page.wait_for_url(re.compile(f"image_a={number}(&|$)"))
    wait_idle(browser_page, ".scrubber")
    assert (
        browser_page.locator("main img")
        .first.get_attribute("alt")
        .startswith(f"start image: image {number},")
    )


def test_a_drawing_becomes_an_end(server, browser_page, run_path):
    open_view(browser_page, server, run_path, image_a=3)
    browser_page.locator('[data-testid="stPopover"] button').first.click()
    browser_page.get_by_text("drawing", exact=True).first.click()
    board = browser_page.locator(".draw canvas")
    board.wait_for()
    wait_idle(browser_page, ".scrubber")
    baseline = "[data-picture=baseline]"
    before = pixels(browser_page, baseline)
    box = board.bounding_box()
    mouse = browser_page.mouse
    mouse.move(box["x"] + 60, box["y"] + 40)
    mouse.down()
    mouse.move(box["x"] + 70, box["y"] + 180, steps=8)
    mouse.up()
    browser_page.locator('main img[alt="start image: drawing"]').wait_for(state="attached")
    wait_idle(browser_page, ".scrubber")
    wait_until(
        "the drawing", lambda: not np.array_equal(pixels(browser_page, baseline), before), browser_page
    )
    assert_no_exception(browser_page)


@pytest.mark.parametrize("view", ["Path", "Four corners", "Unit sliders", "Direction"])
@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1440, "dark")])
def test_every_view_fits_its_page(server, open_page, run_path, view, width, scheme):
    page = open_page(width=width, color_scheme=scheme)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_view(page, server, run_path, view)
    wide = page.locator('[data-testid="stMain"]').evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert wide[0] <= wide[1]
    assert errors == []


def test_one_format_after_another_is_saved_without_waiting(server, browser_page, run_path):
    """The first click must not take away what the second button refers to."""
    # The first deep link after a server's start shows Streamlit's notice that there is no such page.
    goto(browser_page, server)
    open_view(browser_page, server, run_path)
    browser_page.get_by_test_id("stExpander").get_by_text("Save the path", exact=True).click()
    beginnings = {"Strip (PNG)": b"\x89PNG", "Film (GIF)": b"GIF8", "Codes (CSV)": b"t,unit_0"}
    for label, beginning in [*beginnings.items(), *beginnings.items()]:
        with browser_page.expect_download() as saved:
            browser_page.get_by_role("button", name=label).click()
        assert Path(saved.value.path()).read_bytes().startswith(beginning)
    assert_no_exception(browser_page)
