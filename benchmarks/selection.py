"""The Codes page with 10,000 MNIST codes in a real browser: selection to mosaic, pointer to picture, bytes.

The shipped run's page is opened in headless Chromium. A lasso is drawn 20 times, in turn around two places;
what is timed, by the page's own clock, is from letting go of the button to the new mosaic of originals and
reconstructions, decoded, in the document. A picture at the pointer is timed from the pointer's event to the
end of drawing it. Bytes are all that the server sent.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.gallery import shipped as gallery
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto, wait_idle
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Page

OVERLAY = ".st-key-codes_map .overlay"
LASSOS = (
    ((0.3, 0.3), (0.5, 0.25), (0.6, 0.45), (0.45, 0.6), (0.3, 0.5)),
    ((0.4, 0.5), (0.6, 0.5), (0.65, 0.7), (0.5, 0.8), (0.35, 0.7)),
)

WATCH = """() => {
  const picture = () => document.querySelector('img[alt^="selected images"]');
  const before = picture()?.src;
  window.selected = new Promise((resolve) => {
    let released = null;
    addEventListener("pointerup", () => { released = performance.now(); }, {capture: true, once: true});
    const observer = new MutationObserver(async () => {
      const image = picture();
      if (released === null || !image || image.src === before) return;
      observer.disconnect();
      await image.decode();
      resolve(performance.now() - released);
    });
    observer.observe(document.body, {subtree: true, childList: true, attributes: true});
  });
}"""

HOVER = """(overlay) => {
  const box = overlay.getBoundingClientRect();
  const times = [];
  for (let i = 0; i < 200; i++) {
    const options = {clientX: box.x + box.width * (0.2 + 0.003 * i), clientY: box.y + box.height * 0.5};
    const start = performance.now();
    overlay.dispatchEvent(new PointerEvent("pointermove", {pointerType: "mouse", pointerId: 1, ...options}));
    times.push(performance.now() - start);
  }
  return times;
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of median and 95th percentile; 6 selections with `quick`. RuntimeError without Chromium."""
    chromium, mnist = find_chromium(), find_mnist()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    if mnist is None:
        raise RuntimeError("this benchmark needs MNIST's four files under AECORE_DATA")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["AECORE_CACHE"] = folder
        root = Path(folder) / "checkpoints"
        key = next(r.folder for r in gallery.RUNS if r.config.data.name == "mnist")
        shutil.copytree(ROOT / "checkpoints" / key, root / key)
        server = Server(root, mnist, Path(folder) / "server.log")
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            sent: list[int] = []
            page.on(
                "websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame)))
            )
            goto(page, server)
            sent.clear()
            goto(page, server, f"codes?run={key}", expect=OVERLAY)
            page.locator(f"{OVERLAY}[data-mapping]").wait_for()
            # What the page draws last, which takes some seconds the first time.
            page.get_by_text("neighbours tell the class").first.wait_for(timeout=120_000)
            page.wait_for_timeout(1000)
            first = sum(sent)
            selections = [_select(page, LASSOS[i % 2]) for i in range(3 + (6 if quick else 20))][3:]
            return [
                _row("selection to mosaic, ms", selections),
                _row("pointer to picture, ms", page.locator(OVERLAY).evaluate(HOVER)),
                _row("page and 10,000 points with pictures, MB", [first / 1e6]),
                _row("each selection, kB", [(sum(sent) - first) / 1e3 / (len(selections) + 3)]),
            ]
        finally:
            browser.close()
            server.stop()


def _select(page: Page, lasso: tuple[tuple[float, float], ...]) -> float:
    """Milliseconds from letting go to the mosaic."""
    box = page.locator(OVERLAY).bounding_box()
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in lasso]
    page.evaluate(WATCH)
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    milliseconds = page.evaluate("window.selected")
    wait_idle(page, OVERLAY)
    page.wait_for_timeout(200)
    return milliseconds


def _row(what: str, values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "what": what,
        "times": len(values),
        "p50": statistics.median(values),
        "p95": ordered[round(0.95 * (len(ordered) - 1))],
    }
