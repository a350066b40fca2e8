"""Trains the grid in a folder: shares its stacks out to processes, and writes the table of members.

    python -m aecore.jobs.grid_worker GRID              the grid's process; imports no training itself
    python -m aecore.jobs.grid_worker GRID --stack S    trains one stack; started by the former

On a CPU as many stacks train side by side as there are threads; on an accelerator one after the other. A
stack's state is saved after every epoch, so a kill loses at most one. A stack's process ends, and saves
what it has, when its standard input does: the grid's process closes it to stop, and by dying.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from aecore import jobs, store
from aecore.files import StoreError, read_object
from aecore.jobs.worker import Reporter, attend, give_way, noting_failure, stopping_on_signals
from aecore.store import GridInfo, is_finished, stack_path

Listener = Callable[[dict[str, Any]], None]
Engine = Callable[[GridInfo, int, Reporter], Generator[None, None, None]]
"""Plans the stacks of a grid that has none yet, trains those that are not finished into its folder, and
yields now and then; ends early when the reporter says so. RuntimeError when a stack could not be trained."""

PAUSE = 0.1
"""Seconds between two looks of the grid's process at its stacks."""

GRACE = 30.0
"""Seconds that a stack's process has to save what it has, before it is killed."""


def work(
    path: Path,
    threads: int | None = None,
    on_record: Listener | None = None,
    on_progress: Listener | None = None,
    engine: Engine | None = None,
) -> dict[str, Any] | None:
    """Trains all members to the end or to a stop. Returns the result, or None when stopped before.

    The `engine` is processes on this machine unless given. Raises RuntimeError in one sentence when a
    stack could not be trained, the grid is being trained already, or has been to its end.
    """
    info = store.read_grid(path)
    if info.result is not None:
        raise RuntimeError(f"{info.name} has had all its epochs; train its settings again to go further")

    def body(reporter: Reporter) -> dict[str, Any] | None:
        return _train(info, threads or os.cpu_count() or 1, reporter, on_record, engine or local_processes)

    return attend(path, info.config.train.device, body, on_progress)


def _train(
    info: GridInfo, threads: int, reporter: Reporter, on_record: Listener | None, engine: Engine
) -> dict[str, Any] | None:
    members = range(len(info.grid.members))
    reporter.update(force=True, status="running", threads=threads, members=len(members))
    tell = _Teller(info, on_record)
    started, before = time.time(), _fraction(info.path)
    with contextlib.closing(engine(info, threads, reporter)) as rounds:
        for _ in rounds:
            fraction = _fraction(info.path)
            spent = time.time() - started
            left = spent / (fraction - before) * (1 - fraction) if fraction > before else None
            done = sum((info.path / str(k) / store.RESULT).exists() for k in members)
            reporter.update(fraction=fraction, seconds_left=left, members_done=done)
            tell()
    tell()
    stacks = store.read_stacks(info.path)
    if not stacks or not all(is_finished(info.path, s) for s in range(len(stacks))):
        return None
    _keep_probe(info)
    seconds = sum(_stack_seconds(info.path, s) for s in range(len(stacks)))
    result = {"members": _table(info), "seconds": seconds, "stacks": stacks}
    store.write_result(info.path, result)
    reporter.update(fraction=1.0, seconds_left=0.0, members_done=len(members))
    return result


def local_processes(info: GridInfo, threads: int, reporter: Reporter) -> Generator[None, None, None]:
    """The engine of one machine: a process for each stack, `threads` threads in all."""
    stacks = store.read_stacks(info.path) or _plan(info)
    waiting = [s for s in range(len(stacks)) if not is_finished(info.path, s)]
    # As if no stack were done yet: a resumed one keeps its number of threads, since others round otherwise.
    side_by_side = min(threads, len(stacks)) if jobs.lock_name(info.config.train.device) == "cpu" else 1
    running: dict[int, subprocess.Popen] = {}
    failures: list[str] = []
    try:
        while running or (waiting and not reporter.stopping):
            while waiting and len(running) < side_by_side and not reporter.stopping:
                s = waiting.pop(0)
                running[s] = _start(info.path, s, threads // side_by_side)
            time.sleep(PAUSE)
            if reporter.stopping:
                for process in running.values():
                    process.stdin.close()
            for s in [s for s, process in running.items() if process.poll() is not None]:
                if code := running.pop(s).returncode:
                    failures.append(_last_words(info.path, s, code))
            yield
    finally:
        _end(running.values())
    if failures:
        raise RuntimeError(failures[0])


def _start(path: Path, s: int, threads: int) -> subprocess.Popen:
    store.write_progress(stack_path(path, s), {**store.read_progress(stack_path(path, s)), "message": ""})
    command = [sys.executable, "-m", "aecore.jobs.grid_worker", str(path.resolve())]
    return subprocess.Popen(
        [*command, "--stack", str(s), "--threads", str(threads)],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        # A Ctrl-C is for the grid's process, which passes it on.
        **jobs.detached(),
    )


def _end(processes: Iterable[subprocess.Popen]) -> None:
    """Lets processes save what they have, all at the same time, and leaves none behind."""
    processes = list(processes)
    for process in processes:
        process.stdin.close()
    end = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _last_words(path: Path, s: int, code: int) -> str:
    """Why a stack's process failed, in one sentence."""
    if words := store.read_progress(stack_path(path, s)).get("message"):
        return str(words)
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"the process of stack {s} {how}; resuming the grid goes on from its last epoch"


def _plan(info: GridInfo) -> list[list[int]]:
    from aecore.data import DATASETS
    from aecore.training.stacking import plan_stacks

    stacks = plan_stacks(info.grid, DATASETS[info.config.data.name].shape)
    store.write_stacks(info.path, stacks)
    return stacks


def _keep_probe(info: GridInfo) -> None:
    from aecore import data
    from aecore.analysis.probe import make_probe
    from aecore.store import write_probe

    write_probe(info.path, make_probe(info.grid, data.load(info.config.data.name)))


def work_stack(path: Path, s: int, threads: int, until: int | None = None) -> None:
    """Trains stack s of the grid in `path`, from its state where there is one.

    Stops when the stream with the file descriptor `until` ends.
    """
    reporter = Reporter(stack_path(path, s))
    with noting_failure(reporter), stopping_on_signals(reporter), _only_one(path, s):
        ended = threading.Event()
        if until is not None:
            threading.Thread(target=_wait_for_end, args=(until, ended), daemon=True).start()
        reporter.update(force=True, status="running")
        import torch

        from aecore import data as datasets
        from aecore.jobs.stack_folder import StackFolder, updates
        from aecore.training.loop import Position

        torch.set_num_threads(threads)
        info = store.read_grid(path)
        data = datasets.load(info.config.data.name)
        folder = StackFolder(info, s, data)
        epochs = folder.configs[0].train.epochs

        def on_step(at: Position) -> bool:
            fraction = (at.epoch + at.step / at.steps) / epochs
            return reporter.update(fraction=fraction, epoch=at.epoch, epochs=epochs) or ended.is_set()

        for update in updates(folder.configs, data, folder.resume(), on_step):
            folder.take(update)
        done = is_finished(path, s)
        status = {"status": "finished", "fraction": 1.0} if done else {"status": "stopped"}
        reporter.update(force=True, **status)


def _wait_for_end(descriptor: int, ended: threading.Event) -> None:
    # Not through sys.stdin: a thread that holds its lock would keep the process from ending.
    while os.read(descriptor, 1024):
        pass
    ended.set()


@contextlib.contextmanager
def _only_one(path: Path, s: int) -> Iterator[None]:
    """Waits for a process whose grid has just died and that is still saving this stack."""
    try:
        with FileLock(stack_path(path, s) / store.LOCK, timeout=GRACE):
            yield
    except Timeout:
        raise RuntimeError(f"stack {s} is still being trained by another process") from None


def _fraction(path: Path) -> float:
    """Part of all members' epochs that is done."""
    stacks = store.read_stacks(path)
    parts = [
        (store.read_progress(stack_path(path, s)).get("fraction") or 0.0) * len(members)
        for s, members in enumerate(stacks)
    ]
    return sum(parts) / max(1, sum(len(members) for members in stacks))


def _stack_seconds(path: Path, s: int) -> float:
    return (read_object(stack_path(path, s) / store.RESULT) or {}).get("seconds", 0.0)


class _Teller:
    """Hands on the epoch records that members have noted since the last call."""

    def __init__(self, info: GridInfo, listener: Listener | None) -> None:
        self.listener = listener
        self.paths = [info.path / str(k) for k in range(len(info.grid.members))] if listener else []
        self.told = [len(store.read_history(path)) for path in self.paths]
        self.sizes = [_size(path) for path in self.paths]

    def __call__(self) -> None:
        for k, path in enumerate(self.paths):
            if (size := _size(path)) == self.sizes[k]:
                continue
            self.sizes[k] = size
            for record in store.read_history(path)[self.told[k] :]:
                self.listener({"k": k, **record})
                self.told[k] += 1


def _size(path: Path) -> int:
    history = path / store.HISTORY
    return history.stat().st_size if history.exists() else 0


def _table(info: GridInfo) -> list[dict[str, Any]]:
    rows = []
    for k in range(len(info.grid.members)):
        row = read_object(info.path / str(k) / store.RESULT)
        if row is None:
            failed = read_object(info.path / str(k) / store.FAILED) or {}
            row = {"k": k, "axes": info.grid.position_of(k), **failed}
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("--stack", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    give_way(arguments.nice)
    try:
        if arguments.stack is None:
            work(arguments.grid, arguments.threads)
        else:
            work_stack(arguments.grid, arguments.stack, arguments.threads or 1, sys.stdin.fileno())
    except (StoreError, ValueError, RuntimeError, OSError):
        # The sentence is in progress.json for the pages; the traceback goes to the grid's log.
        traceback.print_exc()
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
