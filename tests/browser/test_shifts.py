"""What stands on a page that comes up stays where it is: its cumulative layout shift is good, below 0.1."""

import pytest

from tests.browser.tools import WATCH_VITALS, assert_no_exception, goto, settle, vitals, wait_drawn

GOOD = 0.1
LIST_OF_PAGES = '[data-testid="stSidebarNav"]'


@pytest.mark.parametrize("path", ["train", "interpolation", "choose", "network", "data"])
def test_a_page_that_comes_up_moves_little(server, browser_page, path):
    page = browser_page
    page.add_init_script(WATCH_VITALS)
    goto(page, server, path)
    wait_drawn(page)
    page.wait_for_load_state("networkidle")
    # What comes last, such as a chart, is drawn once nothing is waited for.
    settle(page, frames=20)
    seen = vitals(page)
    assert seen["first"] > 0
    assert seen["shift"] < GOOD, f"what moved last was in {seen['moved']}"
    assert_no_exception(page)


def test_a_shift_is_seen(browser_page):
    """Else the tests above would hold whatever moves."""
    page = browser_page
    page.add_init_script(WATCH_VITALS)
    page.goto("data:text/html,<div id=above></div><div style='height:300px;background:red'>below</div>")
    settle(page)
    page.evaluate("document.getElementById('above').style.height = '400px'")
    page.wait_for_function("window.vitals.shift > 0.1")


def test_the_place_kept_for_the_list_of_pages_is_as_high_as_the_list(server, browser_page):
    page = browser_page
    goto(page, server, "questions")
    page.locator(LIST_OF_PAGES).wait_for()
    height, kept = page.evaluate(
        """([list, content]) => {
          const listed = document.querySelector(list);
          const height = listed.getBoundingClientRect().height;
          listed.remove();
          return [height, parseFloat(getComputedStyle(document.querySelector(content)).marginTop)];
        }""",
        [LIST_OF_PAGES, '[data-testid="stSidebarUserContent"]'],
    )
    assert kept == pytest.approx(height, abs=20)
