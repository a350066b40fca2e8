"""Features and the level of Denoising under the hand, in real Chromium, on the shipped run of digits."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

import aecore
from aecore import data
from aecore.analysis import denoising, features
from aecore.config import TrainConfig
from aecore.data import to_uint8, unit_range
from tests.browser.test_interpolation import pixels, set_range, until_drawn
from tests.browser.tools import PATIENCE, assert_no_exception, goto, wait_idle, wait_until

LEVEL = ".st-key-denoising_slider .level"
CHART = '[data-testid="stVegaLiteChart"]'


@pytest.fixture(scope="module")
def run(server):
    found = sorted(server.checkpoints.glob("digits-*"))
    if not found:
        pytest.skip("no run on digits is shipped")
    return aecore.load_run(found[0])


@pytest.fixture(scope="module", autouse=True)
def been_home(server, browser):
    """Streamlit shows a notice of a missing page at a server's very first deep link, and only there."""
    page = browser.new_page()
    goto(page, server)
    page.close()


KINDS = {"masking": "pixels black", "gaussian": "Gaussian noise", "salt_and_pepper": "salt and pepper"}
"""The corruptions as a link names them."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_slider_corrupts_and_denoises_here_and_its_level_goes_to_the_figures(
    browser_page, server, run, kind
):
    goto(
        browser_page,
        server,
        f"denoising?run={run.path.name}&denoising_corruption={quote(KINDS[kind])}",
        LEVEL,
    )
    image = data.load("digits").test_images[8:9]
    # Streamlit keeps the page from being clicked until its first run has ended.
    wait_idle(browser_page, LEVEL)
    slider = browser_page.locator(f"{LEVEL} input")
    for level in (0.25, 0.8):
        until_drawn(browser_page, LEVEL, lambda at=level: set_range(slider, at))
        seen = denoising.corrupted(image, TrainConfig(corruption=kind, corruption_level=level))
        expected = [unit_range(image), seen, run.reconstruct(seen)]
        for number, wanted in enumerate(expected):
            found = pixels(browser_page, f"{LEVEL} figure:nth-child({number + 1}) canvas").astype(int)
            assert np.abs(found - to_uint8(wanted)[0, 0]).max() <= 1
        figures = browser_page.locator(f"{LEVEL} figcaption span").all_inner_texts()
        assert figures[1] == f"{denoising.psnr(unit_range(image), seen):.1f} dB"
    slider.evaluate("(input) => input.dispatchEvent(new Event('change', { bubbles: true }))")
    wait_until("the level in the address", lambda: "=0.8" in browser_page.url, browser_page)
    wait_idle(browser_page, LEVEL)
    assert_no_exception(browser_page)
    first = unit_range(data.load("digits").test_images[:300])
    seen = denoising.corrupted(first, TrainConfig(corruption=kind, corruption_level=0.8))
    said = f"as they are · {denoising.psnr(first, seen):.1f} dB"
    expect(browser_page.locator('[data-testid="stMain"]')).to_contain_text(said)
    assert slider.input_value() == "0.8"


def test_features_are_measured_beside_the_page_and_a_cell_shows_its_images(browser_page, server, run):
    goto(browser_page, server, f"features?run={run.path.name}", ".st-key-features_measure")
    browser_page.locator(".st-key-features_measure button").click()
    browser_page.locator(CHART).first.wait_for()
    browser_page.locator(".st-key-background_stop").wait_for(state="detached", timeout=4 * PATIENCE * 1000)
    wait_idle(browser_page, CHART)
    expect(browser_page.locator(CHART)).to_have_count(2)
    expect(browser_page.get_by_text("The code against pixels: ")).to_be_visible()
    browser_page.locator(".st-key-features_view").get_by_text("Mistakes").click()
    box = browser_page.locator(CHART)
    expect(box).to_have_count(1)
    browser_page.locator(".st-key-features_cell").wait_for()
    wait_idle(browser_page, CHART)
    images = data.load("digits")
    split = features.split_images(images, 1 / 12, 0)
    task = features.task_of(images, split)
    kind = features.features_of(run.encode, images, split)
    given, _ = features.by_probe(kind, task, features.ALL)
    right = int(((given[0] == 0) & (task.test == 0)).sum())
    picked = browser_page.locator(".st-key-features_cell").get_by_role("combobox")
    assert "named rightly" not in picked.input_value()
    area = box.bounding_box()
    # Down the diagonal from the corner, until the first cell is met.
    for share in np.linspace(0.06, 0.3, 9):
        browser_page.mouse.click(area["x"] + area["width"] * share, area["y"] + area["height"] * share)
        browser_page.wait_for_timeout(300)
        wait_idle(browser_page, ".st-key-features_cell")
        if "0 named rightly" in picked.input_value():
            break
    expect(picked).to_have_value(f"0 named rightly · {right} images")
    expect(browser_page.locator("img[alt^='test image']")).to_have_count(right)
    assert_no_exception(browser_page)


def test_both_pages_hold_on_a_narrow_screen(open_page, server, run):
    page = open_page(width=400)
    goto(page, server, f"denoising?run={run.path.name}", LEVEL)
    for selector in (LEVEL, f"{LEVEL} input"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
    goto(page, server, f"features?run={run.path.name}", ".st-key-features_view")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
