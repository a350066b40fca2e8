"""A Streamlit server of this repository as a process, and what a person does in the browser, as functions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results"
# Trainings of lowered priority may get no time at all on a busy machine; those of tests take their turn.
STREAMLIT = "from aecore.jobs import control; control.NICE = 0; from streamlit.web.cli import main; main()"
PATIENCE = 120
"""Seconds after which a test that waits for something fails."""

TO_COME = '[data-testid="stMain"] [data-testid="stSkeleton"]'
"""What Streamlit draws in the place of an element whose code is on its way."""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
EXCEPTION = '[data-testid="stException"]'


class Server:
    """`streamlit run` on a free port of 127.0.0.1, with its own run root and data folder.

    Attributes: `url` (no trailing slash), `checkpoints`, `data`, `log` (file with what it printed).
    `stop()` then `start()`, or `restart()`, keep port and folders, so open pages reconnect. As a context it
    starts, and in the end stops together with every training begun below its run root.
    """

    def __init__(self, checkpoints: Path, data: Path, log: Path, script: Path = ROOT / "serve.py"):
        self.checkpoints, self.data, self.log, self.script = checkpoints, data, log, script
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.end_trainers()

    @property
    def pid(self) -> int:
        """Of the running server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self, timeout: float = PATIENCE) -> None:
        """Start and wait for health; RuntimeError with the server's own words when it ends or is silent."""
        command = [sys.executable, "-c", STREAMLIT, "run", str(self.script)]
        command += ["--server.headless", "true", "--server.port", str(self.port)]
        folders = {"AECORE_CHECKPOINTS": str(self.checkpoints), "AECORE_DATA": str(self.data)}
        # No other server's training is waited for.
        folders["AECORE_LOCKS"] = str(self.checkpoints.parent / "locks")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | folders, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + timeout
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The server did not come up:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server, and nothing else: training processes live on, as they must."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def wait(self, seconds: float) -> int:
        """The code that its process ends with by itself; subprocess.TimeoutExpired where it does not."""
        assert self._process is not None
        return self._process.wait(timeout=seconds)

    def restart(self) -> None:
        """Stop and start with the same folders and the same address."""
        self.stop()
        self.start()

    def end_trainers(self) -> None:
        """Kill the processes whose environment names this server's run root, but not the server."""
        server = self._process.pid if self._process else None
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("AECORE_CHECKPOINTS") == str(self.checkpoints)
                if ours and process.pid != server:
                    process.kill()
            except psutil.Error:  # another user's process, or one that has just ended
                continue

    def empty(self) -> None:
        """End the trainings, empty the run root, and have a server that runs."""
        self.end_trainers()
        for path in self.checkpoints.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if self._process is None or self._process.poll() is not None:
            self.start()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                return answer.read() == b"ok"
        except (urllib.error.URLError, OSError):
            return False


def data_folder() -> Path:
    """The data folder of this test session."""
    return Path(os.environ["AECORE_DATA"])


def wait_idle(page: Page, expect: str | None = None, timeout: float = PATIENCE) -> None:
    """Wait until the script has run and, because a page can be idle before it has begun, until a selector
    is visible: `expect`, or else anything in the main area. Seconds; raises Playwright's TimeoutError.
    """
    page.locator(expect or '[data-testid="stMain"] [data-testid="stElementContainer"]').first.wait_for(
        state="visible" if expect else "attached", timeout=timeout * 1000
    )
    page.locator(IDLE).wait_for(state="attached", timeout=timeout * 1000)


def wait_drawn(page: Page, timeout: float = PATIENCE) -> None:
    """Wait until nothing in the main area is a mere place for what is to come. Seconds."""
    page.wait_for_function(f"!document.querySelector('{TO_COME}')", timeout=timeout * 1000)


def wait_until(
    what: str,
    condition: Callable[[], Any],
    page: Page | None = None,
    sign: Callable[[], Any] | None = None,
) -> Any:
    """Wait until `condition()` is true and return what it gave; AssertionError with `what` after PATIENCE.

    With a `page`, its events go on meanwhile. With a `sign` of life, such as a training's progress, it is
    PATIENCE without a new sign.
    """
    deadline, last = time.monotonic() + PATIENCE, sign and sign()
    while not (found := condition()):
        if sign and (now := sign()) != last:
            deadline, last = time.monotonic() + PATIENCE, now
        ending = f"; the last sign was {last}" if sign else ""
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}{ending}"
        page.wait_for_timeout(50) if page else time.sleep(0.05)
    return found


def rerun(page: Page) -> None:
    """Run the page's script again by Streamlit's key for it, and wait until that run has ended."""
    page.locator(IDLE).evaluate(
        """app => {
          let began = false;
          window.rerunEnded = new Promise(done => new MutationObserver(() => {
            if (app.dataset.testScriptState !== "notRunning") began = true;
            else if (began) done(true);
          }).observe(app, { attributes: true }));
        }"""
    )
    # To the document: typed in one of our components, the key would not reach Streamlit.
    page.evaluate(
        """() => {
          const press = (kind) => document.dispatchEvent(new KeyboardEvent(kind, { key: "r" }));
          ["keydown", "keyup"].forEach(press);
        }"""
    )
    page.wait_for_function("window.rerunEnded")


WATCH_VITALS = """
  window.vitals = { largest: 0, shift: 0, longest: 0 };
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true });
  watch("largest-contentful-paint", (entry) => (window.vitals.largest = entry.startTime));
  watch("longtask", (entry) => (window.vitals.longest = Math.max(window.vitals.longest, entry.duration)));
  // Cumulative layout shift: the largest sum within five seconds without a second of rest (web.dev/cls).
  let first = 0, last = 0, sum = 0;
  watch("layout-shift", (entry) => {
    if (entry.hadRecentInput) return;
    const goesOn = entry.startTime - last < 1000 && entry.startTime - first < 5000;
    if (!goesOn) { first = entry.startTime; sum = 0; }
    last = entry.startTime;
    sum += entry.value;
    window.vitals.shift = Math.max(window.vitals.shift, sum);
    const named = (node) => (node?.closest?.("[class*=st-key]") ?? node)?.className;
    window.vitals.moved = entry.sources.map(({ node }) => named(node));
  });
"""
"""For `Page.add_init_script`: notes from a page's beginning what `vitals` tells."""


def vitals(page: Page) -> dict[str, Any]:
    """Of the load of a page that had `WATCH_VITALS`: milliseconds to the `first` contentful paint and to the
    `largest` and of the `longest` task, the cumulative layout `shift`, and what `moved` last.
    """
    return page.evaluate(
        """() => ({
          ...window.vitals,
          first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
        })"""
    )


def settle(page: Page, frames: int = 2) -> None:
    """Wait until the browser has drawn that many frames."""
    page.evaluate(
        """async (frames) => {
          for (let i = 0; i < frames; i++) await new Promise(requestAnimationFrame);
        }""",
        frames,
    )


def goto(page: Page, server: Server, path: str = "", expect: str | None = None) -> None:
    """Open `path` of the app (such as `codes?run=post-1a2b3c`) and wait until it has been drawn."""
    page.goto(f"{server.url}/{path.lstrip('/')}")
    wait_idle(page, expect)


def assert_no_exception(page: Page) -> None:
    """Fail with the text of the first exception box on the page."""
    boxes = page.locator(EXCEPTION)
    assert boxes.count() == 0, f"{page.url} shows an exception: {boxes.first.inner_text()}"


def slider(page: Page, key: str, thumb: int = 0) -> Locator:
    """The `input[type=range]` of the slider with this key; `thumb` 1 is the upper end of a range."""
    return page.locator(f".st-key-{key} input[type=range]").nth(thumb)


def set_slider(page: Page, key: str, value: float, thumb: int = 0) -> None:
    """Move a slider by the keyboard, as a person would, to the step nearest `value`, and wait until idle.

    A `select_slider` counts its options from 0. ValueError when `value` is outside the slider.
    """
    handle = slider(page, key, thumb)
    handle.wait_for()
    now, low, high, step = (float(handle.get_attribute(name)) for name in ("value", "min", "max", "step"))
    if not low <= value <= high:
        raise ValueError(f"Slider {key} goes from {low} to {high}, not to {value}.")
    presses = round((value - now) / step)
    handle.focus()
    for _ in range(abs(presses)):
        page.keyboard.press("ArrowRight" if presses > 0 else "ArrowLeft")
    wait_idle(page, f".st-key-{key}")


def save_chart(page: Page, chart: Locator, kind: str) -> tuple[str, bytes]:
    """Name and content of what the chart's Save gives as `kind` (SVG, PNG, CSV), by the keyboard alone."""
    menu = chart.locator(".save")
    if menu.get_attribute("open") is None:
        menu.locator("summary").press("Enter")
    with page.expect_download() as download:
        menu.locator("button", has_text=kind).press("Enter")
    return download.value.suggested_filename, download.value.path().read_bytes()


def screenshot(page: Page, name: str) -> Path:
    """Save the visible page as `test-results/<name>.png` (ignored by git) and return the path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    page.screenshot(path=path)
    return path
