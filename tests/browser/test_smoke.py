"""The app opens in a real browser."""

from tests.browser.tools import assert_no_exception, goto, screenshot


def test_root_opens_without_exception(server, browser_page):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    goto(browser_page, server)
    assert_no_exception(browser_page)
    assert errors == []
    screenshot(browser_page, "root")
