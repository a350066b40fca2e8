"""Grids trained by real processes: killed, stopped, orphaned, queued, and resumed to the same bits."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from aecore import jobs, store
from aecore.grid import Grid
from aecore.jobs import grid_worker, process
from aecore.results import EpochRecord, Progress, Row
from aecore.store import names, stack_path
from tests.engines import InProcess
from tests.samples import tiny_config

ROOT = Path(__file__).resolve().parents[2]
LONG = 100_000


@pytest.fixture(autouse=True)
def own_queue(tmp_path_factory, monkeypatch):
    """Locks of this test alone, so that trainings elsewhere on the machine do not hold it up."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setenv("AECORE_LOCKS", str(folder))
    monkeypatch.setattr(process, "QUEUE_PAUSE", 0.05)


@pytest.fixture
def root(tmp_path):
    """A run root whose processes are ended with the test."""
    yield tmp_path
    for info in jobs.active(tmp_path):
        if pid := info.progress.pid:
            psutil.Process(pid).kill()


def until(condition, what: str, seconds: float = 240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


def two_stacks(**values) -> Grid:
    """Four members in two stacks, since one cannot hold two depths."""
    base = tiny_config(**{"train__schedule": "cosine"} | values)
    return Grid(base, {"model.hidden": [(8,), (8, 6)], "model.latent_size": [2, 3]})


def create(grid: Grid, root: Path, name: str = "") -> Path:
    """A grid of four members whose stacks do not depend on the machine's cores."""
    path = store.create_grid(grid, name, root)
    store.write_stacks(path, [[0, 1], [2, 3]])
    return path


def submit(grid: Grid, root: Path) -> Path:
    path = create(grid, root)
    jobs.start(path, threads=2)
    return path


def whole(grid: Grid, root: Path) -> Path:
    """The grid in this process, never stopped."""
    path = create(grid, root / "whole")
    assert grid_worker.work(path, 1, engine=InProcess()) is not None
    return path


def same_members(a: Path, b: Path) -> bool:
    """Whether all weights and histories are the same, bit for bit; the files' metadata come in any order."""
    members = range(len(store.read_grid(a).grid.members))
    for k in members:
        x, y = (load_file(p / str(k) / names.WEIGHTS) for p in (a, b))
        if x.keys() != y.keys() or not all(x[n].equal(y[n]) for n in x):
            return False
    told = [
        [[r.train | r.validation for r in store.read_history(p / str(k))] for k in members] for p in (a, b)
    ]
    return told[0] == told[1]


def status(path: Path) -> str:
    return jobs.status(store.read_grid(path))


def stack_progress(path: Path, s: int) -> Progress:
    return store.read_progress(stack_path(path, s))


def reached(path: Path, s: int, epoch: int) -> Progress:
    def passed():
        progress = stack_progress(path, s)
        return progress if progress.epoch >= epoch else None

    return until(passed, f"epoch {epoch} of stack {s}")


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_killed_with_its_group_in_the_middle_and_resumed_gives_the_bits_of_never_stopping(root):
    grid = two_stacks(train__epochs=3, train__batch_size=8)
    expected = whole(grid, root)
    path = submit(grid, root)
    assert status(path) == "queued"
    children = [reached(path, s, 1).pid for s in (0, 1)]
    head = store.read_grid(path).progress.pid
    assert head not in children
    os.killpg(head, signal.SIGKILL)
    # The children outlive the group, but not for long.
    started = time.monotonic()
    until(lambda: all(map(gone, children)), "the children's end", 60)
    assert time.monotonic() - started < 30
    assert status(path) == "interrupted"
    jobs.start(path)
    until(lambda: status(path) == "finished", "the end")
    assert same_members(path, expected)
    ours, theirs = ([timeless(row) for row in store.read_grid(p).members()] for p in (path, expected))
    assert ours == theirs


def timeless(row: Row) -> Row:
    return replace(row, result=replace(row.result, seconds=0.0))


def test_a_killed_child_fails_the_grid_in_one_sentence_and_loses_an_epoch_at_most(root):
    grid = two_stacks(train__epochs=3, train__batch_size=8)
    path = submit(grid, root)
    child = reached(path, 1, 1).pid
    psutil.Process(child).kill()
    until(lambda: status(path) == "failed", "the failure")
    message = store.read_grid(path).progress.message
    assert message.startswith("the process of stack 1 was ended by signal 9")
    assert "\n" not in message
    # The other stack was not disturbed, and this one kept its last epoch.
    assert store.is_stack_finished(path, [0, 1])
    state = store.load_state(stack_path(path, 1))
    assert int(state["position"][0]) >= 1
    jobs.start(path)
    until(lambda: status(path) == "finished", "the end")
    assert same_members(path, whole(grid, root))


def test_a_stop_from_another_process_keeps_what_is_there_and_the_next_in_the_queue_starts(root):
    path = submit(two_stacks(train__epochs=LONG, train__schedule="constant"), root)
    children = [reached(path, s, 2).pid for s in (0, 1)]
    queued = jobs.submit(tiny_config(train__epochs=1), "", root, threads=1)
    until(lambda: store.read_progress(queued).pid, "the queued run")
    assert [info.path for info in jobs.active(root)] == [path, queued]
    time.sleep(1)
    assert jobs.status(store.read_info(queued)) == "queued"
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"from aecore import jobs; from pathlib import Path; jobs.stop(Path({str(path)!r}))",
        ],
        cwd=ROOT,
        check=True,
    )
    until(lambda: status(path) == "stopped", "the stop")
    assert all(map(gone, children))
    assert not store.stop_requested(path)
    for k in range(4):
        assert store.load_run(path / str(k)).history
        assert store.read_pictures(path / str(k)) is not None
    until(lambda: jobs.status(store.read_info(queued)) == "finished", "the queued run's end")


def test_a_stop_in_the_middle_of_an_epoch_resumes_to_the_same_bits(root, monkeypatch):
    grid = two_stacks(train__epochs=3)
    path = create(grid, root)
    update = process.Reporter.update
    calls = []

    def stop_soon(self, force=False, **values):
        calls.append(values)
        self.stopping = self.stopping or len(calls) % 150 == 149
        return update(self, force, **values)

    monkeypatch.setattr(process.Reporter, "update", stop_soon)
    results = [grid_worker.work(path, 1, engine=InProcess()) for _ in range(2)]
    monkeypatch.setattr(process.Reporter, "update", update)
    assert None in results
    if results[-1] is None:
        assert grid_worker.work(path, 1, engine=InProcess()) is not None
    assert same_members(path, whole(grid, root))


def test_records_and_progress_are_told_and_a_finished_grid_is_not_trained_again(root):
    records, fractions = [], []
    path = create(two_stacks(train__epochs=2), root, "mine")
    result = grid_worker.work(
        path, 1, lambda *record: records.append(record), lambda p: fractions.append(p.fraction), InProcess()
    )
    assert sorted((k, record.epoch) for k, record in records) == [(k, e) for k in range(4) for e in (1, 2)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [row.k for row in result.members] == [0, 1, 2, 3]
    assert result.to_dict() == store.read_grid(path).result.to_dict()
    with pytest.raises(RuntimeError, match="mine has had all its epochs"):
        grid_worker.work(path)


def test_a_member_that_diverges_is_marked_and_the_table_says_so(root):
    base = tiny_config(train__optimizer="sgd", model__output_activation="linear")
    path = store.create_grid(Grid(base, {"train.learning_rate": [1e-2, 1e12]}), "", root)
    store.write_stacks(path, [[0, 1]])
    result = grid_worker.work(path, 1, engine=InProcess())
    good, bad = result.members
    assert good.result.test.squared_error > 0
    assert bad == Row(1, {"train.learning_rate": 1e12}, failed=1)
    info = store.read_info(path / "1")
    assert jobs.status(info) == "failed"
    assert "no longer finite in epoch 1" in info.progress.message
    # There is no earlier epoch whose weights could have been kept.
    assert not info.has_weights
    assert status(path) == "finished"


def test_what_was_noted_after_the_last_saved_state_is_redone(root):
    grid = two_stacks(train__epochs=2)
    path = create(grid, root)
    store.append_history(path / "0", EpochRecord(1, {"squared_error": 5.0}, {}, 1.0, 1.0, 1.0))
    with (path / "1" / names.HISTORY).open("a") as file:
        file.write('{"epoch": 1, "tra')
    assert grid_worker.work(path, 1, engine=InProcess()) is not None
    assert same_members(path, whole(grid, root))


def test_damage_to_a_stacks_state_is_told_in_one_sentence(root):
    path = create(two_stacks(), root)
    (stack_path(path, 0) / names.OPTIMIZER).write_bytes(b"x")
    with pytest.raises(ValueError, match=r"optimizer\.safetensors is damaged"):
        grid_worker.work(path, 1, engine=InProcess())
    assert status(path) == "failed"
    assert torch.is_grad_enabled()


def rates(halving: bool) -> Grid:
    base = tiny_config(train__epochs=4, train__optimizer="sgd", train__momentum=0.0)
    return Grid(base, {"train.learning_rate": [1e-5, 1e-2, 1e-1, 1.0]}, halving=halving)


def test_beaten_members_stop_early_and_the_others_train_as_if_alone(root):
    from aecore.analysis import selection

    all_the_way = store.create_grid(rates(halving=False), "", root)
    store.write_stacks(all_the_way, [[0], [1], [2], [3]])
    grid_worker.work(all_the_way, 1, engine=InProcess())
    path = store.create_grid(rates(halving=True), "", root)
    result = grid_worker.work(path, 1, engine=InProcess())
    assert result is not None
    # The first comparison is after one epoch of four, the second after two.
    assert sorted(row.beaten or 0 for row in result.members) == [0, 1, 1, 2]
    info = store.read_grid(path)
    for row in info.rows():
        assert (row.result is None) == (row.beaten is not None)
        whole = store.read_history(all_the_way / str(row.k))[: row.epochs]
        assert row.epochs == (row.beaten or 4)
        assert [r.validation for r in store.read_history(info.member_path(row.k))] == [
            r.validation for r in whole
        ]
    (best,) = [row.k for row in result.members if row.result is not None]
    assert [c.k for c in selection.candidates(info.grid, info.rows())] == [best]
    assert min(result.members, key=lambda row: row.validation["squared_error"]).k == best


def test_a_grid_with_beaten_members_that_was_stopped_comes_to_the_same_end(root):
    whole, path = (store.create_grid(rates(halving=True), "", root) for _ in range(2))
    expected = grid_worker.work(whole, 1, engine=InProcess())

    class StopsAfter(InProcess):
        def train(self, info, stacks, threads, reporter, until=None):
            for at, _ in enumerate(super().train(info, stacks[:2], threads, reporter, until)):
                yield
                if at == 1:
                    return

    # Each call comes a little further.
    stops, found = 0, None
    while found is None:
        found = grid_worker.work(path, 1, engine=StopsAfter())
        stops += found is None
        assert stops < 10
    assert stops
    assert expected is not None
    assert [row.beaten for row in found.members] == [row.beaten for row in expected.members]
    assert same_members(whole, path)
