"""A server that starts: seconds until it answers, and from its first request to the page's first words.

Each start is a server of its own on a copy of the shipped runs, with nothing kept from before, and a page of
its own in a Chromium that is there already. "up" is until the server answers, "first words" from the request
of Home until its title is seen: Streamlit's own code in the browser, then the first run of the page.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from benchmarks.memory import first_words, served
from tests.browser.tools import wait_idle

STARTS, STARTS_QUICK = 9, 3


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row for each of the two: median, least and most seconds. RuntimeError without Chromium."""
    up, words = [], []
    for _ in range(STARTS_QUICK if quick else STARTS):
        with served() as (server, page, _counter):
            # The browser's own first page is not what is measured.
            page.goto("about:blank")
            server.stop()
            started = time.perf_counter()
            server.start()
            up.append(time.perf_counter() - started)
            words.append(first_words(page, server))
            wait_idle(page)
            page.wait_for_load_state("networkidle")
    return [
        {
            "what": what,
            "starts": len(found),
            "median s": median(found),
            "least": min(found),
            "most": max(found),
        }
        for what, found in (("up", up), ("first words", words))
    ]
