"""Visits of every page in a real browser: from the click in the sidebar to the page drawn to its end.

A server on a copy of the shipped runs and grids, and Chromium, which stays in one session. "first" loads what
the page needs (torch, the images, t-SNE's neighbours); the later visits are what a person meets who goes to
and fro. A page is drawn when its script has come to its end. After the visits each page is opened once more
by its address, in a session of its own: "paint" is then its first contentful paint and "largest" the largest
one, "shift" is its cumulative layout shift (good is below 0.1), and "task" its longest task.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, WATCH_VITALS, Server, goto, vitals
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LINK = '[data-testid="stSidebarNavLink"]'

AFTER = 3000
"""Milliseconds after a page's script has ended."""

VISIT = """([links, number]) => new Promise((resolve, reject) => {
  const link = document.querySelectorAll(links)[number];
  const started = performance.now();
  let ran = false;
  const look = () => {
    const running = document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== "notRunning";
    const waited = performance.now() - started;
    ran ||= running;
    if (ran && !running && location.pathname === new URL(link.href).pathname) return resolve(waited);
    if (waited > 60_000) return reject(new Error(`no end of ${link.href} in a minute`));
    requestAnimationFrame(look);
  };
  link.click();
  look();
})"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row a page: seconds of the first visit, median and slowest of 5 later ones (2 with `quick`), and how
    it comes up in a session of its own.
    """
    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", root)
        os.environ["AECORE_CACHE"] = str(Path(folder) / "cache")
        server = Server(root, find_mnist() or Path(folder), Path(folder) / "server.log")
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            goto(page, server)
            names = [text.split("\n")[-1].strip() for text in page.locator(LINK).all_inner_texts()]
            addresses = page.locator(LINK).evaluate_all("links => links.map(link => link.pathname)")
            rounds = [_round(page, names) for _ in range(3 if quick else 6)]
            page.close()
            loads = [_load(browser, server, address) for address in addresses]
        finally:
            browser.close()
            server.stop()
    return [
        {
            "page": name,
            "first s": rounds[0][name],
            "later s": statistics.median(later := [visits[name] for visits in rounds[1:]]),
            "slowest later s": max(later),
            **load,
        }
        for name, load in zip(names, loads, strict=True)
    ]


def _load(browser: Browser, server: Server, address: str) -> dict[str, float]:
    """How a page comes up that is opened by its address."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    try:
        page.add_init_script(WATCH_VITALS)
        goto(page, server, address)
        # Pictures and charts come a moment after the script's end.
        page.wait_for_timeout(AFTER)
        seen = vitals(page)
    finally:
        page.close()
    return {
        "paint s": seen["first"] / 1000,
        "largest s": seen["largest"] / 1000,
        "shift": seen["shift"],
        "task ms": seen["longest"],
    }


def _round(page: Page, names: list[str]) -> dict[str, float]:
    """Seconds of one visit of each page, in the order of the sidebar."""
    seconds = {}
    for number in [*range(1, len(names)), 0]:
        seconds[names[number]] = page.evaluate(VISIT, [LINK, number]) / 1000
        page.wait_for_timeout(300)
    return seconds
