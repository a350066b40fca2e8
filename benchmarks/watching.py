"""What watching a training costs the server, and the training.

Chromium opens no page, a few of Train, and one of Home, while a run trains that a page would have started.
Each state lasts some seconds, in two rounds; what is told is the server's processor time as a share of one
core, and the training's steps a second as a ratio to those without a page.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from aecore import jobs, store
from aecore.gallery import shipped as gallery
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STATES = {
    "no page": (),
    "Train": ("train",),
    "Train twice": ("train", "train"),
    "Home": ("",),
}
SETTLING = 5.0
"""Seconds between the opening of the pages and the measure."""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each state, over 2 rounds of 20 seconds (1 of 10 with `quick`).

    Raises RuntimeError in one sentence without Chromium.
    """
    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    mnist = find_mnist()
    shipped = next(r for r in gallery.RUNS if r.config.data.name == ("mnist" if mnist else "digits"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", root)
        # The trainer's device lock lies in the temporary folder: no other training is waited for.
        os.environ |= {"TMPDIR": folder, "OMP_NUM_THREADS": "1", "AECORE_CHECKPOINTS": str(root)}
        server = Server(root, mnist or Path(folder), Path(folder) / "server.log")
        os.environ["AECORE_DATA"] = str(server.data)
        with server:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
            try:
                config = shipped.config.with_values({"train.epochs": 2000, "train.seed": 1})
                path = store.create_run(config, "watched", root)
                jobs.start(path)
                return _measured(browser, server, path, (1, 10.0) if quick else (2, 20.0))
            finally:
                browser.close()


def _measured(browser: Browser, server: Server, path: Path, plan: tuple[int, float]) -> list[dict[str, Any]]:
    rounds, seconds = plan
    shares: dict[str, list[float]] = {state: [] for state in STATES}
    speeds: dict[str, list[float]] = {state: [] for state in STATES}
    _wait_for_epochs(path, 2)
    for _ in range(rounds):
        for state, pages in STATES.items():
            opened = [browser.new_page(viewport={"width": 1440, "height": 900}) for _ in pages]
            for page, address in zip(opened, pages, strict=True):
                goto(page, server)
                goto(page, server, address, ".st-key-sidebar_stop")
                page.wait_for_timeout(SETTLING * 1000)
            share, speed = _over(server, path, seconds)
            shares[state].append(share)
            speeds[state].append(speed)
            for page in opened:
                page.close()
            time.sleep(1)
    alone = sum(speeds["no page"])
    return [
        {
            "pages": state,
            "of a core": sum(shares[state]) / rounds,
            "lowest": min(shares[state]),
            "training's speed": sum(speeds[state]) / alone,
        }
        for state in STATES
    ]


def _over(server: Server, path: Path, seconds: float) -> tuple[float, float]:
    """Share of a core that the server takes, and the training's steps a second, over some seconds."""
    process = psutil.Process(server.pid)
    before, steps, started = process.cpu_times(), _steps(path), time.monotonic()
    time.sleep(seconds)
    after, spent = process.cpu_times(), time.monotonic() - started
    used = after.user + after.system - before.user - before.system
    return used / spent, (_steps(path) - steps) / spent


def _steps(path: Path) -> int:
    progress = store.read_progress(path)
    return progress.epoch * progress.steps + progress.step


def _wait_for_epochs(path: Path, epochs: int, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while store.read_progress(path).epoch < epochs:
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {epochs} epochs")
        time.sleep(0.2)
