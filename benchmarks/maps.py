"""Maps of codes: t-SNE beside scikit-learn and plain openTSNE, and frames a second while a map is dragged.

The codes are those of the shipped run of the post's network on MNIST. All start from the first two principal
components with perplexity 30, on as many threads as there are cores: ours 250 exaggerated iterations and
500 from exact neighbours, openTSNE by its defaults (approximate neighbours), scikit-learn by its own (1,000
iterations). "another perplexity" is ours with 15 after 30, whose neighbours are among those known. CPU
seconds are there because wall clock says little on a busy machine; trustworthiness is of 12 neighbours.

Frames are those that Chromium shows, without a GPU, while the pointer drags or zooms the Codes page's map of
that many codes: MNIST's test images and its training images, on principal components. "CPU ms a frame" is the
processor time of all its processes, of which a busy machine takes less than of time; "browser MB" their
memory, shared pages in proportion. "opening the page" is from its link to the map's first picture, when the
server has what it shows: seconds, and what is sent.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import psutil

from benchmarks.memory import served
from tests.browser.tools import ROOT, wait_idle

if TYPE_CHECKING:
    from playwright.sync_api import Page

PERPLEXITY = 30
OVERLAY = ".st-key-codes_map .overlay"
PATIENCE = 300
LARGEST_FOR_SKLEARN = 10_000
"""Codes up to which scikit-learn is asked: it takes some ten times as long as the others."""
MOST_RATED = 10_000
"""Codes whose trustworthiness is measured: of more, that of the map of so many of them."""

MOVE = """async ([selector, seconds, zooms]) => {
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
  if (!zooms) send("pointerdown", x, y);
  const began = performance.now();
  let last = null;
  await new Promise((resolve) => {
    const frame = (now) => {
      if (last !== null) intervals.push(now - last);
      last = now;
      const passed = (performance.now() - began) / 1000;
      if (passed > seconds) return resolve();
      if (zooms) overlay.dispatchEvent(new WheelEvent("wheel", {
        deltaY: 40 * Math.cos(2 * passed), clientX: box.left + x, clientY: box.top + y, cancelable: true,
      }));
      else send("pointermove", x + 80 * Math.sin(3 * passed), y + 60 * Math.cos(2 * passed));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  if (!zooms) send("pointerup", x, y);
  return intervals.slice(2);
}"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of the maps in the browser, then of the t-SNEs at 2,000, 10,000 and 60,000 codes.

    With `quick` no more than 2,000.
    """
    counts = (2_000,) if quick else (2_000, 10_000, 60_000)
    return [*_moved(3 if quick else 10), *(row for count in counts for row in _tsnes(count))]


def _tsnes(count: int) -> list[dict[str, Any]]:
    import openTSNE
    import torch
    from sklearn.manifold import TSNE

    from aecore.analysis.neighbors import trustworthiness
    from aecore.analysis.tsne import tsne
    from aecore.data import load
    from aecore.store import load_run

    run = load_run(ROOT / "checkpoints" / _folder())
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


def _folder() -> str:
    """Of the shipped run of MNIST."""
    from aecore.gallery import shipped as gallery

    return next(run.folder for run in gallery.RUNS if run.config.data.name == "mnist")


def _moved(seconds: float) -> list[dict[str, Any]]:
    with served() as (server, page, counter):
        rows = []
        for points, part in ((10_000, "test images"), (60_000, "training images")):
            words = urlencode({"run": _folder(), "codes_part": part, "codes_count": "all"})
            # The first visit computes, and is for the server what none after it is.
            for _ in range(2):
                page.goto("about:blank")
                counter.take()
                started = time.perf_counter()
                page.goto(f"{server.url}/codes?{words}")
                page.locator(f"{OVERLAY}[data-mapping]").wait_for(timeout=PATIENCE * 1000)
                opened = time.perf_counter() - started
                wait_idle(page, OVERLAY, timeout=PATIENCE)
            sent = sum(counter.take()[:2])
            rows.append(_row("opening the page", points, opened) | {"sent, kB": round(sent / 1000)})
            page.locator(".st-key-codes_map [data-mode=pan]:visible").first.click()
            page.wait_for_timeout(2000)
            rows += [_frames(page, points, seconds, zooms) for zooms in (False, True)]
        return rows


def _frames(page: Page, points: int, seconds: float, zooms: bool) -> dict[str, Any]:
    page.evaluate(MOVE, [OVERLAY, 0.5, zooms])
    started, before = time.perf_counter(), _browser_seconds()
    intervals = page.evaluate(MOVE, [OVERLAY, seconds, zooms])
    if len(intervals) < 2:
        raise RuntimeError(f"no two frames in {seconds} s: the machine has no time for the browser")
    used = _browser_seconds() - before
    what = "zooming the map" if zooms else "dragging the map"
    row = _row(what, points, time.perf_counter() - started, used)
    row |= {
        "frames a second": round(1000 / statistics.mean(intervals), 1),
        "slowest of 20, ms": round(statistics.quantiles(intervals, n=20)[-1]),
        "CPU ms a frame": round(1000 * used / len(intervals), 1),
        "browser MB": round(_browser_bytes() / 1e6),
    }
    print(*row.values(), file=sys.stderr)
    return row


def _browser_bytes() -> int:
    """Memory of Chromium, all its processes together."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "chrom" in process.name():
                total += process.memory_full_info().pss
    return total


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
        "browser MB": "",
        "sent, kB": "",
    }
    print(*row.values(), file=sys.stderr)
    return row
