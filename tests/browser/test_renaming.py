"""Renaming on Runs: by one click or by Enter, and a name that is too long is refused in a sentence."""

import shutil

from aecore import store
from tests.browser.tools import ROOT, assert_no_exception, goto, wait_until

RUN = "digits-post-12-s0-f3512007"


def test_enter_and_one_click_rename_and_300_characters_are_refused(start_server, browser_page):
    page, server = browser_page, start_server()
    path = shutil.copytree(ROOT / "checkpoints" / RUN, server.checkpoints / "mine")
    goto(page, server, "runs?run=mine", expect=".st-key-runs_rename_popover")

    def name():
        return store.read_info(path).name

    def open_field():
        field = page.locator('[data-testid="stPopoverBody"] input')
        if not field.is_visible():
            page.locator(".st-key-runs_rename_popover button").click()
        field.wait_for()
        return field

    before = name()
    field = open_field()
    field.fill("x" * 300)
    field.press("Enter")
    page.get_by_text("a name has at most 120 characters, not 300").wait_for()
    assert name() == before
    field = open_field()
    field.fill("by Enter")
    field.press("Enter")
    wait_until("the new name", lambda: name() == "by Enter", page)
    page.get_by_role("heading", name="by Enter").wait_for()
    field = open_field()
    field.fill("by one click")
    page.locator('[data-testid="stPopoverBody"]').get_by_role("button", name="Rename").click()
    wait_until("the new name", lambda: name() == "by one click", page)
    assert_no_exception(page)
