import json
import os
import re
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
from aecore.config import Config
from aecore.files import StoreError
from aecore.jobs import control, process, worker
from aecore.results import Progress, Result, Score
from aecore.store import RunInfo, names
from tests.samples import tiny_config

ROOT = Path(__file__).resolve().parents[2]
LONG = 100_000
"""Epochs of a run that does not end by itself."""


@pytest.fixture(autouse=True)
def own_queue(tmp_path_factory, monkeypatch):
    """Locks of this test alone, so that trainings elsewhere on the machine do not hold it up."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setenv("AECORE_LOCKS", str(folder))
    monkeypatch.setattr(process, "QUEUE_PAUSE", 0.05)
    # A training gives way to the page; on a busy machine a test would wait for it for minutes.
    monkeypatch.setattr(control, "NICE", 0)


@pytest.fixture
def root(tmp_path):
    """A run root whose processes are ended with the test."""
    yield tmp_path / "runs"
    for info in jobs.active(tmp_path / "runs"):
        if (pid := info.progress.pid) not in (None, os.getpid()):
            psutil.Process(pid).kill()


def until(condition, what: str, seconds: float = 240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


def status(path: Path) -> str:
    return jobs.status(store.read_info(path))


def reached(path: Path, epoch: int, step: int = 0):
    """Waits until the run has passed that point, and returns its progress."""

    def passed():
        progress = store.read_progress(path)
        return progress if (progress.epoch, progress.step) >= (epoch, step) else None

    return until(passed, f"epoch {epoch}, step {step}")


def train_whole(config: Config, root: Path) -> Path:
    """The same run in this process, never stopped."""
    path = store.create_run(config, "whole", root)
    assert worker.work(path, threads=1) is not None
    return path


def same_weights(a: Path, b: Path) -> bool:
    """Whether both runs ended with the same bits, those of the optimizer included."""
    one, two = (
        load_file(path / names.WEIGHTS) | load_file(path / names.OPTIMIZER) | {"seconds": torch.zeros(1)}
        for path in (a, b)
    )
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_detached_process_trains_to_the_end(root):
    config = tiny_config(train__epochs=2)
    path = jobs.submit(config, "mine", root, threads=1)
    assert status(path) == "queued"
    until(lambda: status(path) == "finished", "the end")
    assert store.read_progress(path).pid != os.getpid()
    assert set(os.listdir(path)) == {
        "config.json",
        "weights.safetensors",
        "optimizer.safetensors",
        "history.jsonl",
        "pictures.safetensors",
        "progress.json",
        "result.json",
        "log.txt",
        "layers.rows",
        "frames.rows",
        "lock",
    }
    assert [record.epoch for record in store.read_history(path)] == [1, 2]
    result = store.read_info(path).result
    assert result.epochs == 2
    assert result.test.squared_error > 0
    assert result.validation == store.read_history(path)[-1].validation
    assert result.validation_standard_error > 0
    progress = store.read_progress(path)
    assert (progress.threads, progress.device, progress.epochs) == (1, "cpu", 2)
    assert same_weights(path, train_whole(config, root / "other"))
    with pytest.raises(RuntimeError, match="mine has had all its 2 epochs"):
        jobs.start(path)


KILLED_MIDWAY = """
import os, signal, sys
from pathlib import Path
from aecore.jobs import control, process, worker
from aecore.results import Progress
from aecore.store import names

update = worker.Reporter.update

def until_then(self, force=False, **values):
    if (values.get("epoch"), values.get("step")) == (1, 40):
        update(self, force=True, **values)
        os.kill(os.getpid(), signal.SIGKILL)
    return update(self, force, **values)

process.Reporter.update = until_then
worker.work(Path(sys.argv[1]), threads=1)
"""
"""A worker that gets `kill -9` at step 40 of its second epoch."""


def test_kill_in_the_middle_of_an_epoch_then_resume_gives_the_bits_of_never_stopping(root):
    config = tiny_config(train__epochs=3, train__schedule="cosine")
    path = store.create_run(config, "", root)
    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY, str(path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    at = store.read_progress(path)
    assert (at.status, at.epoch, at.step) == ("running", 1, 40)
    assert at.steps > 40
    assert status(path) == "interrupted"
    assert store.read_info(path).result is None
    # What a crash while appending leaves behind.
    with (path / names.HISTORY).open("a") as file:
        file.write(json.dumps({"epoch": 2, "train": {"loss": 0.0}}) + '\n{"epoch": 3, "tr')

    jobs.start(path)
    until(lambda: status(path) == "finished", "the end")
    whole = train_whole(config, root / "other")
    assert same_weights(path, whole)
    ours, theirs = (
        [replace(r, images_per_second=0.0, seconds=0.0) for r in store.read_history(p)] for p in (path, whole)
    )
    assert ours == theirs
    assert [record.epoch for record in ours] == [1, 2, 3]


def test_a_stop_asked_for_before_the_process_is_up_counts_and_a_resume_gives_the_same_bits(root):
    config = tiny_config(train__epochs=3)
    path = jobs.submit(config, "", root, threads=1)
    jobs.stop(path)
    until(lambda: status(path) == "stopped", "the stop")
    assert not store.stop_requested(path)
    if store.read_info(path).has_weights:
        # It had begun: the model reached is kept, in the middle of the first epoch.
        epoch, step = store.load_state(path)["position"].tolist()
        assert epoch == 0
        assert step > 0
        assert store.load_run(path).latent_size == 3
    jobs.start(path)
    until(lambda: status(path) == "finished", "the end")
    assert same_weights(path, train_whole(config, root / "other"))


STOPPED_WHILE_STARTING = """
import builtins, sys, time
from pathlib import Path
from aecore import store
from aecore.jobs import worker

path, how = Path(sys.argv[1]), sys.argv[2]
known = builtins.__import__

def slow(name, *rest):
    if name == "torch":
        # As on a busy machine, where this takes a minute.
        if how == "request":
            store.request_stop(path)
        else:
            import os, signal
            os.kill(os.getpid(), getattr(signal, how))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)
    return known(name, *rest)

builtins.__import__ = slow
assert worker.work(path, threads=1) is None
assert "torch" not in sys.modules
"""
"""A worker that is asked to stop while it imports torch, which takes it a minute."""


@pytest.mark.parametrize("how", ["request", "SIGTERM", "SIGINT"])
def test_a_stop_is_heard_while_modules_are_being_loaded(root, how):
    path = store.create_run(tiny_config(train__epochs=1), "", root)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_STARTING, str(path), how], cwd=ROOT, check=False
    )
    assert done.returncode == 0
    assert time.monotonic() - begun < 60
    assert status(path) == "stopped"
    assert not store.stop_requested(path)
    assert worker.work(path, threads=1) is not None


def test_a_training_that_lives_is_not_deleted(root):
    path = store.create_run(tiny_config(train__epochs=LONG), "alive", root)
    # Being started, and not up yet.
    store.write_progress(path, Progress("queued", heartbeat=time.time()))
    with pytest.raises(StoreError, match="is being trained or waits for its turn: stop it first"):
        store.delete_run(path)
    store.write_progress(path, Progress())
    jobs.start(path, threads=1)
    reached(path, 0, 1)
    with pytest.raises(StoreError, match=f"{path.name} is being trained or waits for its turn"):
        store.delete_run(path)
    progress = store.read_progress(path)
    jobs.stop(path)
    until(lambda: status(path) == "stopped", "the stop")
    until(lambda: not store.is_active(progress), "the end of its process")
    # The lock tells as well, whatever the progress says.
    with store.training_lock(path), pytest.raises(StoreError, match="stop it first"):
        store.delete_run(path)
    store.delete_run(path)
    assert not path.exists()


def test_a_polite_kill_is_a_stop(root):
    path = jobs.submit(tiny_config(train__epochs=LONG), "", root, threads=1)
    psutil.Process(reached(path, 1).pid).send_signal(signal.SIGTERM)
    until(lambda: status(path) == "stopped", "the stop")
    epoch, step = store.load_state(path)["position"].tolist()
    progress = store.read_progress(path)
    assert (progress.epoch, progress.step) <= (epoch, step)
    assert store.load_run(path).latent_size == 3


def test_runs_wait_for_their_turn_in_the_order_they_were_submitted(root):
    config = tiny_config(train__epochs=LONG)
    first = jobs.submit(config, "first", root, threads=1)
    reached(first, 1)
    second = jobs.submit(config, "second", root, threads=1)
    third = jobs.submit(config, "third", root, threads=1)
    until(lambda: all(store.read_progress(p).pid for p in (second, third)), "three processes")
    assert [r.name for r in jobs.active(root)] == ["first", "second", "third"]
    assert [status(p) for p in (first, second, third)] == ["running", "queued", "queued"]
    with pytest.raises(RuntimeError, match="second is being trained already"):
        jobs.start(second)
    # A run that waits has no need of torch.
    waiting = psutil.Process(store.read_progress(third).pid)
    assert not any("libtorch" in m.path for m in waiting.memory_maps())

    jobs.stop(first)
    until(lambda: status(second) == "running", "the second's turn")
    assert status(first) == "stopped"
    assert status(third) == "queued"
    jobs.stop(third)
    until(lambda: status(third) == "stopped", "the third leaving the queue")
    assert status(second) == "running"
    jobs.stop(second)
    until(lambda: status(second) == "stopped", "the second's stop")
    assert jobs.active(root) == []


def test_a_second_worker_on_the_same_run_is_refused_and_harms_nothing(root):
    path = jobs.submit(tiny_config(train__epochs=LONG), "", root, threads=1)
    pid = reached(path, 1).pid
    with pytest.raises(RuntimeError, match=f"{path.name} is being trained by another process"):
        worker.work(path, threads=1)
    command = [sys.executable, "-m", "aecore.jobs.worker", str(path), "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is being trained by another process" in done.stderr
    assert status(path) == "running"
    assert store.read_progress(path).pid == pid


def test_a_failure_is_a_sentence_in_the_folder(root):
    config = tiny_config(
        train__optimizer="sgd", train__learning_rate=1e6, model__output_activation="linear", train__epochs=3
    )
    path = jobs.submit(config, "", root, threads=1)
    until(lambda: status(path) == "failed", "the failure")
    progress = store.read_progress(path)
    assert progress.message.startswith("The loss was no longer finite in epoch 1 (learning rate 1e+06)")
    until(lambda: "Traceback" in (path / names.LOG).read_text(), "the traceback in the run's log")


def test_data_that_are_not_there_are_a_sentence_too(root, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    path = store.create_run(tiny_config(data__name="usps"), "", root)
    with pytest.raises(ValueError, match="USPS is not on this machine"):
        worker.work(path, threads=1)
    assert status(path) == "failed"
    assert "USPS" in store.read_progress(path).message


def test_a_run_shipped_without_its_state_is_not_trained_over(root):
    config = tiny_config(train__epochs=1)
    path = train_whole(config, root)
    (path / names.OPTIMIZER).unlink()
    (path / names.RESULT).unlink()
    before = (path / names.WEIGHTS).read_bytes()
    with pytest.raises(ValueError, match="can't be trained further"):
        worker.work(path, threads=1)
    assert (path / names.WEIGHTS).read_bytes() == before


def info(root: Path, progress: Progress | None = None) -> RunInfo:
    path = store.create_run(Config(), "", root)
    store.write_progress(path, progress or Progress())
    return store.read_info(path)


def own_process(**changes) -> Progress:
    started = jobs.process_start(os.getpid())
    own = Progress(status="running", pid=os.getpid(), process_started=started, heartbeat=time.time())
    return replace(own, **changes)


def test_a_process_is_its_pid_and_its_start(root):
    assert jobs.status(info(root, own_process())) == "running"
    # The pid has gone to another process since.
    earlier = jobs.process_start(os.getpid()) - 3600
    assert jobs.status(info(root, own_process(process_started=earlier))) == "interrupted"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    started = jobs.process_start(ended.pid)
    ended.wait()
    assert jobs.status(info(root, own_process(pid=ended.pid, process_started=started))) == "interrupted"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a start that no clock moves")
@pytest.mark.parametrize("step", [-2.0, 2.0, 86400.0])
def test_a_living_process_stays_itself_when_the_clock_is_set(root, monkeypatch, step):
    at_work = info(root, own_process())
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + step)
    assert psutil.Process().create_time() == pytest.approx(told(psutil.Process()) + step)
    assert jobs.status(store.read_info(at_work.path)) == "running"
    assert [job.path for job in jobs.active(root)] == [at_work.path]
    with pytest.raises(RuntimeError, match="is being trained already"):
        jobs.start(at_work.path)
    # The pid has gone to another process since, however the clock stands.
    since = jobs.process_start(os.getpid()) - 2
    assert jobs.status(info(root, own_process(process_started=since))) == "interrupted"


def test_an_ended_process_that_nobody_has_waited_for_is_not_at_work(root):
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    started = jobs.process_start(child.pid)
    until(lambda: process.status() == psutil.STATUS_ZOMBIE, "the end of the child")
    assert not jobs.is_active(own_process(pid=child.pid, process_started=started))
    child.wait()


RESULT = Result(Score(1.0, 0.1), epochs=10, seconds=1.0, parameters=9)


def test_states_follow_from_the_folder(root):
    now = time.time()
    assert jobs.status(info(root, own_process(heartbeat=now - 3600))) == "silent"
    assert jobs.status(info(root, Progress("queued", heartbeat=now))) == "queued"
    assert jobs.status(info(root, Progress("queued", heartbeat=now - 3600))) == "interrupted"
    for word in ("stopped", "failed"):
        assert jobs.status(info(root, Progress(word))) == word
    assert jobs.status(info(root)) == "interrupted"
    assert jobs.status(replace(info(root, Progress("running")), result=RESULT)) == "finished"


@pytest.mark.parametrize(
    "foreign",
    [
        {"pid": "12"},
        {"pid": -1},
        {"pid": 2**70},
        {"pid": 1.5},
        {"pid": [1]},
        {"process_started": "now"},
        {"heartbeat": "now", "pid": None},
        {"status": ["running"]},
        {"status": None},
    ],
)
def test_progress_from_nowhere_breaks_nothing(root, foreign):
    path = store.create_run(Config(), "", root)
    (path / names.PROGRESS).write_text(json.dumps(own_process().to_dict() | foreign))
    assert jobs.status(store.read_info(path)) == "interrupted"
    assert jobs.active(root) == []


def test_pages_leave_a_core_and_devices_queue_apart():
    assert jobs.page_threads() >= 1
    assert jobs.lock_name("cuda") == "cuda"
    assert jobs.lock_name("auto") in ("cpu", "cuda", "mps")


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness")
def test_a_trainer_gives_way_within_the_session_and_not_to_other_sessions():
    asks = "from aecore.jobs import process; import os; process.lower_priority(7)"
    tells = "print(os.nice(0)); print(os.getsid(0), os.getpgid(0), os.getpid())"
    reads = "from pathlib import Path; f = Path('/proc/self/autogroup'); print(f.exists() and f.read_text())"
    own = os.nice(0)
    words = subprocess.run(
        [sys.executable, "-c", f"{asks}; {tells}; {reads}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        **jobs.detached(),
    ).stdout.split("\n")
    assert int(words[0]) == min(own + 7, 19)
    session, group, pid = map(int, words[1].split())
    assert session == os.getsid(0)
    # Out of the reach of a Ctrl-C in the server's terminal.
    assert group == pid != os.getpgid(0)
    # The session's share of the cores is what it was.
    autogroup = Path("/proc/self/autogroup")
    assert words[2] == (autogroup.read_text().strip() if autogroup.exists() else "False")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_trainer_outlives_the_terminal_of_its_server(tmp_path):
    import pty

    trains = (
        "import os, pathlib, sys, time; parent = os.getppid(); pathlib.Path(sys.argv[1]).touch()\n"
        "while os.getppid() == parent: time.sleep(0.05)\n"
        "pathlib.Path(sys.argv[2]).touch(); time.sleep(600)"
    )
    up, later = tmp_path / "up", tmp_path / "later"
    starts = (
        "import subprocess, sys, time; from aecore import jobs; "
        f"command = [sys.executable, '-c', {trains!r}, {str(up)!r}, {str(later)!r}]; "
        "print('pid', subprocess.Popen(command, **jobs.detached()).pid, flush=True); time.sleep(600)"
    )
    server, terminal = pty.fork()
    if server == 0:
        # Tests may have been started by nohup, whose children ignore it.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", starts])
    said = b""
    while not re.search(rb"pid (\d+)\r?\n", said):
        said += os.read(terminal, 1000)
    trainer = psutil.Process(int(re.search(rb"pid (\d+)", said)[1]))
    try:
        until(up.exists, "the trainer to begin")
        os.close(terminal)
        assert os.WIFSIGNALED(os.waitpid(server, 0)[1])
        until(later.exists, "the trainer to see its server end")
    finally:
        trainer.kill()
