"""A move of the Choose page's sliders to the other member's pictures, in a real browser.

A server is started on a copy of the shipped grid and Chromium opens Choose. A slider is moved by one key
press at a time; what is timed, by the page's own clock, is key down to the frame after the other member's
pictures are on their canvases (`pictures`), and, since the charts and the link come from the server, key
down to the other place in the address (`charts`).
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.gallery.shipped import UNITS
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto, wait_idle
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Page

SLIDER = '.board input[data-axis="0"]'

# A component lives in a shadow tree, into which locators see and the document's own queries don't.
WATCH = """(board) => {
  const pixels = () => [...board.querySelectorAll("canvas[data-row=here]")].map((c) => c.toDataURL()).join();
  const before = pixels(), address = location.href;
  let pressed = null;
  addEventListener("keydown", () => { pressed = performance.now(); }, { capture: true, once: true });
  const until = (there) => new Promise((resolve) => {
    const look = () => {
      if (pressed !== null && there()) requestAnimationFrame(() => resolve(performance.now() - pressed));
      else requestAnimationFrame(look);
    };
    look();
  });
  window.pictures = until(() => pixels() !== before);
  window.charts = until(() => location.href !== address);
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Median and 95th percentile of 30 moves in ms, 8 with `quick`. RuntimeError without Chromium."""
    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    grid = ROOT / "checkpoints" / UNITS.folder
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "checkpoints"
        shutil.copytree(grid, root / grid.name)
        data = Path(os.environ.get("AECORE_DATA") or find_mnist() or folder)
        server = Server(root, data, Path(folder) / "server.log")
        server.start(timeout=180)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(180_000)
            goto(page, server)
            goto(page, server, f"choose?grid={grid.name}&at=0-0-0", expect=SLIDER)
            return rows(moves(page, 8 if quick else 30))
        finally:
            browser.close()
            server.stop()


def moves(page: Page, count: int) -> list[dict[str, float]]:
    """Times in ms of that many key presses on the first slider, to its end and back."""
    slider = page.locator(SLIDER)
    found: list[dict[str, float]] = []
    key = "ArrowRight"
    while len(found) < count:
        wait_idle(page, SLIDER, timeout=180)
        now, last = (int(slider.evaluate(f"input => input.{name}")) for name in ("value", "max"))
        key = {0: "ArrowRight", last: "ArrowLeft"}.get(now, key)
        slider.focus()
        page.locator(".board").evaluate(WATCH)
        page.keyboard.press(key)
        found.append({name: page.evaluate(f"() => window.{name}") for name in ("pictures", "charts")})
    return found


def rows(times: list[dict[str, float]]) -> list[dict[str, Any]]:
    """A row for each of the two times."""
    found = []
    for name in ("pictures", "charts"):
        values = sorted(time[name] for time in times)
        found.append(
            {
                "to": name,
                "p50_ms": statistics.median(values),
                "p95_ms": values[int(0.95 * (len(values) - 1))],
                "moves": len(values),
            }
        )
    return found
