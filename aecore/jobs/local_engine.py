"""The engine of one machine: a process for each stack.

On a CPU as many stacks train side by side as there are threads; on an accelerator one after the other. A
stack's process ends, and saves what it has, when its standard input does: the grid's process closes it to
stop, and by dying.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aecore import store
from aecore.grid import Grid
from aecore.jobs import control
from aecore.jobs.process import Reporter
from aecore.store import GridInfo

PAUSE = 0.1
"""Seconds between two looks of the grid's process at its stacks."""

GRACE = 30.0
"""Seconds that a stack's process has to save what it has, before it is killed."""


class LocalEngine:
    """A `grid_worker.Engine` of processes on this machine."""

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def plan(self, grid: Grid) -> list[list[int]]:
        from aecore.data import find
        from aecore.training.stacking import plan_stacks

        return plan_stacks(grid, find(grid.base.data.name).shape)

    def train(
        self,
        info: GridInfo,
        stacks: Sequence[int],
        threads: int,
        reporter: Reporter,
        until: int | None = None,
    ) -> Generator[None, None, None]:
        waiting = list(stacks)
        # As if no stack were done: a resumed one keeps its number of threads, since others round otherwise.
        on_cpu = control.lock_name(info.config.train.device) == "cpu"
        side_by_side = min(threads, len(store.read_stacks(info.path))) if on_cpu else 1
        running: dict[int, subprocess.Popen[bytes]] = {}
        failures: list[str] = []
        try:
            while running or (waiting and not reporter.stopping):
                while waiting and len(running) < side_by_side and not reporter.stopping:
                    s = waiting.pop(0)
                    running[s] = _start(info.path, s, threads // side_by_side, until)
                time.sleep(PAUSE)
                if reporter.stopping:
                    _close_inputs(running.values())
                for s in [s for s, process in running.items() if process.poll() is not None]:
                    if code := running.pop(s).returncode:
                        failures.append(_failure_message(info.path, s, code))
                yield
        finally:
            _end(running.values())
        if failures:
            raise RuntimeError(failures[0])


def _start(path: Path, s: int, threads: int, until: int | None) -> subprocess.Popen[bytes]:
    stack = store.stack_path(path, s)
    store.write_progress(stack, replace(store.read_progress(stack), message=""))
    command = [sys.executable, "-m", "aecore.jobs.stack_worker", str(path.resolve()), str(s)]
    last = [] if until is None else ["--until-epoch", str(until)]
    return subprocess.Popen(
        [*command, "--threads", str(threads), *last],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        # A Ctrl-C is for the grid's process, which passes it on.
        **control.detached(),
    )


def _close_inputs(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.stdin is not None:
            process.stdin.close()


def _end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Lets processes save what they have, all at the same time, and leaves none behind."""
    processes = list(processes)
    _close_inputs(processes)
    end = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _failure_message(path: Path, s: int, code: int) -> str:
    """Why a stack's process failed, in one sentence."""
    if message := store.read_progress(store.stack_path(path, s)).message:
        return message
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"the process of stack {s} {how}; resuming the grid goes on from its last epoch"
