"""Trains the grid in a folder, its stacks by an engine, and writes the table of members.

python -m aecore.jobs.grid_worker GRID    the grid's process; imports no training itself
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Protocol

from aecore import store
from aecore.grid import Grid
from aecore.jobs.local_engine import LocalEngine
from aecore.jobs.process import Listener, Reporter, lower_priority, run_exclusively, start_up
from aecore.owners import changes
from aecore.results import EpochRecord, GridResult, Row
from aecore.store import GridInfo

OnMemberRecord = Callable[[int, EpochRecord], None]


class Engine(Protocol):
    """What trains the stacks of a grid somewhere; entered while it does."""

    def __enter__(self) -> Engine: ...

    def __exit__(self, *exception: object) -> None: ...

    def plan(self, grid: Grid) -> list[list[int]]:
        """The grid's stacks as lists of k, as the engine's devices can take them."""

    def train(
        self, info: GridInfo, stacks: Sequence[int], threads: int, reporter: Reporter
    ) -> Generator[None, None, None]:
        """Trains those stacks into the grid's folder and yields now and then.

        Ends early when the reporter says so. RuntimeError when a stack could not be trained.
        """


@changes("path")
def work(
    path: Path,
    threads: int | None = None,
    on_record: OnMemberRecord | None = None,
    on_progress: Listener | None = None,
    engine: Engine | None = None,
) -> GridResult | None:
    """Trains all members to the end or to a stop. Returns the result, or None when stopped before.

    The `engine` is processes on this machine unless given. Raises RuntimeError in one sentence when a
    stack could not be trained, the grid is being trained already, or has been to its end.
    """
    info = store.read_grid(path)
    if info.result is not None:
        raise RuntimeError(f"{info.name} has had all its epochs; train its settings again to go further")

    def body(reporter: Reporter) -> GridResult | None:
        return _train(info, threads or os.cpu_count() or 1, reporter, on_record, engine or LocalEngine())

    return run_exclusively(path, info.config.train.device, body, on_progress)


def _train(
    info: GridInfo, threads: int, reporter: Reporter, on_record: OnMemberRecord | None, engine: Engine
) -> GridResult | None:
    members = range(len(info.grid.members))
    reporter.update(force=True, status="running", threads=threads)
    forward = _RecordForwarder(info, on_record)
    with engine:
        stacks = store.read_stacks(info.path)
        if not stacks:
            with start_up(reporter):
                stacks = engine.plan(info.grid)
            store.write_stacks(info.path, stacks)
        waiting = [s for s, members in enumerate(stacks) if not store.is_stack_finished(info.path, members)]
        started, before = time.time(), _fraction(info.path, stacks)
        with contextlib.closing(engine.train(info, waiting, threads, reporter)) as rounds:
            for _ in rounds:
                fraction = _fraction(info.path, stacks)
                spent = time.time() - started
                left = spent / (fraction - before) * (1 - fraction) if fraction > before else None
                done = sum(store.has_result(info.member_path(k)) for k in members)
                reporter.update(fraction=fraction, seconds_left=left, members_done=done)
                forward()
    forward()
    if not all(store.is_stack_finished(info.path, stack) for stack in stacks):
        return None
    _keep_probe(info)
    rows = tuple(info.member_row(k) or Row(k, info.grid.position_of(k)) for k in members)
    result = GridResult(rows, sum(row.result.seconds for row in rows if row.result is not None))
    store.write_result(info.path, result)
    reporter.update(fraction=1.0, seconds_left=0.0, members_done=len(members))
    return result


def _keep_probe(info: GridInfo) -> None:
    from aecore import data
    from aecore.analysis.probe import make_probe

    store.write_probe(info.path, make_probe(info.grid, data.load(info.config.data.name)))


def _fraction(path: Path, stacks: Sequence[Sequence[int]]) -> float:
    """Part of all members' epochs that is done."""
    done = sum(
        store.read_progress(store.stack_path(path, s)).fraction * len(members)
        for s, members in enumerate(stacks)
    )
    return done / max(1, sum(map(len, stacks)))


class _RecordForwarder:
    """Hands on the epoch records that members have noted since the last call."""

    def __init__(self, info: GridInfo, listener: OnMemberRecord | None) -> None:
        self.listener = listener
        self.paths = [info.member_path(k) for k in range(len(info.grid.members))] if listener else []
        self.forwarded = [len(store.read_history(path)) for path in self.paths]
        self.sizes = [store.history_size(path) for path in self.paths]

    def __call__(self) -> None:
        if self.listener is None:
            return
        for k, path in enumerate(self.paths):
            if (size := store.history_size(path)) == self.sizes[k]:
                continue
            self.sizes[k] = size
            for record in store.read_history(path)[self.forwarded[k] :]:
                self.listener(k, record)
                self.forwarded[k] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--nice", type=int, default=0)
    arguments = parser.parse_args()
    lower_priority(arguments.nice)
    # An exception's sentence is in the progress for the pages; its traceback goes to the grid's log.
    work(arguments.grid, arguments.threads)


if __name__ == "__main__":
    main()
