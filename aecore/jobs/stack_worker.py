"""Trains one stack of a grid: `python -m aecore.jobs.stack_worker GRID STACK`, as the local engine starts it.

Its state is saved after every epoch, so a kill loses at most one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from aecore import store
from aecore.jobs.process import Reporter, StoppedAtStart, noting_failure, start_up, stopping_on_signals
from aecore.owners import changes

GRACE = 30.0
"""Seconds to wait for another process that is still saving this stack."""


@changes("path")
def work(path: Path, s: int, threads: int, until: int | None = None, until_epoch: int | None = None) -> None:
    """Trains stack s of the grid in `path`, from its state where there is one, to its end or that epoch's.

    Stops when the stream with the file descriptor `until` ends.
    """
    reporter = Reporter(store.stack_path(path, s))
    with noting_failure(reporter), stopping_on_signals(reporter), _only_one(path, s):
        ended = threading.Event()
        if until is not None:
            threading.Thread(target=_wait_for_end, args=(until, ended), daemon=True).start()
        reporter.update(force=True, status="running")
        finished = False
        with contextlib.suppress(StoppedAtStart):
            finished = _train(path, s, threads, reporter, ended, until_epoch)
        reporter.update(force=True, status="finished" if finished else "stopped")


def _train(
    path: Path, s: int, threads: int, reporter: Reporter, ended: threading.Event, until_epoch: int | None
) -> bool:
    with start_up(reporter, ended.is_set):
        import torch

        from aecore import data as datasets
        from aecore.jobs.recording import Recording, train_members

        torch.set_num_threads(threads)
        info = store.read_grid(path)
        data = datasets.load(info.config.data.name)
    recording = Recording.of_stack(info, s, data)
    return train_members(recording, data, reporter, ended.is_set, until=until_epoch)


def _wait_for_end(descriptor: int, ended: threading.Event) -> None:
    # Not through sys.stdin: a thread that holds its lock would keep the process from ending.
    while os.read(descriptor, 1024):
        pass
    ended.set()


@contextlib.contextmanager
def _only_one(path: Path, s: int) -> Iterator[None]:
    """Waits for a process whose grid has just died and that is still saving this stack."""
    try:
        with store.training_lock(store.stack_path(path, s), GRACE):
            yield
    except Timeout:
        raise RuntimeError(f"stack {s} is still being trained by another process") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("stack", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--until-epoch", type=int)
    arguments = parser.parse_args()
    # An exception's sentence is in the stack's progress; its traceback goes to the grid's log.
    work(arguments.grid, arguments.stack, arguments.threads, sys.stdin.fileno(), arguments.until_epoch)


if __name__ == "__main__":
    main()
