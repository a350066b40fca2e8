"""What axe-core calls serious or critical on a page, in both themes, but for what is Streamlit's own."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.tools import goto, wait_idle

PAGES = (
    *("", "train", "new_grid", "runs", "reconstructions", "codes", "interpolation", "units"),
    *("sparsity", "choose", "questions", "training", "network", "data", "denoising", "own_images"),
    *("contrasts", "features", "generation"),
)

STREAMLITS_OWN = {"list", "listitem"}
"""The list of pages in the sidebar, whose sections are wrapped once more."""


@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_is_hard_to_read_or_without_a_name(server, open_page, name):
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        goto(page, server, name)
        wait_idle(page)
        # What stays: a page that is just being drawn may be without its colours for a moment.
        for _ in range(3):
            if not (grave := _grave(page)):
                break
            page.wait_for_timeout(1000)
        assert not grave, scheme


def _grave(page):
    """What axe-core calls serious or critical now: the rule, the element's markup, what to do."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (violation["id"], node["html"][:200], node["failureSummary"])
        for violation in found
        if violation["impact"] in ("serious", "critical") and violation["id"] not in STREAMLITS_OWN
        for node in violation["nodes"]
    ]
