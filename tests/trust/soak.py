"""The app in use for as long as one likes: trainings come and go, pages are visited, and nothing may pile up.

python -m tests.trust.soak --minutes 60 [--seed 0] [--json]    exits with 1 where something was left or grew

A server of its own with a run root and a data folder of its own; one Chromium visits pages that are drawn at
random, while trainings are started, stopped, resumed, renamed, deleted, put back, and killed, and sets of a
few images made, deleted and put back. The last part is quiet: then what must be gone is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

import numpy as np
import psutil

from aecore import jobs, store, trash
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.own import sets
from aecore.own.build import build, plan
from aecore.own.opening import open_source
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import EXCEPTION, IDLE, ROOT, Server
from tests.conftest import find_chromium, find_mnist
from tests.samples import tiny_config

PAGES = sorted(path.parent.name for path in (ROOT / "pages").glob("*/*/page.py"))
SHOWN = "digits-post-12-s0-f3512007"
"""The run that pages show; nothing is done to it."""

PATIENCE = 60
"""Seconds after which a page that is not drawn is left, as it is on a machine with too much to do."""

RUN = tiny_config(model__hidden=(64, 32), train__epochs=40)
GRID = Grid(tiny_config(train__epochs=10), {"model.latent_size": [2, 3]})

MOST = 6
"""Runs and grids that there are at once, beside the one that is shown."""
GROWTH = 40.0
"""MB an hour of the server's memory, once it is warm, above which it is said to grow. In less than ten
minutes the figure's own noise is larger, and it is not judged."""
TRACE = 4000
"""Characters of each traceback of the server that are told."""
WARM = 0.4
"""Share of the time after which the server is taken to be warm: pages were drawn, caches are filled."""


@dataclass
class Found:
    """What a soak has come to."""

    minutes: float = 0.0
    done: Counter = field(default_factory=Counter)
    """How often what was done, by its name."""
    wrong: list[str] = field(default_factory=list)
    """Sentences, each of something that may not be."""
    memory: list[tuple[float, float, int, int]] = field(default_factory=list)
    """Seconds, and of the server its MB, open files and threads."""

    def growth(self) -> float:
        """MB an hour after warming up."""
        late = [row for row in self.memory if row[0] >= WARM * self.memory[-1][0]]
        if len(late) < 3:
            return 0.0
        return linear_regression([row[0] for row in late], [row[1] for row in late]).slope * 3600

    def to_dict(self) -> dict[str, object]:
        late = [row for row in self.memory if row[0] >= WARM * self.memory[-1][0]]
        return {
            "minutes": round(self.minutes, 1),
            "done": dict(self.done.most_common()),
            "wrong": self.wrong,
            "memory_mb": {
                "warm": round(late[0][1]),
                "end": round(late[-1][1]),
                "most": round(max(r[1] for r in late)),
            },
            "growth_mb_per_hour": round(self.growth(), 1),
            "open_files": {"warm": late[0][2], "end": late[-1][2]},
            "threads": {"warm": late[0][3], "end": late[-1][3]},
        }


class Soak:
    """A run root, and what is done to it at random; `seed` decides what and in which order."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server, self.root = server, server.checkpoints
        self.chance, self.visits = random.Random(seed), random.Random(seed + 1)
        self.found = Found()

    def live(self, seconds: float, pause: float) -> None:
        """Acts, with pauses of that many seconds on average, as long as it is told."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                self.act()
            # A thread's own would be printed, and the soak would go on without it.
            except Exception as error:
                self.found.wrong.append(f"{type(error).__name__}: {error}")
            time.sleep(self.chance.uniform(0, 2 * pause))

    def act(self) -> None:
        """One thing that a person or an accident does."""
        found = [*store.list_runs(self.root), *store.list_grids(self.root)]
        for broken in (info for info in found if isinstance(info, store.Unreadable)):
            self.found.wrong.append(f"{broken.key} can't be read: {broken.reason}")
        mine = [info for info in found if not isinstance(info, store.Unreadable) and info.key != SHOWN]
        at_work = [info for info in mine if store.is_active(info.progress)]
        still = [info for info in mine if info not in at_work]
        own, thrown = sets.list_sets(), sets.trashed()
        ways = {
            "started": lambda: len(mine) < MOST and self.start(),
            "stopped": lambda: at_work and jobs.stop(self.chance.choice(at_work).path),
            "killed": lambda: at_work and self.kill(self.chance.choice(at_work)),
            "resumed": lambda: self.resume([info for info in still if info.result is None]),
            "renamed": lambda: mine and self.rename(self.chance.choice(mine)),
            "deleted": lambda: still and self.delete(self.chance.choice(still)),
            "put back": lambda: (
                store.trashed(self.root) and trash.restore(self.chance.choice(store.trashed(self.root)))
            ),
            "trash emptied": lambda: store.trashed(self.root) and trash.empty(store.trashed(self.root)),
            "set made": lambda: len(own) < MOST and self.make_set(),
            "set deleted": lambda: own and sets.delete_set(self.chance.choice(own).name),
            "set put back": lambda: thrown and trash.restore(self.chance.choice(thrown)),
            "trash of sets emptied": lambda: trash.empty(thrown),
        }
        weights = {"started": 4, "stopped": 2, "resumed": 3, "deleted": 2, "set made": 2}
        what = self.chance.choices(list(ways), [weights.get(way, 1) for way in ways])[0]
        # What another hand has done in between is refused in a sentence, and that is all right.
        with suppress(StoreError, RuntimeError, FileNotFoundError):
            if ways[what]() not in (False, [], 0):
                self.found.done[what] += 1

    def start(self) -> bool:
        if self.chance.random() < 0.25:
            jobs.submit_grid(GRID, "", self.root, threads=1)
        else:
            jobs.submit(
                RUN.with_values({"train.seed": self.chance.randrange(1000)}), "", self.root, threads=1
            )
        return True

    def make_set(self) -> bool:
        """Of a handful of pictures, few enough kinds of them that some are made again."""
        random = np.random.default_rng(self.chance.randrange(2 * MOST))
        path = self.root.parent / "pictures.npy"
        np.save(path, random.integers(0, 256, (6, 8, 8), np.uint8))
        build(plan(open_source(path)), workers=1)
        return True

    def kill(self, info: jobs.control.Job) -> bool:
        if info.progress.pid is None:
            return False
        with suppress(psutil.NoSuchProcess):
            psutil.Process(info.progress.pid).kill()
        return True

    def resume(self, some: list[jobs.control.Job]) -> bool:
        if not some:
            return False
        jobs.start(self.chance.choice(some).path, threads=1)
        return True

    def rename(self, info: jobs.control.Job) -> bool:
        change = store.rename_grid if store.is_grid(info.path) else store.rename_run
        change(info.path, f"name {self.chance.randrange(1000)}")
        return True

    def delete(self, info: jobs.control.Job) -> bool:
        (store.delete_grid if store.is_grid(info.path) else store.delete_run)(info.path)
        return True

    def visit(self, page) -> None:
        """A page that is drawn at random, as it is drawn for this run, without an exception on it."""
        from playwright.sync_api import Error

        name = self.visits.choice(PAGES)
        link = self.visits.choice([f"?run={SHOWN}", "", "?run=gone"])
        try:
            page.goto(f"{self.server.url}/{name}{link}")
            page.locator(IDLE).wait_for(state="attached")
            page.locator('[data-testid="stMain"] [data-testid="stElementContainer"]').first.wait_for(
                state="attached"
            )
            if page.locator(EXCEPTION).count():
                told = page.locator(EXCEPTION).first.inner_text()
                self.found.wrong.append(f"{name}{link} shows {told[:300]!r}")
            self.found.done["visited"] += 1
        except Error as error:
            self.found.done["not drawn in time"] += 1
            print(f"{name}{link}: {str(error).splitlines()[0]}", file=sys.stderr)

    def measure(self, started: float) -> None:
        server = psutil.Process(self.server.pid)
        row = (
            time.monotonic() - started,
            server.memory_info().rss / 1e6,
            server.num_fds(),
            server.num_threads(),
        )
        self.found.memory.append(row)

    def quiet(self) -> None:
        """Stops what trains, and looks for what is left."""
        for info in jobs.active(self.root):
            jobs.stop(info.path)
        deadline = time.monotonic() + 120
        while jobs.active(self.root) and time.monotonic() < deadline:
            time.sleep(0.2)
        wrong = self.found.wrong
        wrong += [f"{info.key} does not stop" for info in jobs.active(self.root)]
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        wrong += [f"a process is left: {name}" for name in left]
        store.list_runs(self.root), store.list_grids(self.root), store.trashed(self.root)
        known = {trash.FOLDER, *(own.name for own in sets.list_sets())}
        known |= {f"{trash.FOLDER}/{gone.path.name}" for gone in sets.trashed()}
        places = [path for pattern in ("*", f"{trash.FOLDER}/*") for path in sets.own_root().glob(pattern)]
        places = [path.relative_to(sets.own_root()).as_posix() for path in places]
        wrong += [f"left behind: {place} of the sets" for place in places if place not in known]
        wrong += [f"left behind: {path}" for path in self.root.rglob("*.draft")]
        for path in store.all_folders(self.root):
            with suppress(OSError), store.training_lock(path):
                continue
            wrong.append(f"the lock of {path.name} is held")
        locks = self.root.parent / "locks"
        wrong += [f"left behind: {path}" for path in locks.glob("*.json") if path.exists()]
        if not self.server_lives():
            wrong.append("the server has ended")

    def processes(self) -> list[str]:
        """Those that name the run root, but the server and this one."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                known = process.pid in (self.server.pid, os.getpid())
                if str(self.root) in line and not known and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(line[:200])
        return found

    def server_lives(self) -> bool:
        with suppress(psutil.Error):
            return psutil.Process(self.server.pid).status() != psutil.STATUS_ZOMBIE
        return False


def soak(minutes: float, seed: int, pause: float = 1.5) -> Found:
    """Uses the app for so many minutes and says what became of it."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="aecore-soak-") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        shutil.copytree(ROOT / "checkpoints" / SHOWN, folder / "checkpoints" / SHOWN)
        # Its own: sets are made and deleted in it.
        (folder / "data").mkdir()
        if known := find_mnist():
            (folder / "data" / "MNIST").symlink_to(known / "MNIST")
        # Of the server and of the trainings: what they leave in temporary folders is seen.
        os.environ |= {"TMPDIR": str(folder / "tmp"), "AECORE_CACHE": str(folder / "cache")}
        os.environ |= {"AECORE_GALLERY": "", "AECORE_LOCKS": str(folder / "locks")}
        os.environ["AECORE_DATA"] = str(folder / "data")
        tempfile.tempdir = None
        with (
            Server(folder / "checkpoints", folder / "data", folder / "server.log") as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
            try:
                at_work = Soak(server, seed)
                started = time.monotonic()
                acts = threading.Thread(target=at_work.live, args=(minutes * 60, pause))
                acts.start()
                while (spent := time.monotonic() - started) < minutes * 60:
                    # A visitor comes and goes: a session of the server for each.
                    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
                        context.set_default_timeout(PATIENCE * 1000)
                        at_work.visit(context.new_page())
                    at_work.measure(started)
                acts.join()
            finally:
                browser.close()
            at_work.quiet()
            at_work.found.minutes = spent / 60
            found = at_work.found
        ours = [path.name for path in (folder / "tmp").iterdir() if path.name.startswith("aecore")]
        found.wrong += [f"left in the temporary folder: {path}" for path in ours]
        log = (folder / "server.log").read_text(errors="replace")
        found.wrong += [f"the server printed {trace[:TRACE]}" for trace in log.split("Traceback ")[1:]]
    if minutes >= 10 and found.growth() > GROWTH:
        found.wrong.append(f"the server's memory grows by {found.growth():.0f} MB an hour")
    late = [row for row in found.memory if row[0] >= WARM * found.memory[-1][0]]
    if minutes >= 10 and late[-1][2] > late[0][2] + 30:
        found.wrong.append(f"the server's open files rose from {late[0][2]} to {late[-1][2]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = soak(arguments.minutes, arguments.seed).to_dict()
    print(json.dumps(found, indent=None if arguments.json else 1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
