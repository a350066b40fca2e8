"""What axe-core calls serious or critical on a page, in both themes, but for what is Streamlit's own; and how
far what stands on a page is moved while it comes up.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.tools import WATCH_VITALS, goto, vitals, wait_idle

PAGES = (
    *("", "train", "new_grid", "runs", "reconstructions", "codes", "interpolation", "units"),
    *("sparsity", "choose", "questions", "training", "network", "data", "denoising", "own_images"),
    *("contrasts", "features", "generation"),
)

DRAWN_IN = """(scheme) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const [red] = getComputedStyle(app).backgroundColor.match(/\\d+/g);
  return (red > 128) === (scheme === "light");
}"""
"""Whether the page has the theme's background."""

STEADY = 0.1
"""Largest cumulative layout shift that counts as good (web.dev/cls)."""

STREAMLITS_OWN = {"list", "listitem"}
"""The list of pages in the sidebar, whose sections are wrapped once more."""


@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_is_hard_to_read_or_without_a_name(server, open_page, name):
    page = open_page(color_scheme="light")
    page.add_init_script(WATCH_VITALS)
    goto(page, server, name)
    wait_idle(page)
    page.wait_for_timeout(1000)
    seen = vitals(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(DRAWN_IN, arg=scheme)
        # What stays: a page that is just being drawn may be without its colours for a moment.
        for _ in range(3):
            if not (grave := _grave(page)):
                break
            page.wait_for_timeout(1000)
        assert not grave, scheme
    assert seen["shift"] < STEADY, seen["moved"]


def _grave(page):
    """What axe-core calls serious or critical now: the rule, the element's markup, what to do."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (violation["id"], node["html"][:200], node["failureSummary"])
        for violation in found
        if violation["impact"] in ("serious", "critical") and violation["id"] not in STREAMLITS_OWN
        for node in violation["nodes"]
    ]
