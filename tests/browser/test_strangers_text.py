"""Text of strangers, in a run's name or in a link, makes the browser neither fetch nor offer anything."""

import json
import os
import shutil
import time
from dataclasses import replace
from urllib.parse import urlencode

from playwright.sync_api import expect

from aecore import jobs, store
from aecore.results import Progress
from aecore.store import names
from tests.browser.tools import ROOT, assert_no_exception, goto
from tests.pages.test_every_page import PAGES

STRANGER = "evil.example"
TEXT = f"![x](http://{STRANGER}/r.png) **[log in](http://{STRANGER}/login)**"
LEADS_THERE = ", ".join(
    f'[{attribute}*="{STRANGER}"]' for attribute in ("href", "src", "srcset", "action", "style")
)


def test_a_run_named_in_markdown_fetches_and_links_nothing(start_server, browser_page):
    server = start_server()
    for path in (server.checkpoints / "shown", server.checkpoints / "waiting"):
        shutil.copytree(ROOT / "checkpoints" / "digits-post-12-s0-f3512007", path)
        config = json.loads((path / names.CONFIG).read_text())
        (path / names.CONFIG).write_text(json.dumps(config | {"name": TEXT}))
        seem_queued(path)
    asked = []
    browser_page.on("request", lambda request: asked.append(request.url))

    # The run named in the link is not there: the page says so, and shows the one of the same words.
    link = urlencode({"run": TEXT, "grid": TEXT, "units_find": TEXT})
    for page in [page.split("/")[-2] for page in PAGES]:
        goto(browser_page, server, f"{'' if page == 'home' else page}?{link}")
        sidebar = browser_page.get_by_test_id("stSidebar")
        for words in ("names the run", "waits:", "in line for the CPU, behind"):
            expect(sidebar).to_contain_text(f"{words} ![x](")
        assert_no_exception(browser_page)
        found = browser_page.locator(LEADS_THERE).evaluate_all("all => all.map(one => one.outerHTML)")
        assert found == [], page

    assert len(asked) > len(PAGES)
    own = (f"{server.url}/", f"blob:{server.url}/", "data:")
    assert [url for url in asked if not url.startswith(own)] == []


def seem_queued(path):
    """Makes the run look as if this process were waiting to train it."""
    own, now = os.getpid(), time.time()
    progress = Progress("queued", pid=own, process_started=jobs.process_start(own), submitted=now)
    store.write_progress(path, replace(progress, heartbeat=now, message=TEXT, device="cpu", threads=1))
