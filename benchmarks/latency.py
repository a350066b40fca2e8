"""Slider to picture in a real browser, idle and with a run training beside it.

A server is started on a copy of the shipped runs, Chromium opens Reconstructions, and the slider "How
many" is moved by one key press at a time; what is timed, by the page's own clock, is key down to the new
pictures in the document. Idle and training take turns in blocks, so that a slow drift of the machine
meets both. The training is one that a page would have started: a process of its own.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore import jobs, store
from aecore.config import Config
from aecore.gallery import shipped as gallery
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto, slider, wait_idle
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Page

KEY = "reconstructions_count"
COUNTS = (24, 36)
"""Two neighbouring stops of the slider, between which it goes to and fro."""

WATCH = """([count]) => {
  window.moved = new Promise((resolve) => {
    let pressed = null;
    addEventListener("keydown", () => { pressed = performance.now(); }, {capture: true, once: true});
    const observer = new MutationObserver(() => {
      if (pressed === null || !document.querySelector(`[data-pictures="${count}"]`)) return;
      observer.disconnect();
      resolve(performance.now() - pressed);
    });
    observer.observe(document.body, {subtree: true, childList: true, attributes: true});
  });
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each state: median and 95th percentile in ms, and the median's ratio to the idle one.

    30 moves a state, 8 with `quick`. Raises RuntimeError in one sentence without Chromium.
    """
    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    mnist = find_mnist()
    shipped = next(r for r in gallery.RUNS if r.config.data.name == ("mnist" if mnist else "digits"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "checkpoints"
        key = shipped.folder
        shutil.copytree(ROOT / "checkpoints" / key, root / key)
        # The trainer's device lock lies in the temporary folder: no other training is waited for.
        os.environ |= {"TMPDIR": folder, "OMP_NUM_THREADS": "1", "AECORE_CHECKPOINTS": str(root)}
        server = Server(root, mnist or Path(folder), Path(folder) / "server.log")
        os.environ["AECORE_DATA"] = str(server.data)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            goto(page, server)
            goto(page, server, f"reconstructions?run={key}&{KEY}={COUNTS[0]}", f".st-key-{KEY}")
            return _measured(page, root, shipped.config, moves=4 if quick else 15)
        finally:
            browser.close()
            server.stop()
            server.end_trainers()


def _measured(page: Page, root: Path, config: Config, moves: int) -> list[dict[str, Any]]:
    times: dict[str, list[float]] = {"idle": [], "training": []}
    config = config.with_values({"train.epochs": 100_000, "train.seed": 1})
    _moves(page, 4)
    path = store.create_run(config, "beside", root)
    for _ in range(2):
        times["idle"] += _moves(page, moves)
        jobs.start(path)
        _wait(lambda: store.read_progress(path).images_per_second, "the training to begin")
        page.locator(".st-key-sidebar_stop").wait_for()
        times["training"] += _moves(page, moves)
        jobs.stop(path)
        _wait(lambda: not jobs.active(root), "the training to stop")
        page.locator(".st-key-sidebar_stop").wait_for(state="hidden")
    idle = statistics.median(times["idle"])
    return [
        {
            "state": state,
            "moves": len(values),
            "p50_ms": statistics.median(values),
            "p95_ms": statistics.quantiles(values, n=20)[-1],
            "ratio": statistics.median(values) / idle,
        }
        for state, values in times.items()
    ]


def _moves(page: Page, count: int) -> list[float]:
    """Milliseconds of each of `count` moves, to and fro."""
    handle = slider(page, KEY)
    times = []
    for _ in range(count):
        wait_idle(page, f".st-key-{KEY}")
        page.wait_for_timeout(250)
        up = int(float(handle.get_attribute("value"))) == COUNTS[0]
        handle.focus()
        page.evaluate(WATCH, [COUNTS[1] if up else COUNTS[0]])
        page.keyboard.press("ArrowRight" if up else "ArrowLeft")
        times.append(page.evaluate("window.moved"))
    return times


def _wait(condition: Any, what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.2)
