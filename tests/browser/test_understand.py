"""Network and Data in a real browser: a click in the drawing enlarges a layer, the link keeps it."""

import csv
import io
from itertools import pairwise

import pytest
from PIL import Image

from aecore import store
from aecore.store import RunInfo
from tests.browser.tools import assert_no_exception, goto, save_chart, screenshot, wait_idle, wait_until

LAYER = ".layers .choices button"
CHOSEN = f"{LAYER}[aria-pressed=true]"


@pytest.fixture
def network(server, open_page):
    """Opens the Network page on a shipped run of digits, whose images are always there."""
    runs = [r for r in store.list_runs(server.checkpoints) if isinstance(r, RunInfo) and r.has_weights]
    key = next(r.key for r in runs if r.config.data.name == "digits")

    def open_it(query="", **options):
        page = open_page(**options)
        goto(page, server)  # the first deep link after a server's start shows Streamlit's own notice
        goto(page, server, f"network?run={key}{query}", LAYER)
        return page

    return open_it


def label(page, i):
    return page.locator(LAYER).nth(i).get_attribute("aria-label")


def enlarged(page):
    return page.locator(".st-key-network_layer input").input_value()


def test_a_click_and_the_arrow_keys_enlarge_a_layer_and_the_link_keeps_it(network):
    errors = []
    page = network()
    page.on("pageerror", lambda error: errors.append(str(error)))
    assert page.locator(CHOSEN).get_attribute("aria-label").startswith("code: ")
    assert "layers to scale, the narrowest is code" in page.locator(".layers canvas").get_attribute(
        "aria-label"
    )
    page.locator(LAYER).nth(1).click()
    wait_until("the first layer", lambda: enlarged(page) == "encoder 1", page)
    page.get_by_text("The weights that face the pixels").wait_for()
    page.keyboard.press("ArrowRight")
    wait_until("the second layer", lambda: enlarged(page) == "encoder 2", page)
    assert page.locator(CHOSEN).get_attribute("aria-label") == label(page, 2)
    page.wait_for_function("location.search.includes('network_layer=encoder+2')")
    page.reload()
    wait_idle(page, LAYER)
    wait_until(
        "the link's layer", lambda: page.locator(CHOSEN).get_attribute("aria-label") == label(page, 2), page
    )
    assert errors == []
    assert_no_exception(page)


def test_the_drawing_is_to_scale(network):
    """Of two layers drawn as squares the larger has the larger frame, and frames do not overlap."""
    page = network()
    boxes = [page.locator(LAYER).nth(i).bounding_box() for i in range(page.locator(LAYER).count())]
    ends = [(box["x"], box["x"] + box["width"]) for box in boxes]
    assert all(end <= start + 0.5 for (_, end), (start, _) in pairwise(ends))
    heights = [box["height"] for box in boxes]
    code = heights.index(min(heights))
    assert label(page, code).startswith("code: ")
    assert heights[1] > heights[2] > heights[code] < heights[-3] < heights[-2]


def test_the_drawing_is_saved_with_its_layers(network):
    page = network()
    name, picture = save_chart(page, page.locator(".layers"), "PNG")
    assert name == "network.png"
    width, _ = Image.open(io.BytesIO(picture)).size
    assert width >= page.locator(".layers canvas").bounding_box()["width"]
    name, table = save_chart(page, page.locator(".layers"), "CSV")
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert name == "network.csv"
    assert [f"{row['layer']}: {row['what']}" for row in rows] == [label(page, i) for i in range(len(rows))]
    assert len(rows) == page.locator(LAYER).count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_400_pixels_nothing_sticks_out(network, server, scheme):
    page = network(
        "&network_of=conv&network_data=Digits+(8x8)&network_layer=encoder+1", width=400, color_scheme=scheme
    )
    page.get_by_text("Its feature maps").wait_for()
    assert "16 × 4 × 4" in label(page, 1)
    wait_idle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    drawing = page.locator(".layers canvas").bounding_box()
    assert drawing["x"] >= 0
    assert drawing["x"] + drawing["width"] <= 400
    screenshot(page, f"network-400-{scheme}")
    goto(
        page,
        server,
        "data?data_set=Digits+(8x8)&data_normalization=standardized&data_output=sigmoid",
        "canvas, svg",
    )
    page.get_by_text("where a sigmoid output can't go").wait_for()
    page.get_by_text("1,437 for training").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert_no_exception(page)
    screenshot(page, f"data-400-{scheme}")
