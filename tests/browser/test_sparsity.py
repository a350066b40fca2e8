"""The Sparsity page in a real browser, on the shipped networks."""

import re

import pytest

from tests.browser.tools import assert_no_exception, goto, screenshot, set_slider, wait_idle

SLIDER = "sparsity_dictionary_left"
TABLE = "[data-testid=stMain] table"
pytestmark = pytest.mark.mnist


def open_sparsity(page, server, query=""):
    # The first deep link after a server's start shows Streamlit's notice that there is no such page.
    goto(page, server)
    goto(page, server, f"sparsity{query}", TABLE)
    assert_no_exception(page)


def compare(page, name):
    """Choose what stands side by side."""
    page.locator(".st-key-sparsity_lesson input").click()
    page.get_by_role("option", name=name).click()


def test_every_move_of_the_slider_shows_another_state_and_the_way_back_the_same(server, browser_page):
    open_sparsity(browser_page, server)
    browser_page.wait_for_selector("canvas, [data-testid=stVegaLiteChart] svg")
    set_slider(browser_page, SLIDER, 0)
    wait_idle(browser_page, TABLE)
    table = browser_page.locator(TABLE)
    shown = [table.inner_text()]
    for key in ["ArrowRight"] * 5 + ["ArrowLeft"] * 5:
        browser_page.locator(f".st-key-{SLIDER} input[type=range]").focus()
        browser_page.keyboard.press(key)
        browser_page.wait_for_function(
            "([selector, before]) => document.querySelector(selector).innerText !== before",
            arg=[TABLE, shown[-1]],
        )
        wait_idle(browser_page, TABLE)
        shown.append(table.inner_text())
    assert len(set(shown)) == 6
    assert shown == shown[::-1]


def test_the_link_keeps_view_lesson_and_strength(server, browser_page):
    open_sparsity(browser_page, server, "?sparsity_view=Values&sparsity_lesson=Linear+code")
    text = browser_page.locator(TABLE).inner_text()
    assert text.count("strength 0.003") == 2
    assert text.count("64.0 to 64.0") == 2
    compare(browser_page, "ReLU code")
    browser_page.get_by_text(re.compile("L2 matched")).wait_for()
    set_slider(browser_page, SLIDER, 3)
    browser_page.wait_for_function("location.search.includes('sparsity_dictionary_left=')")
    moved = "selector => !document.querySelector(selector).innerText.includes('strength 0.003')"
    browser_page.wait_for_function(moved, arg=TABLE)
    before = browser_page.locator(TABLE).inner_text()
    browser_page.reload()
    wait_idle(browser_page, TABLE)
    assert browser_page.locator(TABLE).inner_text() == before


def test_a_strength_stays_with_its_lesson(server, browser_page):
    from playwright.sync_api import expect

    open_sparsity(browser_page, server, "?sparsity_step=explore")
    set_slider(browser_page, SLIDER, 1)
    table = browser_page.locator(TABLE)
    expect(table).to_contain_text("strength 0.0006")
    for name in ("Whole-batch norm", "Linear code"):
        compare(browser_page, name)
        expect(table).not_to_contain_text("strength 0.0006")
        expect(table).to_contain_text("Batches of 512" if name.startswith("Whole") else "strength 0.003")
        compare(browser_page, "ReLU code")
        expect(table).to_contain_text("strength 0.0006")
    assert_no_exception(browser_page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_400_pixels_the_columns_stack_and_nothing_sticks_out(server, open_page, scheme):
    page = open_page(width=400, height=900, color_scheme=scheme)
    open_sparsity(page, server)
    maps = page.locator("img[alt*='units by use']")
    maps.nth(1).wait_for()
    boxes = [maps.nth(i).bounding_box() for i in range(2)]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 400 for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    screenshot(page, f"sparsity-400-{scheme}")
