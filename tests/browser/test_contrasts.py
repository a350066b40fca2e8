"""Contrasts in a real browser: one click trains the networks, another opens two of them side by side."""

import pytest

from aecore import store
from tests.browser.tools import assert_no_exception, goto, screenshot, wait_idle, wait_until

TITLE = "All weights zero"


def test_a_click_trains_the_networks_and_another_opens_two_of_them(start_server, browser_page):
    server, page = start_server(), browser_page
    goto(page, server)  # the first deep link after a server's start shows Streamlit's own notice
    goto(page, server, "contrasts")
    page.locator(".st-key-contrast").get_by_text(TITLE).click()
    page.get_by_role("heading", name=TITLE).wait_for()
    page.get_by_role("button", name="Train the 2 networks").click()
    said = page.get_by_text("the median gradient is 0 in every layer: zeros.")
    wait_until(
        "what is said of the trained networks",
        said.count,
        page,
        sign=lambda: [grid.progress.heartbeat for grid in store.list_grids(server.checkpoints)],
    )
    wait_idle(page, ".st-key-contrast_training")
    page.get_by_role("button", name="See both epoch by epoch").click()
    page.locator(".epochs section").nth(1).wait_for()
    names = page.locator(".epochs [data-run-name]").all_inner_texts()
    assert ["default" in names[0], "zeros" in names[1]] == [True, True]
    assert "beside=" in page.url
    assert_no_exception(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_400_pixels_nothing_sticks_out(server, open_page, scheme):
    page = open_page(width=400, color_scheme=scheme)
    goto(page, server)
    goto(page, server, "contrasts?contrast=The+range+of+the+pixels+and+that+of+the+output")
    page.get_by_text("A tanh against [0, 1]").wait_for()
    wait_idle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    screenshot(page, f"contrasts-400-{scheme}")
    assert_no_exception(page)
