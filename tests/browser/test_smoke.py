"""The app opens in a real browser."""

from tests.browser.tools import assert_no_exception, goto, screenshot


def test_root_opens_without_exception(server, browser_page):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    goto(browser_page, server)
    assert_no_exception(browser_page)
    assert errors == []
    screenshot(browser_page, "root")


def test_a_link_is_followed_by_a_server_that_has_just_begun(start_server, open_page):
    """Streamlit would show "Page not found" over the page."""
    server, page = start_server(fresh=True), open_page()
    goto(page, server, "runs")
    # It loads itself once more; what comes then is the page alone.
    page.wait_for_function("performance.getEntriesByType('navigation')[0].type === 'reload'")
    page.locator("h1").filter(has_text="Runs").wait_for()
    assert page.get_by_role("dialog").count() == 0
    with page.expect_navigation():  # the open page connects again, is told of no page, and loads itself anew
        server.restart()
    page.locator("h1").filter(has_text="Runs").wait_for()
    assert page.get_by_role("dialog").count() == 0
