"""Trains the grid in a folder, its stacks by an engine, and writes the table of members.

python -m aecore.jobs.grid_worker GRID    the grid's process; imports no training itself
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Protocol

from aecore import cores, halving, store
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
        self,
        info: GridInfo,
        stacks: Sequence[int],
        threads: int,
        reporter: Reporter,
        until: int | None = None,
    ) -> Generator[None, None, None]:
        """Trains those stacks into the grid's folder, to their end or that epoch's, and yields now and then.

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
        return _train(info, threads or cores.available(), reporter, on_record, engine or LocalEngine())

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
        started, before = time.time(), _fraction(info.path, stacks)
        rungs = halving.rungs(info.config.train.epochs) if info.grid.halving else []
        for until in (*rungs, None):
            waiting = [s for s, stack in enumerate(stacks) if _has_to_train(info, stack, until)]
            with contextlib.closing(engine.train(info, waiting, threads, reporter, until)) as rounds:
                for _ in rounds:
                    fraction = _fraction(info.path, stacks)
                    spent = time.time() - started
                    left = spent / (fraction - before) * (1 - fraction) if fraction > before else None
                    done = sum(store.is_stack_finished(info.path, [k]) for k in members)
                    reporter.update(fraction=fraction, seconds_left=left, members_done=done)
                    forward()
            if any(_has_to_train(info, stack, until) for stack in stacks):
                # Stopped: the comparison waits until all have come so far.
                break
            if until is not None:
                _stop_beaten(info, until)
    forward()
    if not all(store.is_stack_finished(info.path, stack) for stack in stacks):
        return None
    _keep_probe(info)
    rows = tuple(info.member_row(k) or Row(k, info.grid.position_of(k)) for k in members)
    result = GridResult(rows, sum(_seconds(info, row) for row in rows))
    store.write_result(info.path, result)
    reporter.update(fraction=1.0, seconds_left=0.0, members_done=len(members))
    return result


def _seconds(info: GridInfo, row: Row) -> float:
    """Training time of a member, also of one that was stopped."""
    if row.beaten is not None:
        return sum(record.seconds for record in store.read_history(info.member_path(row.k)))
    return row.result.seconds if row.result is not None else 0.0


def _has_to_train(info: GridInfo, members: Sequence[int], until: int | None) -> bool:
    """Whether a stack has steps to take, to the end of epoch `until` or to its own end."""
    if store.is_stack_finished(info.path, members):
        return False
    return until is None or any(len(store.read_history(info.member_path(k))) < until for k in members)


def _stop_beaten(info: GridInfo, epoch: int) -> None:
    """Compares the members that have come to the end of that epoch, and notes those that go no further.

    A comparison that was made before a stop comes out the same again: those it stopped take part in it.
    """
    errors = {}
    for k in range(len(info.grid.members)):
        path = info.member_path(k)
        failed, stopped = store.read_failed(path), store.read_beaten(path)
        if (failed is None or failed > epoch) and (stopped is None or stopped >= epoch):
            errors[k] = store.read_history(path)[epoch - 1].validation["squared_error"]
    for k in halving.beaten(info.grid.members, errors):
        store.write_beaten(info.member_path(k), epoch)


def _keep_probe(info: GridInfo) -> None:
    from aecore import data
    from aecore.analysis.probe import make_probe

    store.write_probe(info.path, make_probe(info.grid, data.load(info.config.data.name)))


def _fraction(path: Path, stacks: Sequence[Sequence[int]]) -> float:
    """Part of all members' epochs that is done."""
    done = sum(
        len(members)
        * (1.0 if _is_over(path, members) else store.read_progress(store.stack_path(path, s)).fraction)
        for s, members in enumerate(stacks)
    )
    return done / max(1, sum(map(len, stacks)))


def _is_over(path: Path, members: Sequence[int]) -> bool:
    return any(store.read_beaten(path / str(k)) is not None for k in members)


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
