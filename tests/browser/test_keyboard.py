"""By keyboard alone: train, look at the result, draw, follow a path, select on the map, move through Choose.

Whatever has the focus on the way has a name and shows that it has it.
"""

from __future__ import annotations

import re

import pytest

from tests.browser.tools import assert_no_exception, goto, wait_idle, wait_until

FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  if (!node || node === document.body) return null;
  const words = [
    node.getAttribute("aria-label"), ...[...(node.labels ?? [])].map((label) => label.innerText),
    node.innerText, node.alt, node.title, node.placeholder,
    document.getElementById(node.getAttribute("aria-labelledby"))?.innerText,
  ];
  const ringed = (one) => {
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return outlined || style.boxShadow !== "none";
  };
  let seen = false;
  for (let one = node, i = 0; one && i < 4; one = one.parentElement, i++) seen ||= ringed(one);
  const key = node.getRootNode().host?.closest("[class*=st-key]") ?? node.closest("[class*=st-key]");
  const keys = /st-key-([\\w-]+)/.exec(key?.className ?? "");
  return { name: words.find(Boolean)?.trim() ?? "", seen, key: keys ? keys[1] : "", tag: node.localName };
}"""

MOST = 150
"""Presses of Tab from one thing to the next on a page at most."""


def tab_to(page, what, key="Tab"):
    """Presses Tab until what has the focus is wanted; everything on the way has a name and a ring."""
    for _ in range(MOST):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        if focused is None:
            continue
        assert focused["name"], focused
        assert focused["seen"], focused
        if what(focused):
            return focused
    raise AssertionError(f"Tab does not come there; it came to {focused}")


def named(text):
    return lambda focused: re.search(text, focused["name"]) is not None


def keyed(key, text=""):
    return lambda focused: focused["key"] == key and re.search(text, focused["name"]) is not None


def open_by_keyboard(page, name, expect):
    """From anywhere on a page to another by the sidebar's link."""
    # Where Tab goes from is the beginning of the page again.
    page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    tab_to(page, named(f"{name}$"))
    page.keyboard.press("Enter")
    wait_idle(page, expect)


def test_a_network_is_trained_and_its_reconstructions_are_seen(start_server, browser_page):
    page = browser_page
    server = start_server()
    goto(page, server)
    open_by_keyboard(page, "Train", ".st-key-train_start")
    tab_to(page, keyed("train_data_name", "^Data set"))
    page.keyboard.type("Digits")
    page.get_by_role("option", name="Digits").first.wait_for()
    page.keyboard.press("Enter")
    wait_idle(page, ".st-key-train_start button:visible")
    tab_to(page, keyed("train_train_epochs", "^Epochs"))
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    wait_idle(page)
    tab_to(page, keyed("train_start", "Train"), "Shift+Tab")
    page.keyboard.press("Enter")
    wait_until("the result", lambda: list(server.checkpoints.glob("*/result.json")), page)
    open_by_keyboard(page, "Reconstructions", '[data-testid="stMain"] img')
    assert page.locator('[data-testid="stMain"] img').first.get_attribute("alt")
    assert_no_exception(page)


def test_an_end_of_a_path_is_drawn_and_the_path_followed(server, browser_page):
    page = browser_page
    goto(page, server, "interpolation?run=digits-post-12-s0-f3512007", expect=".scrubber")
    tab_to(page, named(r"^image_search\s+Start image"))
    page.keyboard.press("Enter")
    tab_to(page, named("^(drawing|test image)"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".draw canvas").wait_for()
    tab_to(page, named("^Drawing pad"))
    page.locator(".draw .pen").wait_for()
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    # Letters that Streamlit has commands for do nothing here.
    page.keyboard.type("rc")
    page.keyboard.press("Space")
    page.locator('main img[alt="start image: drawing"]').wait_for(state="attached")
    page.keyboard.press("Escape")
    wait_idle(page, ".scrubber")
    tab_to(page, named("^Position on the path"))
    before = page.evaluate(SLIDER_VALUE)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SLIDER_VALUE) > before
    assert_no_exception(page)


SLIDER_VALUE = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node.valueAsNumber;
}"""


def test_a_lasso_on_the_map_and_a_slider_of_choose(server, browser_page):
    page = browser_page
    overlay = ".st-key-codes_map .overlay"
    goto(page, server, "codes?run=digits-post-12-s0-f3512007", expect=overlay)
    page.locator(f"{overlay}[data-mapping]").wait_for()
    tab_to(page, keyed("codes_map", "^Lasso"))
    page.keyboard.press("Enter")
    tab_to(page, keyed("codes_map", "Arrow keys go from point to point"))
    for press in (
        "ArrowRight",
        "Space",
        *["ArrowRight"] * 4,
        *["ArrowDown"] * 4,
        *["ArrowLeft"] * 4,
        "Space",
    ):
        page.keyboard.press(press)
    count = page.locator(".st-key-codes_map .count")
    wait_until("a selection", lambda: re.match(r"[\d,]+ ", count.inner_text()), page)
    open_by_keyboard(page, "Choose", ".board input")
    tab_to(page, keyed("choose_board", "^Units in the code"))
    before = page.evaluate(SLIDER_VALUE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SLIDER_VALUE) != before or before > 0
    assert_no_exception(page)


@pytest.mark.parametrize("name", ["", "train", "choose"])
def test_on_a_phone_what_is_pressed_is_44_pixels_high(server, open_page, name):
    page = open_page(400, 800, has_touch=True, is_mobile=True)
    goto(page, server, name)
    wait_idle(page)
    small = page.evaluate(SMALL)
    assert not small


SMALL = """() => {
  const found = [];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) look(node.shadowRoot);
      if (!node.matches("button:not([tabindex='-1']), select, summary, input[type=range]")) continue;
      if (node.closest("[data-testid=stHeader], [data-testid=stToolbar], [data-testid=stSidebar], table, p"))
        continue;
      const box = node.getBoundingClientRect();
      if (!box.width || !box.height || getComputedStyle(node).visibility === "hidden") continue;
      // The sign of a help is small, and what lies around it belongs to it.
      const around = -parseFloat(getComputedStyle(node, "::after").top) || 0;
      if (box.height + 2 * around < 43.5) found.push([node.outerHTML.slice(0, 200), box.height]);
    }
  };
  look(document);
  return found;
}"""
