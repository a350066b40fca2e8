"""Making a set of one's own images in a process of its own, which outlives the page that started it.

Its folder, beside the sets, holds what was asked for, how far it is, and what was uploaded; it goes when the
job is over and was seen. Imports no torch. `python -m aecore.jobs.image_job FOLDER` is the process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, ClassVar, Literal

from aecore import access, limits
from aecore.access import writes
from aecore.files import StoreError, read_object, write_json
from aecore.jobs import control
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.opening import open_source, require_uploaded
from aecore.owners import changes, read_owner, require_owner, write_owner
from aecore.processes import lives, process_start
from aecore.records import Record

PREFIX = ".job-"
STATE = "job.json"
STOP = "stop"
UPLOADED = "uploaded"
FORGOTTEN = 24 * 3600.0
"""Seconds after which an upload of which nothing was made is removed."""
START_UP = 30.0
"""Seconds within which a started process must have shown itself."""
BETWEEN = 0.2
"""Seconds between two writings of how far it is."""


@dataclass(frozen=True)
class ImageJob(Record):
    """How far the making of a set is."""

    SECTION: ClassVar[str] = "job."

    path: str
    """Where the images are."""
    status: Literal["uploaded", "running", "finished", "stopped", "failed"] = "uploaded"
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    """Why it failed, in one sentence."""
    name: str = ""
    """The set that was made."""
    started: float = 0.0
    pid: int | None = None
    process_started: float = 0.0


@writes
def upload(files: Iterable[tuple[str, IO[bytes]]]) -> Path:
    """Keeps uploaded files for a job, several as a folder of images; returns the job's folder.

    Raises OSError where the data folder can't be written.
    """
    files = list(files)
    limits.require_upload(sum(_size(content) for _, content in files))
    clear()
    root = sets.own_root()
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    write_owner(folder)
    inside = folder / UPLOADED
    inside.mkdir()
    for number, (name, content) in enumerate(files):
        # A browser's names are anybody's.
        safe = Path(name.replace("\\", "/")).name.lstrip(".")[-100:] or "images"
        target = inside / (safe if not (inside / safe).exists() else f"{number}-{safe}")
        with target.open("xb") as file:
            shutil.copyfileobj(content, file)
    only = next(iter(inside.iterdir())) if len(files) == 1 else inside
    _write(folder, ImageJob(path=str(only), started=time.time()))
    return folder


@writes
def start(path: Path | str, options: Options, folder: Path | None = None) -> Path:
    """Starts making a set of what lies at a path; returns the job's folder, that of an upload where given."""
    require_uploaded(path)
    clear()
    if folder is None:
        sets.own_root().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=sets.own_root()))
        write_owner(folder)
    require_owner(folder)
    write_json(folder / "options.json", options.to_dict())
    _write(folder, ImageJob(path=str(path), status="running", stage="Starting", started=time.time()))
    with (folder / "making.log").open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-m", "aecore.jobs.image_job", str(folder)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **control.detached(),
        )
    return folder


def read(folder: Path) -> ImageJob:
    """How far a job is; StoreError where there is no such job."""
    values = read_object(folder / STATE)
    if values is None:
        raise StoreError("the making of this set is over, and its folder is gone")
    job = ImageJob.from_dict(values)
    if job.status == "running" and not _lives(job):
        return replace(job, status="failed", message="its process was ended: start it again")
    return job


@changes("folder")
def stop(folder: Path) -> None:
    """Ends a job's process, also one that has not shown itself yet; it leaves nothing behind."""
    job = read(folder)
    if job.status != "running":
        return
    (folder / STOP).touch()
    if job.pid is not None:
        with suppress(OSError):
            os.kill(job.pid, signal.SIGTERM)


@changes("folder")
def forget(folder: Path) -> None:
    """Removes a job's folder, and with it what was uploaded."""
    _remove(folder)


def _remove(folder: Path) -> None:
    if folder.parent == sets.own_root() and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def listed() -> list[tuple[Path, ImageJob]]:
    """Jobs at work, oldest first."""
    found = []
    for folder in _folders():
        with suppress(ValueError):
            job = read(folder)
            if job.status == "running":
                found.append((folder, job))
    return sorted(found, key=lambda pair: pair[1].started)


@writes
def clear() -> None:
    """Removes what ended jobs and killed ones left behind."""
    for folder in _folders():
        try:
            job = read(folder)
            ended, since = job.status != "running", job.started
        except ValueError:
            # One that can't be read may be an upload that is still coming in.
            with suppress(OSError):
                ended, since = True, folder.stat().st_mtime
        if ended and time.time() - since > FORGOTTEN:
            _remove(folder)
    if not listed():
        for folder in sets.own_root().glob(".making-*"):
            if time.time() - folder.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)


def _size(content: IO[bytes]) -> int:
    """Bytes of a file that is open at its beginning."""
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    return size


def _folders() -> list[Path]:
    root = sets.own_root()
    return sorted(root.glob(f"{PREFIX}*")) if root.is_dir() else []


def _write(folder: Path, job: ImageJob) -> None:
    write_json(folder / STATE, job.to_dict(), durable=False)


def _lives(job: ImageJob) -> bool:
    if job.pid is None:
        return 0 <= time.time() - job.started < START_UP
    return lives(job.pid, job.process_started)


@writes
def main(folder: Path) -> int:
    """Makes the set that the folder asks for; the process's whole life."""
    job = replace(
        ImageJob.from_dict(read_object(folder / STATE)),
        pid=os.getpid(),
        process_started=process_start(os.getpid()),
    )
    options = Options.from_dict(read_object(folder / "options.json"))
    if (owner := read_owner(folder)) is not None:
        # It may do what they may, and what it makes is theirs.
        access.serve(lambda: owner)
    if hasattr(os, "nice"):
        os.nice(control.NICE)

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    written = 0.0

    def report(stage: str, done: int, total: int) -> None:
        nonlocal job, written
        if time.monotonic() - written > BETWEEN or stage != job.stage:
            written = time.monotonic()
            job = replace(job, stage=stage, done=done, total=total)
            _write(folder, job)

    try:
        report("Looking", 0, 0)
        if (folder / STOP).exists():
            raise KeyboardInterrupt
        made = build(plan(open_source(job.path), options), report)
        job = replace(job, status="finished", name=made.name)
    except KeyboardInterrupt:
        job = replace(job, status="stopped")
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        job = replace(job, status="failed", message=" ".join(str(error).split())[:500] or "out of memory")
    _write(folder, job)
    shutil.rmtree(folder / UPLOADED, ignore_errors=True)
    return 0 if job.status == "finished" else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
