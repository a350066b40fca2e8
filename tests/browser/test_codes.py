"""The codes page in a real browser: 10,000 codes drawn, hovered, lassoed, and a selection that travels."""

import re
import shutil
from itertools import cycle

import pytest

from aecore.data import DATASETS
from tests.browser.tools import Server, assert_no_exception, data_folder, goto, screenshot, wait_until
from tests.conftest import ROOT

OVERLAY = ".st-key-codes_map .overlay"

INKED = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"

pytestmark = pytest.mark.mnist


@pytest.fixture(scope="module")
def codes_server(tmp_path_factory):
    """A server with the shipped MNIST run only."""
    if not DATASETS["mnist"].is_ready():
        pytest.skip("MNIST is not on this machine")
    folder = tmp_path_factory.mktemp("codes-server")
    runs = folder / "checkpoints"
    runs.mkdir()
    shipped = next((ROOT / "checkpoints").glob("mnist-post-12-*"))
    shutil.copytree(shipped, runs / shipped.name)
    with Server(runs, data_folder(), folder / "server.log") as server:
        yield server


def place(page, x, y):
    """A place of the map by its shares of width and height, in page coordinates."""
    box = page.locator(OVERLAY).bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def open_map(page, server, query=""):
    goto(page, server, f"codes{query}", expect=OVERLAY)
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()


def lasso(page, *corners):
    page.mouse.move(*place(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*place(page, *corner), steps=5)
    page.mouse.up()


def test_hover_lasso_click_and_decode_on_10_000_codes(codes_server, browser_page):
    page = browser_page
    open_map(page, codes_server)
    page.get_by_text("Points that overlap here may lie apart in the code").first.wait_for()
    hovered = page.locator(".st-key-codes_map .hover")
    # A hand keeps moving; a single move may fall into the moment in which the page renews the map.
    across = cycle((0.45, 0.5, 0.55, 0.5))

    def met():
        page.mouse.move(*place(page, next(across), 0.5), steps=4)
        return hovered.is_visible()

    wait_until("the picture of a point under the pointer", met, page)
    assert re.match(r"image \d+", hovered.inner_text())

    lasso(page, (0.35, 0.35), (0.6, 0.35), (0.45, 0.65))
    page.get_by_text("Each image with its reconstruction under it").wait_for()
    count = page.locator(".st-key-codes_map .count").inner_text()
    found = int(count.split()[0].replace(",", ""))
    assert 27 < found < 10_000
    page.get_by_text(f"{found:,} images").first.wait_for()
    mosaic = page.get_by_alt_text("selected images, each with its reconstruction under it")
    assert mosaic.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [9 * 29 - 1, 6 * 29 - 1]
    page.get_by_role("button", name="Save as A").click()
    page.get_by_text(f"Saved test images: A: {found:,}.").wait_for()
    screenshot(page, "codes-selection")

    page.mouse.click(*place(page, 0.5, 0.5))
    page.get_by_alt_text("nearest in pixels").wait_for()
    page.mouse.click(*place(page, 0.97, 0.04))
    page.get_by_text("Nearest training code", exact=True).wait_for()

    page.locator('[data-testid="stSidebarNavLink"]').filter(has_text="Units").click()
    page.get_by_role("heading", name="Units").wait_for()
    page.locator('[data-testid="stSidebarNavLink"]').filter(has_text="Codes").click()
    page.get_by_text(f"{found:,} images").first.wait_for()
    assert_no_exception(page)


def test_a_link_gives_the_same_view_and_tsne_forms_on_the_map_and_stops(codes_server, browser_page):
    page = browser_page
    link = "codes?codes_projection=t-SNE&codes_count=1000"
    goto(page, codes_server, link, expect=".st-key-codes_tsne_begin")
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    drawn = page.locator(".st-key-codes_map .points")
    before = drawn.evaluate("canvas => canvas.toDataURL()")
    page.locator(".st-key-codes_tsne_begin button").click()
    page.get_by_text(re.compile(r"iteration \d+ of 750")).wait_for()
    # The points move on the map that was there, while it is still being computed.
    wait_until("the points to move", lambda: drawn.evaluate("canvas => canvas.toDataURL()") != before, page)
    page.locator(".st-key-codes_tsne_stop button").click()
    page.get_by_text("Stopped at iteration").wait_for()
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    # Nothing but the classes' names lies over the points.
    page.mouse.move(0, 0)
    names = page.get_by_role("button", name="Names", exact=True)
    above = page.locator(OVERLAY)
    wait_until("the names", lambda: above.evaluate(INKED), page)
    names.click()
    assert names.get_attribute("aria-pressed") == "false"
    wait_until("the names to go", lambda: not above.evaluate(INKED), page)
    assert_no_exception(page)
