"""Many visitors at once: seconds from asking for a page to its end, in a quiet server and beside a training.

A server on a copy of the shipped runs is visited through websockets (`_visitor`) by tabs that go from page
to page in an order of their own, think for 3 to 7 seconds in between, and now and then open a link to another
run in a new tab. "cold" begins with empty caches; "warm" goes on in the same server; "training" has a run
training beside, whose speed is compared with its speed without a visitor. A page is drawn when its script has
ended. "server" and "client" are processor time over wall time, of a core; "CPU ms" is the server's processor
time for one visit, with all that its fragments do meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from aecore import jobs, store
from aecore.gallery import shipped as gallery
from benchmarks._visitor import Visit, Visitor
from tests.browser.tools import ROOT, Server
from tests.conftest import find_mnist

PATIENCE = 60.0
"""Seconds after which a visitor gives up on a page."""
THINKING = (3.0, 7.0)
"""Seconds between a page drawn and the next one asked for, evenly distributed."""
NEW_TAB = 0.15
"""Share of visits that follow a link to some run in a new tab."""


@dataclass
class State:
    """What came of some time with visitors."""

    name: str
    seconds: float
    visits: list[Visit] = field(default_factory=list)
    server: float = 0.0
    """Of a core."""
    client: float = 0.0
    """Of a core: this process, which is all visitors."""
    memory: int = 0
    """The server's, in bytes, at the end."""
    speed: float = 0.0
    """Images a second of the training beside; 0 without one."""


def run(quick: bool = False, visitors: int = 30) -> list[dict[str, Any]]:
    """A row a state and, after them, a row a page of the first two; 90 s a state.

    With `quick` 30 s, and all visitors look at one run.
    """
    if visitors < 1:
        raise ValueError(f"there must be at least one visitor, not {visitors}")
    seconds = 30.0 if quick else 90.0
    mnist = find_mnist()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", root)
        # The trainer's device lock lies in the temporary folder: no other training is waited for.
        os.environ |= {
            "AECORE_CHECKPOINTS": str(root),
            "AECORE_CACHE": str(Path(folder) / "cache"),
            "AECORE_LOCKS": str(Path(folder) / "locks"),
        }
        server = Server(root, mnist or Path(folder), Path(folder) / "server.log")
        os.environ["AECORE_DATA"] = str(server.data)
        with server:
            runs = [info.key for info in store.list_runs(root) if isinstance(info, store.RunInfo)]
            return asyncio.run(_states(server, root, runs[:1] if quick else runs, seconds, visitors))


async def _states(
    server: Server, root: Path, runs: list[str], seconds: float, visitors: int
) -> list[dict[str, Any]]:
    found = [await _crowd("cold", server, runs, seconds, visitors)]
    await _every_page(server, runs)
    found.append(await _crowd("warm", server, runs, seconds, visitors))
    path = _train(root)
    await _until_trained(path, epochs=1)
    alone = await _speed(path, min(seconds / 3, 20.0))
    found.append(await _crowd("training", server, runs, seconds, visitors, path))
    for visit in {(v.page, text) for state in found for v in state.visits for text in v.exceptions}:
        print("exception on", visit[0] or "home", ":", visit[1], file=sys.stderr)
    rows = [_row(state, "all", state.visits, visitors, alone) for state in found]
    pages = sorted({visit.page for state in found for visit in state.visits})
    for state in found[:2]:
        for page in pages:
            rows.append(_row(state, page or "home", [v for v in state.visits if v.page == page]))
    return rows


async def _crowd(
    name: str, server: Server, runs: list[str], seconds: float, visitors: int, training: Path | None = None
) -> State:
    """That many visitors for some time; each has its own seed, the same in every state."""
    state = State(name, seconds)
    process, client = psutil.Process(server.pid), psutil.Process()
    before, own, steps, started = _cpu(process), _cpu(client), _images(training), time.monotonic()
    end = started + seconds
    await asyncio.gather(*(_visits(state, server, runs, random.Random(i), end) for i in range(visitors)))
    spent = time.monotonic() - started
    state.server, state.client = (_cpu(process) - before) / spent, (_cpu(client) - own) / spent
    state.memory, state.seconds = process.memory_info().rss, spent
    state.speed = (_images(training) - steps) / spent
    return state


async def _visits(state: State, server: Server, runs: list[str], choice: random.Random, end: float) -> None:
    """One visitor, from its arrival in the first seconds until the end."""
    await asyncio.sleep(choice.uniform(0, THINKING[1]))
    visitor: Visitor | None = None
    try:
        while time.monotonic() < end:
            query = ""
            if visitor is None or choice.random() < NEW_TAB:
                if visitor is not None:
                    await visitor.close()
                visitor = Visitor(server.url)
                await visitor.open()
                query = f"run={choice.choice(runs)}"
            page = choice.choice(list(visitor.pages) or [""])
            visit = await visitor.visit(page, query, PATIENCE)
            state.visits.append(visit)
            if visit.seconds is None:
                await visitor.close()
                visitor = None
            await asyncio.sleep(choice.uniform(*THINKING))
    finally:
        if visitor is not None:
            await visitor.close()


async def _every_page(server: Server, runs: list[str]) -> None:
    """One visitor sees every page of every run, so that what follows is warm."""
    visitor = Visitor(server.url)
    await visitor.open()
    await visitor.visit("")
    for key in runs:
        for page in visitor.pages:
            await visitor.visit(page, f"run={key}")
    await visitor.close()


def _train(root: Path) -> Path:
    """Begins a training as a page would, of a run that is longer than this benchmark."""
    names = ("mnist", "digits") if find_mnist() else ("digits",)
    shipped = next(one for one in gallery.RUNS if one.config.data.name == names[0])
    config = shipped.config.with_values({"train.epochs": 100_000, "train.seed": 1})
    path = store.create_run(config, "beside", root)
    jobs.start(path)
    return path


async def _until_trained(path: Path, epochs: int, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while store.read_progress(path).epoch < epochs:
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {epochs} epochs of the training beside")
        await asyncio.sleep(0.2)


async def _speed(path: Path, seconds: float) -> float:
    """Images a second of a training over some time without a visitor."""
    before, started = _images(path), time.monotonic()
    await asyncio.sleep(seconds)
    return (_images(path) - before) / (time.monotonic() - started)


def _images(path: Path | None) -> float:
    """Images that a training has seen so far."""
    if path is None:
        return 0.0
    progress = store.read_progress(path)
    steps = progress.epoch * progress.steps + progress.step
    return float(steps * store.read_info(path).config.train.batch_size)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _row(state: State, page: str, visits: Iterable[Visit], visitors: int = 0, alone: float = 0.0) -> dict:
    visits = list(visits)
    seconds = sorted(visit.seconds for visit in visits if visit.seconds is not None)
    whole = {
        "CPU ms": round(1000 * state.server * state.seconds / max(1, len(visits))),
        "server": round(state.server, 2),
        "client": round(state.client, 2),
        "MB": round(state.memory / 1e6),
        "images/s": round(state.speed) or "",
        "of alone": f"{state.speed / alone:.2f}" if state.speed and alone else "",
    }
    return {
        "state": state.name,
        "visitors": visitors or "",
        "page": page,
        "visits": len(visits),
        "p50 s": round(statistics.median(seconds), 2) if seconds else "",
        "p95 s": round(statistics.quantiles(seconds, n=20, method="inclusive")[-1], 2)
        if len(seconds) > 1
        else "",
        "max s": round(seconds[-1], 2) if seconds else "",
        "not drawn": len(visits) - len(seconds),
        "exceptions": sum(len(visit.exceptions) for visit in visits),
        "kB": round(statistics.median([v.received for v in visits]) / 1e3) if visits else "",
        **(whole if visitors else dict.fromkeys(whole, "")),
    }
