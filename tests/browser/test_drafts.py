"""What is typed into a form is kept by the browser: beyond a reload, another page, a restarted server."""

import json
import re

import pytest
from playwright.sync_api import expect

from aecore.web.sources import script
from tests.browser.tools import assert_no_exception, goto, wait_idle, wait_until

EPOCHS, HIDDEN = ".st-key-train_train_epochs input", ".st-key-train_model_hidden input"
KEPT = "localStorage.getItem('aecore-drafts')"

MOUNT = """
async ([source, stored]) => {
  localStorage.setItem("aecore-drafts", stored);
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: mount } = await import(address);
  let told = null;
  const parentElement = document.createElement("div").attachShadow({ mode: "open" });
  const data = { drafts: { train: "new" }, told: false };
  mount({ data, parentElement, setStateValue: (name, value) => (told = value) });
  return [told, JSON.parse(localStorage.getItem("aecore-drafts"))];
}
"""


@pytest.fixture
def page(start_server, open_page):
    """A page at Home, with the way to another page by the sidebar, and its server."""
    server, page = start_server(), open_page()
    goto(page, server)
    return page, server


def go(page, name):
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).first.click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()
    wait_idle(page)


def go_home(page):
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Home").click()
    page.locator(EPOCHS).wait_for(state="detached")
    wait_idle(page)


def reload_home(page):
    """A session's beginning, until the browser has told what it keeps and the page has been drawn with it."""
    page.reload()
    page.locator("[data-told=true]").wait_for(state="attached")
    wait_idle(page)


def expect_typed(page):
    expect(page.locator(EPOCHS)).to_have_value("7")
    expect(page.locator(HIDDEN)).to_have_value("40, 20")


def test_what_was_typed_survives_reloads_other_pages_and_a_restart(page):
    page, server = page
    go(page, "Train")
    for field, value in ((EPOCHS, "7"), (HIDDEN, "40, 20")):
        page.locator(field).fill(value)
        page.locator(field).press("Enter")
        wait_idle(page)
    wait_until("the browser to keep it", lambda: "40,20" in (page.evaluate(KEPT) or ""), page)
    page.reload()
    expect_typed(page)
    # Home's address holds nothing of it.
    go_home(page)
    reload_home(page)
    assert "draft" not in page.url
    go(page, "Train")
    expect_typed(page)
    server.restart()
    page.reload()
    expect_typed(page)
    assert_no_exception(page)


def test_anothers_text_in_the_browser_is_refused_as_text(page):
    page, _ = page
    text = "<img src=x onerror='window.harmed = true'> **bold**"
    for draft in (text, json.dumps({"settings": {"train.epochs": text}})):
        page.evaluate("text => localStorage.setItem('aecore-drafts', JSON.stringify({ train: text }))", draft)
        reload_home(page)
        go(page, "Train")
        warning = page.get_by_test_id("stAlert").filter(has_text="The settings that this browser kept")
        warning.wait_for()
        assert warning.locator("img, strong").count() == 0
        expect(page.locator(EPOCHS)).to_have_value(re.compile(r"[0-9]+"))
        go_home(page)
    assert not page.evaluate("window.harmed")
    assert_no_exception(page)


def test_nonsense_in_the_browser_counts_as_nothing_and_is_written_over(page):
    page, server = page
    # Of the same origin, without the app, whose own keeper would tell and write what this test has stored.
    page.goto(f"{server.url}/_stcore/health")
    for nonsense in ("no json", "null", "3", '"text"', '["a"]', '{"train": {"a": 1}, "other": 3}'):
        told, kept = page.evaluate(MOUNT, [script("keeper/keeper.js"), nonsense])
        assert told is None
        assert kept == {"train": "new"}
    told, kept = page.evaluate(MOUNT, [script("keeper/keeper.js"), '{"train": "old", "grid": "kept"}'])
    assert told == {"train": "old", "grid": "kept"}
    assert kept == {"train": "new", "grid": "kept"}
