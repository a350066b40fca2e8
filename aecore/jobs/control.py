"""Start, watch and stop training processes.

A job is a detached process that works on one run folder (`aecore.jobs.worker`); it outlives the page and the
server that started it. All that is known of it is read from the folder, so every page, every browser
and the command line see the same. Imports no torch.
"""

from __future__ import annotations

import contextlib
import getpass
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from aecore import cores, store
from aecore.access import writes
from aecore.config import Config
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.jobs import admission
from aecore.owners import changes
from aecore.store import GridInfo, RunInfo, is_active

Job = RunInfo | GridInfo

AT_WORK = ("queued", "running", "paused", "silent")
"""What `status` says of a job that has a process."""

SILENT = 60.0
"""Seconds without a heartbeat after which a living process is called silent."""

NICE = 10
"""Niceness of a training started by a page, so that the page stays quick. More would starve it wherever other
programs belong to the server's session, or the system shares out by niceness alone."""


@writes
def submit(config: Config, name: str = "", root: Path | None = None, threads: int | None = None) -> Path:
    """Makes a run folder for `config` and starts training it; waits in the queue while others train.

    RefusedError where the limits do not allow it, before anything is written.
    """
    require_admission(config, threads, root)
    path = store.create_run(config, name, root)
    start(path, threads)
    return path


@changes("path")
def start(path: Path, threads: int | None = None) -> None:
    """Starts or resumes the training of a run or grid in a process of its own; RuntimeError if it has one.

    A resumed run keeps its number of threads, since other numbers round otherwise. Without a number of
    `threads` a run gets all cores but one, which is the page's; a grid likewise that many processes.
    """
    info = read(path)
    if is_active(info.progress):
        raise RuntimeError(f"{info.name} is being trained already")
    if isinstance(info, RunInfo):
        require_unfinished(info)
    threads = threads or info.progress.threads or page_threads()
    require_admission(info.config if isinstance(info, RunInfo) else info.grid, threads, path.parent)
    store.clear_requests(path)
    # The newcomer goes to the end of the queue: `submitted` is what orders it.
    now = time.time()
    progress = replace(info.progress, status="queued", pid=None, submitted=now, heartbeat=now, message="")
    store.write_progress(path, replace(progress, waits_for=None))
    module = "aecore.jobs.worker" if isinstance(info, RunInfo) else "aecore.jobs.grid_worker"
    command = [sys.executable, "-m", module, str(path.resolve())]
    command += ["--threads", str(threads), "--nice", str(NICE)]
    with store.open_log(path) as log:
        subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **detached(),
        )


@writes
def submit_grid(grid: Grid, name: str = "", root: Path | None = None, threads: int | None = None) -> Path:
    """Makes a grid folder and starts training it, as `submit` does for a run."""
    require_admission(grid, threads, root)
    path = store.create_grid(grid, name, root)
    start(path, threads)
    return path


def require_admission(job: Config | Grid, threads: int | None = None, root: Path | None = None) -> None:
    """RefusedError in one sentence where `aecore.limits` does not let a page start such a training now."""
    admission.require(job, threads or page_threads(), lambda: active(root), root)


def read(path: Path) -> Job:
    """The run or grid in a folder; StoreError in one sentence where there is none."""
    return store.read_grid(path) if store.is_grid(path) else store.read_info(path)


def require_unfinished(info: RunInfo) -> None:
    """RuntimeError for a run that has all its epochs: there is nothing to resume."""
    if info.result is not None and info.result.epochs >= info.config.train.epochs:
        raise RuntimeError(
            f"{info.name} has had all its {info.config.train.epochs} epochs; train its settings again, "
            "with more epochs, to go further"
        )


@changes("path")
def stop(path: Path) -> None:
    """Asks a run's process to stop at its next step and keep the model reached."""
    store.request_stop(path)


def status(info: Job) -> str:
    """queued, running, paused, silent, stopped, failed, interrupted or finished."""
    if is_active(info.progress):
        if time.time() - info.progress.heartbeat > SILENT:
            return "silent"
        return info.progress.status or "queued"
    if info.result is not None:
        return "finished"
    written = info.progress.status
    return written if written in ("stopped", "failed") else "interrupted"


def active(root: Path | None = None) -> list[Job]:
    """Runs and grids with a living process, in the order of their turn."""
    jobs: list[Job] = []
    # Asked every second by every page: only folders with a living process are read as a whole.
    for path in store.all_folders(root):
        if is_active(store.known_progress(path)):
            with contextlib.suppress(StoreError, OSError):
                jobs.append(read(path))
    return sorted(jobs, key=lambda job: job.progress.submitted)


def jobs_before(path: Path, device: str) -> list[Job]:
    """Jobs under the same root submitted earlier for this device and not done, in their order."""
    own = store.read_progress(path).submitted or time.time()
    return [
        info
        for info in active(path.parent)
        if info.path.name != path.name
        and info.progress.submitted < own
        and lock_name(info.config.train.device) == device
    ]


def lock_name(device: str) -> str:
    """The device whose lock a run takes, guessed for `auto` without importing torch."""
    if device != "auto":
        return device
    if shutil.which("nvidia-smi"):
        return "cuda"
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"


def page_threads() -> int:
    """Threads of a training that a page starts: one core is left to the page."""
    return max(1, cores.available() - 1)


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"


def detached() -> dict[str, Any]:
    """Options of `Popen` for a process that neither a Ctrl-C nor the end of this one reaches.

    It stays in this session, within which its niceness counts: see `process.lower_priority`.
    """
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        return {"creationflags": flags | subprocess.DETACHED_PROCESS}
    return {"process_group": 0}
