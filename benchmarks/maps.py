"""Maps of codes: t-SNE beside scikit-learn and plain openTSNE, and frames a second while a map is dragged.

The codes are those of the shipped run of the post's network on MNIST. All start from the first two principal
components with perplexity 30, on as many threads as there are cores: ours 250 exaggerated iterations and
500 from exact neighbours, openTSNE by its defaults (approximate neighbours), scikit-learn by its own (1,000
iterations). "another perplexity" is ours with 15 after 30, whose neighbours are among those known. CPU
seconds are there because wall clock says little on a busy machine; trustworthiness is of 12 neighbours.

Frames are those that Chromium shows, without a GPU, while the pointer drags a map of that many points;
"CPU ms a frame" is the processor time of all its processes, of which a busy machine takes less than of time.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Page

PERPLEXITY = 30
OVERLAY = ".st-key-map .overlay"
LARGEST_FOR_SKLEARN = 10_000
"""Codes up to which scikit-learn is asked: it takes some ten times as long as the others."""
MOST_RATED = 10_000
"""Codes whose trustworthiness is measured: of more, that of the map of so many of them."""

DRAG = """async ([selector, seconds]) => {
  const find = (root) => {
    const found = root.querySelector(selector.split(" ").pop());
    if (found) return found;
    for (const node of root.querySelectorAll("*")) {
      const inner = node.shadowRoot && find(node.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const overlay = find(document);
  const box = overlay.getBoundingClientRect();
  const send = (kind, x, y) => overlay.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, pointerType: "mouse", button: 0, buttons: 1, bubbles: true, isPrimary: true,
    clientX: box.left + x, clientY: box.top + y,
  }));
  overlay.setPointerCapture = () => {};
  const [x, y] = [box.width / 2, box.height / 2];
  const intervals = [];
  send("pointerdown", x, y);
  const began = performance.now();
  let last = null;
  await new Promise((resolve) => {
    const frame = (now) => {
      if (last !== null) intervals.push(now - last);
      last = now;
      const passed = (performance.now() - began) / 1000;
      if (passed > seconds) return resolve();
      send("pointermove", x + 80 * Math.sin(3 * passed), y + 60 * Math.cos(2 * passed));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  send("pointerup", x, y);
  return intervals.slice(2);
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of the dragged maps, then of the t-SNEs at 2,000, 10,000 and 60,000 codes.

    With `quick` no more than 2,000.
    """
    rows = [_dragged(count, 3 if quick else 10) for count in (10_000, 60_000)]
    counts = (2_000,) if quick else (2_000, 10_000, 60_000)
    return [*rows, *(row for count in counts for row in _tsnes(count))]


def _tsnes(count: int) -> list[dict[str, Any]]:
    import openTSNE
    import torch
    from sklearn.manifold import TSNE

    from aecore.analysis.neighbors import trustworthiness
    from aecore.analysis.tsne import tsne
    from aecore.data import load
    from aecore.gallery import shipped as gallery
    from aecore.store import load_run

    path = ROOT / "checkpoints" / next(r.folder for r in gallery.RUNS if r.config.data.name == "mnist")
    run = load_run(path)
    data = load("mnist")
    codes = run.encode(torch.cat([data.test_images, data.train_images])[:count]).numpy()
    jobs = torch.get_num_threads()
    methods: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: tsne(codes, PERPLEXITY).embedding,
        "ours, another perplexity": lambda: tsne(codes, PERPLEXITY / 2).embedding,
        "openTSNE": lambda: np.asarray(openTSNE.TSNE(n_jobs=jobs, random_state=0).fit(codes)),
    }
    if count <= LARGEST_FOR_SKLEARN:
        methods["scikit-learn"] = lambda: TSNE(init="pca", random_state=0, n_jobs=jobs).fit_transform(codes)
    rated = np.sort(np.random.default_rng(0).permutation(count)[:MOST_RATED])
    rows = []
    for method, place in methods.items():
        wall, processor = time.perf_counter(), time.process_time()
        points = place()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        trust = trustworthiness(codes[rated], points[rated])
        rows.append(_row(f"t-SNE, {method}", count, wall, processor, trust))
    return rows


def _dragged(points: int, seconds: float) -> dict[str, Any]:
    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["AECORE_BENCHMARK_POINTS"] = str(points)
        script = Path(__file__).parent / "_page" / "map.py"
        root = Path(folder) / "checkpoints"
        root.mkdir()
        server = Server(root, find_mnist() or Path(folder), Path(folder) / "server.log", script)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            goto(page, server, expect=OVERLAY)
            page.locator(f"{OVERLAY}[data-mapping]").wait_for()
            return _frames(page, points, seconds)
        finally:
            browser.close()
            server.stop()


def _frames(page: Page, points: int, seconds: float) -> dict[str, Any]:
    page.evaluate(DRAG, [OVERLAY, 0.5])
    started, before = time.perf_counter(), _browser_seconds()
    intervals = page.evaluate(DRAG, [OVERLAY, seconds])
    if len(intervals) < 2:
        raise RuntimeError(f"no two frames in {seconds} s: the machine has no time for the browser")
    used = _browser_seconds() - before
    row = _row("dragging the map", points, time.perf_counter() - started, used)
    row |= {
        "frames a second": 1000 / statistics.mean(intervals),
        "slowest of 20, ms": statistics.quantiles(intervals, n=20)[-1],
        "CPU ms a frame": 1000 * used / len(intervals),
    }
    return row


def _browser_seconds() -> float:
    """Processor time of Chromium, all its processes together."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "chrom" in process.name():
                times = process.cpu_times()
                total += times.user + times.system
    return total


def _row(
    what: str, points: int, seconds: float, cpu: float | str = "", trust: float | str = ""
) -> dict[str, Any]:
    row = {
        "what": what,
        "points": points,
        "seconds": round(seconds, 2),
        "CPU seconds": cpu if isinstance(cpu, str) else round(cpu, 2),
        "trustworthiness": trust if isinstance(trust, str) else round(trust, 4),
        "frames a second": "",
        "slowest of 20, ms": "",
        "CPU ms a frame": "",
    }
    print(*row.values(), file=sys.stderr)
    return row
