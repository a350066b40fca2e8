"""What the server holds: after each library, each page, five runs and many visits; and what is sent.

Libraries are imported one after another, each row in a process of its own. Pages are visited in Chromium, in
the order of the sidebar, with the first run; then with further runs; then one after another until all visits
are made. "private" is what would be free if the process ended (unique set size), "resident" what the system
counts as its memory with the shared pages of libraries' files; both some seconds after the visit, when the
server has given back what it freed. The last rows say whose the resident memory is: CUDA's libraries, which
the default build of torch loads whether there is a GPU or not, other libraries' files, and all else.
"socket" and "files" are what a page's first visit sends to the browser, "requests" the files' number;
"seconds" of Home are those to its first words after the server's start, of another page those of its first
visit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from aecore import store
from aecore.store import GridInfo, RunInfo
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, goto, wait_idle
from tests.conftest import find_chromium, find_mnist

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, WebSocket

IMPORTS = ("streamlit", "pandas", "pyarrow", "altair", "torch", "scipy", "sklearn", "torchvision")
"""Libraries in the order in which a visitor of Home makes the server load them, and one that none does."""
RUNS = 5
SETTLED = 4
"""Seconds after which a server has given back what it freed."""
CUDA = ("/nvidia/", "libtorch_cuda", "libc10_cuda")
"""What a path says of the libraries that torch's builds without CUDA do not have."""
PATIENCE = 300
"""Seconds that a page may take."""
LINK = '[data-testid="stSidebarNavLink"]'

MEASURE = """
import importlib, sys, psutil
for name in sys.argv[1:]:
    importlib.import_module(name)
about = psutil.Process().memory_full_info()
print(about.rss, about.uss)
"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row each for what is imported, each page's first visit, the runs and the rounds of later visits.

    300 later visits; with `quick` one run and none. RuntimeError without Chromium.
    """
    rows = [_imported(IMPORTS[: count + 1]) for count in range(len(IMPORTS))]
    with served() as (server, page, counter):
        rows += _visits(server, page, counter, 1 if quick else RUNS, 0 if quick else 300)
    return rows


def _imported(names: tuple[str, ...]) -> dict[str, Any]:
    command = [sys.executable, "-c", MEASURE, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    resident, private = map(int, done.stdout.split())
    return _row(f"import {names[-1]}" if len(names) == 1 else f"+ {names[-1]}", resident, private)


class Counter:
    """Bytes that a page has received since the last `take`."""

    def __init__(self, page: Page) -> None:
        self.socket = self.files = self.requests = 0
        page.on("websocket", self._listen)
        page.on("requestfinished", self._count)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self._add(len(frame)))

    def _add(self, count: int) -> None:
        self.socket += count

    def _count(self, request: Request) -> None:
        self.requests += 1
        self.files += request.sizes()["responseBodySize"]

    def take(self) -> tuple[int, int, int]:
        """Bytes over the socket, bytes of files and their number; counts anew from here."""
        found = self.socket, self.files, self.requests
        self.socket = self.files = self.requests = 0
        return found


@contextmanager
def served() -> Iterator[tuple[Server, Page, Counter]]:
    """A server on a copy of the shipped runs, and a browser's page. RuntimeError without Chromium."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("this benchmark needs Chromium on the PATH (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", root)
        os.environ["AECORE_CACHE"] = str(Path(folder) / "cache")
        server = Server(root, find_mnist() or Path(folder), Path(folder) / "server.log")
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            yield server, page, Counter(page)
        finally:
            browser.close()
            server.stop()


def _visits(server: Server, page: Page, counter: Counter, runs: int, further: int) -> list[dict[str, Any]]:
    rows = [_held("server started", server)]
    seconds = first_words(page, server)
    wait_idle(page, LINK, timeout=PATIENCE)
    rows.append(_held("Home", server, counter.take(), seconds))
    _say(rows[-1])
    names = [text.split("\n")[-1].strip() for text in page.locator(LINK).all_inner_texts()]
    for number in range(1, len(names)):
        seconds = _visit(page, number)
        rows.append(_held(names[number], server, counter.take(), seconds))
        _say(rows[-1])
    for key in _further_runs(server.checkpoints)[: runs - 1]:
        goto(page, server, f"?run={key}", LINK)
        for number in range(1, len(names)):
            _visit(page, number)
        rows.append(_held(f"every page, {key}", server, counter.take()))
        _say(rows[-1])
    done = 0
    while done < further:
        for number in [*range(1, len(names)), 0]:
            _visit(page, number)
            done += 1
        if done >= further or done % 100 < len(names):
            rows.append(_held(f"{done} further visits", server, counter.take()))
            _say(rows[-1])
    return rows + [_row(f"of these: {whose}", count, 0) for whose, count in _parts(server.pid).items()]


def first_words(page: Page, server: Server) -> float:
    """Opens Home; the seconds until its title is seen."""
    started = time.perf_counter()
    page.goto(server.url)
    page.locator('[data-testid="stMain"] h1').first.wait_for(state="visible", timeout=PATIENCE * 1000)
    return time.perf_counter() - started


def _visit(page: Page, number: int) -> float:
    """Clicks a page's link and waits until its script has come to its end; returns the seconds."""
    started = time.perf_counter()
    link = page.locator(LINK).nth(number)
    path = link.get_attribute("href")
    link.click()
    page.wait_for_url(f"**{path}*", timeout=PATIENCE * 1000)
    # The script begins a moment after the click.
    page.wait_for_timeout(300)
    wait_idle(page, timeout=PATIENCE)
    return time.perf_counter() - started


def _parts(pid: int) -> dict[str, int]:
    """Resident bytes of a process by whose they are; a library's are also those right behind it."""
    parts = dict.fromkeys(("CUDA's libraries", "other files", "all else"), 0)
    owner, end = "", ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            (start, stop), path = words[0].split("-"), "".join(words[5:])
            if path or start != end:
                owner = path
            end = stop
            known = any(name in owner for name in CUDA)
            part = "CUDA's libraries" if known else "other files" if path.startswith("/") else "all else"
        elif words[0] == "Rss:":
            parts[part] += int(words[1]) * 1024
    return parts


def _further_runs(root: Path) -> list[str]:
    """Keys of runs, of members of grids where there are too few runs."""
    runs = [info.key for info in store.list_runs(root) if isinstance(info, RunInfo)][1:]
    grids = [info for info in store.list_grids(root) if isinstance(info, GridInfo)]
    members = [info.member_key(k) for k in range(2) for info in grids]
    return [*runs, *members][: RUNS - 1]


def _held(
    what: str, server: Server, received: tuple[int, int, int] = (0, 0, 0), seconds: float = 0.0
) -> dict[str, Any]:
    time.sleep(SETTLED)
    about = psutil.Process(server.pid).memory_full_info()
    return _row(what, about.rss, about.uss, received, seconds)


def _row(
    what: str,
    resident: int,
    private: int,
    received: tuple[int, int, int] = (0, 0, 0),
    seconds: float = 0.0,
) -> dict[str, Any]:
    socket, files, requests = received
    return {
        "after": what,
        "resident MB": round(resident / 1e6),
        "private MB": round(private / 1e6),
        "socket kB": round(socket / 1e3),
        "files kB": round(files / 1e3),
        "requests": requests,
        "seconds": round(seconds, 2),
    }


def _say(row: dict[str, Any]) -> None:
    print(f"{row['after']}: {row['private MB']} MB private, {row['resident MB']} resident", file=sys.stderr)
