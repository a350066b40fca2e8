"""Pictures can be seen large, and charts be saved, by mouse and keyboard."""

import csv
import io

import pytest
from playwright.sync_api import expect

from aecore import store
from aecore.data import load
from tests.browser.tools import goto, save_chart, wait_idle

PICTURE = "[data-testid=stMain] [data-testid=stHtml] img[tabindex]"
OPEN = "dialog.enlarged[open]"


def test_a_picture_opens_large_and_closes_where_it_was_opened(server, browser_page):
    page = browser_page
    goto(page, server)
    goto(page, server, "units", PICTURE)
    wait_idle(page)
    picture = page.locator(PICTURE).first
    alt, small = picture.get_attribute("alt"), picture.bounding_box()["width"]
    picture.click()
    dialog = page.locator(OPEN)
    expect(dialog).to_have_attribute("aria-label", alt)
    assert dialog.locator("canvas").bounding_box()["width"] > small
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    picture.press("Enter")
    dialog.get_by_role("button", name="Close").press("Enter")
    expect(dialog).to_have_count(0)
    expect(picture).to_be_focused()


@pytest.mark.mnist
def test_a_chart_is_saved_as_a_drawing_a_picture_and_a_table(server, browser_page):
    page = browser_page
    goto(page, server)
    goto(page, server, "choose?grid=grid-mnist-post-a1afba6a", ".curve .mark")
    wait_idle(page)
    chart = page.locator(".curve")
    saved = {}
    for kind in ("SVG", "PNG", "CSV"):
        name, saved[kind] = save_chart(page, chart, kind)
        assert name == f"error-against-latent_size.{kind.lower()}"
    assert b"<title>Squared error per image against Units in the code</title>" in saved["SVG"]
    assert b"currentColor" in saved["SVG"]
    assert b"color: rgb(" in saved["SVG"]
    assert saved["PNG"].startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(saved["CSV"].decode())))
    assert len(rows) == chart.locator(".mark").count()
    line = [row for row in rows if row["on the line"] == "yes"]
    assert len(line) == chart.locator(".mark[data-on-line]").count()
    assert all(float(row["lowest seed"]) <= float(row["squared error"]) for row in line)


def test_the_map_of_codes_is_saved_with_all_its_codes(server, open_page):
    run = "digits-post-12-s0-f3512007"
    page = open_page(width=400, height=850, has_touch=True)
    goto(page, server)
    overlay = ".st-key-codes_map .overlay[data-mapping]"
    goto(page, server, f"codes?run={run}&codes_projection=Units&codes_color=squared+error", overlay)
    chart = page.locator(".st-key-codes_map .map")
    expect(chart.locator(".save summary")).to_have_attribute("aria-label", "Save: Map of codes")
    assert chart.locator(".save summary").bounding_box()["height"] >= 44
    name, table = save_chart(page, chart, "CSV")
    assert name == "map-of-codes.csv"
    assert save_chart(page, chart, "PNG")[1].startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    data = load("digits")
    codes = store.load_run(server.checkpoints / run).encode(data.test_images)[:, :2].tolist()
    assert [int(row["image"]) for row in rows] == list(range(len(codes)))
    assert [row["class"] for row in rows] == [data.class_names[label] for label in data.test_labels]
    assert {row["projection"] for row in rows} == {"units 0 and 1 of the code"}
    for axis, values in zip("xy", zip(*codes, strict=True), strict=True):
        assert [float(row[axis]) for row in rows] == pytest.approx(values, rel=1e-5, abs=1e-5)
    assert all(float(row["squared error per image"]) > 0 for row in rows)
