"""Pictures can be seen large, and charts be saved, by mouse and keyboard."""

import csv
import io

import pytest
from playwright.sync_api import expect

from tests.browser.tools import goto, wait_idle

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
    chart.locator(".save summary").press("Enter")
    saved = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            chart.locator(".save button", has_text=kind).press("Enter")
        assert download.value.suggested_filename == f"error-against-latent_size.{kind.lower()}"
        saved[kind] = download.value.path().read_bytes()
    assert b"<title>Squared error per image against Units in the code</title>" in saved["SVG"]
    assert b"currentColor" in saved["SVG"]
    assert b"color: rgb(" in saved["SVG"]
    assert saved["PNG"].startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(saved["CSV"].decode())))
    assert len(rows) == chart.locator(".mark").count()
    line = [row for row in rows if row["on the line"] == "yes"]
    assert len(line) == chart.locator(".mark[data-on-line]").count()
    assert all(float(row["lowest seed"]) <= float(row["squared error"]) for row in line)
