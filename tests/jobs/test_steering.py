"""A run that is changed and paused while it trains: in this process, and in one that is killed on the way."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from aecore import jobs, store
from aecore.events import Event, Request
from aecore.grid import Grid
from aecore.jobs import control, steering, worker
from aecore.jobs.replay import compare, create_replay
from aecore.store import names
from tests.jobs.test_control import (
    KILLED_MIDWAY,
    ROOT,
    own_queue,
    reached,
    root,
    same_weights,
    status,
    until,
)
from tests.samples import tiny_config

__all__ = ["own_queue", "root"]

CONFIG = tiny_config(train__epochs=3, loss__code_l2=0.01)
SLOWER = {"train.learning_rate": 2e-4}
SPARSER = {"train.learning_rate": 3e-3, "loss.code_l1": 0.05, "loss.code_l2": 0.0}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(steering, "WAIT", 0.01)


def new(root, config=CONFIG, *asked):
    """A run of which something is asked before its first step."""
    path = store.create_run(config, "steered", root)
    for request in asked:
        store.add_request(path, request)
    return path


def with_epochs(epochs):
    return CONFIG.with_values({"train.epochs": epochs})


def kinds(path):
    return [event.kind for event in store.read_events(path)]


def replayed(path, root):
    """The run again from its seed and events, in this process."""
    again = create_replay(path, root=root / "again")
    assert worker.work(again, threads=1) is not None
    return again


def test_a_change_is_an_event_and_a_replay_gives_the_same_bits(root):
    path = new(root, CONFIG, Request("change", SLOWER), Request("change", SPARSER))
    assert worker.work(path, threads=1) is not None
    one, two = store.read_events(path)
    assert (one.values, two.values) == (SLOWER, SPARSER)
    assert one.step == two.step == 1
    assert one.epoch == 1 / store.read_progress(path).steps
    assert not store.has_requests(path)
    assert "code_l1" in store.read_history(path)[-1].train
    assert store.read_info(path).config == CONFIG

    again = replayed(path, root)
    assert same_weights(path, again)
    assert compare(path, again).same
    ours, theirs = (
        [replace(r, images_per_second=0.0, seconds=0.0) for r in store.read_history(p)] for p in (path, again)
    )
    assert ours == theirs
    unchanged = new(root)
    worker.work(unchanged, threads=1)
    found = compare(path, unchanged)
    assert not found.same
    assert found.largest > 0


@pytest.mark.parametrize(
    "nonsense", [{"train.learning_rate": -1.0}, {"train.batch_size": 3.0}, {"loss.code_l1": -0.5}]
)
def test_what_another_hand_asks_for_and_can_not_be_harms_nothing(root, nonsense):
    path = new(root)
    (path / names.REQUESTS).mkdir()
    (path / names.REQUESTS / "1.json").write_text("{")
    (path / names.REQUESTS / "2.json").write_text(json.dumps({"kind": "change", "values": nonsense}))
    store.add_request(path, Request("change", SLOWER))
    assert worker.work(path, threads=1) is not None
    assert [event.values for event in store.read_events(path)] == [SLOWER]


def test_a_pause_waits_between_two_steps_and_goes_on_with_the_same_bits(root):
    seen = []

    def listen(progress):
        if progress.status != "paused":
            return
        seen.append(progress)
        assert status(path) == "paused"
        if len(seen) == 3:
            store.add_request(path, Request("continue"))

    path = new(root, CONFIG, Request("pause"))
    assert worker.work(path, threads=1, on_progress=listen) is not None
    assert {(p.epoch, p.step) for p in seen} == {(0, 1)}
    assert seen[0].heartbeat < seen[2].heartbeat
    assert kinds(path) == ["pause", "continue"]
    assert {event.step for event in store.read_events(path)} == {1}
    whole = new(root)
    worker.work(whole, threads=1)
    assert same_weights(path, whole)


def test_one_epoch_at_a_time_pauses_with_the_epochs_record_written(root):
    seen = []

    def listen(progress):
        if progress.status == "paused" and (not seen or seen[-1][0] != progress.epoch):
            seen.append((progress.epoch, progress.step, len(store.read_history(path))))
            store.add_request(path, Request("one_epoch"))

    path = new(root, CONFIG, Request("one_epoch"))
    assert worker.work(path, threads=1, on_progress=listen) is not None
    # There is nothing to wait for after the last.
    assert seen == [(1, 0, 1), (2, 0, 2)]
    assert kinds(path) == ["pause", "continue"] * 2
    assert status(path) == "finished"


@pytest.mark.parametrize("asked", ["pause", "one_epoch"])
def test_stop_works_while_it_is_paused_and_a_resume_gives_the_bits_of_never_stopping(root, asked):
    def listen(progress):
        if progress.status == "paused":
            jobs.stop(path)

    path = new(root, CONFIG, Request("change", SPARSER), Request(asked))
    assert worker.work(path, threads=1, on_progress=listen) is None
    assert status(path) == "stopped"
    place = store.load_state(path)["position"].tolist()
    assert place == ([0, 1] if asked == "pause" else [1, 0])
    assert worker.work(path, threads=1) is not None
    assert kinds(path) == ["change", "pause"]
    assert same_weights(path, replayed(path, root))


def test_a_line_cut_short_is_dropped_and_a_damaged_one_is_a_sentence(root):
    path = new(root, CONFIG, Request("change", SLOWER))
    event = Event(1, 0.1, "change", SPARSER)
    store.append_event(path, event)
    with (path / names.EVENTS).open("a") as file:
        file.write('{"step": 9, "epo')
    assert store.read_events(path) == [event]
    assert worker.work(path, threads=1) is not None
    assert [e.values for e in store.read_events(path)] == [SPARSER, SLOWER]

    damaged = new(root)
    store.append_event(damaged, event)
    (damaged / names.EVENTS).write_text('{"step": 9}\n' + (damaged / names.EVENTS).read_text())
    with pytest.raises(ValueError, match=r"line 1 of events\.jsonl can't be used: epoch is missing"):
        worker.work(damaged, threads=1)
    assert status(damaged) == "failed"
    assert "events.jsonl" in store.read_progress(damaged).message


def test_only_a_run_at_work_can_be_changed(root):
    path = new(root)
    for ask in (jobs.pause, jobs.go_on, jobs.train_one_epoch):
        with pytest.raises(RuntimeError, match="steered is not being trained now"):
            ask(path)
    with pytest.raises(RuntimeError, match="not being trained now"):
        jobs.change(path, SLOWER)
    assert not store.has_requests(path)
    grid = store.create_grid(Grid(CONFIG, {"train.seed": [0, 1]}), "both", root)
    for several in (grid, grid / "0"):
        with pytest.raises(RuntimeError, match="trains several models at once"):
            jobs.pause(several)


def test_an_unfinished_run_and_a_member_are_not_replayed(root):
    with pytest.raises(ValueError, match="steered has not come to its end: resume it first"):
        create_replay(new(root))
    grid = store.create_grid(Grid(CONFIG, {"train.seed": [0, 1]}), "both", root)
    with pytest.raises(ValueError, match="was trained together with others"):
        create_replay(grid / "0")


def test_a_process_changed_twice_and_killed_twice_gives_the_same_bits_and_so_does_its_replay(root):
    path = jobs.submit(with_epochs(5), "steered", root, threads=1)
    # Before the process is up: it is taken after the first step, wherever the machine is by then.
    store.add_request(path, Request("pause"))
    until(lambda: status(path) == "paused", "the pause")
    paused = store.read_progress(path)
    assert (paused.epoch, paused.step) == (0, 1)
    until(lambda: store.read_progress(path).heartbeat > paused.heartbeat, "a sign of life")
    now = store.read_progress(path)
    assert (now.epoch, now.step, now.status) == (0, 1, "paused")
    with pytest.raises(ValueError, match=r"train\.learning_rate must be above 0, not 0"):
        jobs.change(path, {"train.learning_rate": 0.0})

    jobs.change(path, SLOWER)
    until(lambda: kinds(path) == ["pause", "change"], "the first change")
    jobs.train_one_epoch(path)
    until(lambda: (p := store.read_progress(path)).status == "paused" and p.epoch == 1, "the epoch's end")
    assert [record.epoch for record in store.read_history(path)] == [1]
    jobs.change(path, SPARSER)
    until(lambda: kinds(path)[-1] == "change", "the second change")
    # The event is on the disk and has taken no effect yet.
    process = psutil.Process(store.read_progress(path).pid)
    process.kill()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "its end")
    assert status(path) == "interrupted"

    midway = KILLED_MIDWAY.replace("(1, 40)", "(2, 40)")
    killed = subprocess.run([sys.executable, "-c", midway, str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    jobs.start(path)
    until(lambda: status(path) == "finished", "the end")
    changes = [event.values for event in store.read_events(path) if event.kind == "change"]
    assert changes == [SLOWER, SPARSER]
    assert same_weights(path, replayed(path, root))


def test_a_paused_run_keeps_its_device_until_it_is_stopped(root):
    first = jobs.submit(with_epochs(100_000), "first", root, threads=1)
    reached(first, 0, 1)
    jobs.pause(first)
    until(lambda: status(first) == "paused", "the pause")
    second = jobs.submit(CONFIG, "second", root, threads=1)
    until(lambda: store.read_progress(second).pid, "the second process")
    assert [job.name for job in jobs.jobs_before(second, control.lock_name("cpu"))] == ["first"]
    assert status(second) == "queued"
    with pytest.raises(RuntimeError, match="second is not being trained now"):
        jobs.pause(second)
    jobs.stop(first)
    until(lambda: status(first) == "stopped", "the stop")
    until(lambda: status(second) == "finished", "the second's turn")
