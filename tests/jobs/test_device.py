"""Whose turn it is on a device: a folder of one's own, who has it, and what the waiting are told."""

import json
import os
import re
import subprocess
import sys

import pytest

from aecore import jobs, store
from aecore.__main__ import main
from aecore.jobs import device, process, worker
from aecore.jobs.device import Device, lock_folder
from aecore.results import Holder, Progress
from tests.conftest import ROOT
from tests.samples import tiny_config

HAS_OWNERS = hasattr(os, "geteuid")


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    """The folder of locks of this test alone."""
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setattr(process, "QUEUE_PAUSE", 0.02)
    return tmp_path / "locks"


@pytest.mark.skipif(not HAS_OWNERS, reason="this system has no owners of files")
def test_the_folder_is_ones_own_and_closed_to_others(locks, tmp_path, monkeypatch):
    assert lock_folder() == locks
    assert locks.stat().st_mode & 0o777 == 0o700
    # One that was left open is closed, also where a mask opens what is made.
    locks.chmod(0o755)
    assert lock_folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.delenv("AECORE_LOCKS")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert lock_folder() == tmp_path / f"aecore-{os.getuid()}"


@pytest.mark.skipif(not HAS_OWNERS, reason="this system has no owners of files")
def test_a_folder_that_another_made_is_refused_in_a_sentence(locks, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    locks.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RuntimeError, match="devices' locks lie, is a link: remove it, or name"):
        Device("cpu")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    locks.unlink()
    locks.write_text("")
    with pytest.raises(RuntimeError, match="is no folder"):
        Device("cpu")
    locks.unlink()
    locks.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: locks.stat().st_uid + 1)
    with pytest.raises(RuntimeError, match="belongs to another user: remove it, or name a folder"):
        Device("cpu")
    # A training fails with this sentence, which stands in its progress.
    path = store.create_run(tiny_config(train__epochs=1), "", tmp_path / "runs")
    with pytest.raises(RuntimeError, match="belongs to another user"):
        worker.work(path, threads=1)
    assert "belongs to another user" in store.read_progress(path).message


def test_two_users_do_not_wait_for_one_another(tmp_path, monkeypatch):
    """Each has a folder of one's own, which the user's number names."""
    monkeypatch.delenv("AECORE_LOCKS")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = store.create_run(tiny_config(), "", tmp_path / "runs")
    ours = Device("cpu")
    assert ours.take(path)
    assert not Device("cpu").take(path)
    monkeypatch.setattr(device, "_user", lambda: "another")
    theirs = Device("cpu")
    assert theirs.holder() is None
    assert theirs.take(path)
    theirs.give_back()
    ours.give_back()


def test_who_has_a_device_is_known_while_its_process_lives(tmp_path):
    path = store.create_run(tiny_config(), "mine", tmp_path / "runs")
    held, other = Device("cpu"), Device("cpu")
    assert other.holder() is None
    assert held.take(path)
    assert not other.take(path)
    found = other.holder()
    assert (found.run, found.root, found.pid) == ("mine", str(tmp_path / "runs"), os.getpid())
    assert found.process_started == jobs.process_start(os.getpid())
    assert Device("cuda").holder() is None
    assert re.fullmatch(rf"mine has been training since \d\d:\d\d, in {tmp_path}/runs", found.text)
    # Another day's is named.
    assert "since 2001-09-09 " in Holder("a", "/b", 1e9 + 43_200, 1, 0.0).text
    other.give_back()
    assert not other.take(path)
    held.give_back()
    assert other.holder() is None
    assert other.take(path)
    other.give_back()


def test_what_a_killed_process_has_left_holds_nobody_up(tmp_path, locks):
    path = store.create_run(tiny_config(), "mine", tmp_path / "runs")
    dies = (
        "import os, pathlib, sys; from aecore.jobs.device import Device\n"
        "assert Device('cpu').take(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", dies, str(path)], cwd=ROOT, check=False)
    assert json.loads((locks / "cpu.json").read_text())["run"] == "mine"
    ours = Device("cpu")
    assert ours.holder() is None
    assert ours.take(path)
    ours.give_back()


NOTE = {"run": "x", "root": "y", "since": 0.0, "pid": 1, "process_started": 0.0}


@pytest.mark.parametrize(
    "foreign",
    ["", "[]", "{}", pytest.param(json.dumps(NOTE | {"since": 1e300, "pid": os.getpid()}), id="far away")],
)
def test_a_note_from_nowhere_breaks_nothing(tmp_path, foreign):
    ours = Device("cpu")
    (lock_folder() / "cpu.json").write_text(foreign)
    assert ours.holder() is None


@pytest.fixture
def taken(tmp_path):
    """A device that a run in another folder has; a run that will wait for it; and the first one's name."""
    other = store.create_run(tiny_config(), "the <b>other</b>", tmp_path / "elsewhere")
    held = Device("cpu")
    assert held.take(other)
    yield held, store.create_run(tiny_config(train__epochs=1), "ours", tmp_path / "runs")
    held.give_back()


def test_a_waiting_training_says_for_whom_in_its_folder(taken, tmp_path):
    held, path = taken
    told: list[Progress] = []

    def listen(progress):
        if progress.waits_for:
            told.append(store.read_progress(path))
            held.give_back()

    assert worker.work(path, threads=1, on_progress=listen) is not None
    assert told[0].status == "queued"
    assert told[0].waits_for.run == "the <b>other</b>"
    assert told[0].waits_for.root == str(tmp_path / "elsewhere")
    # Nothing of it is left afterwards.
    assert store.read_progress(path).waits_for is None


def test_a_device_that_nobody_owns_up_to_is_said_to_be_taken(taken, locks):
    held, path = taken
    (locks / "cpu.json").unlink()
    told = []

    def listen(progress):
        if progress.message:
            told.append((progress.message, progress.waits_for))
            held.give_back()

    assert worker.work(path, threads=1, on_progress=listen) is not None
    assert told == [(process.ELSEWHERE, None)]


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_line_says_once_for_whom_it_waits(taken, tmp_path, monkeypatch, capsys, as_json):
    held, path = taken
    looks = []
    asked = Device.holder

    def holder(self):
        looks.append(asked(self))
        if len(looks) == 3:
            held.give_back()
        return looks[-1]

    monkeypatch.setattr(Device, "holder", holder)
    monkeypatch.setattr(process, "HEARTBEAT", 0.0)
    assert main(["resume", str(path), "--threads", "1", *(["--json"] if as_json else [])]) == 0
    out, err = capsys.readouterr()
    if as_json:
        waiting = [row for line in out.splitlines() if "waiting_for" in (row := json.loads(line))]
        assert [row["waiting_for"]["run"] for row in waiting] == ["the <b>other</b>"]
        assert waiting[0]["waiting_for"]["root"] == str(tmp_path / "elsewhere")
        assert waiting[0]["waiting_for"]["pid"] == os.getpid()
        assert "aecore:" not in err
    else:
        said = [line for line in err.splitlines() if line.startswith("aecore: waiting")]
        assert len(said) == 1
        assert said[0].startswith("aecore: waiting for the device: the <b>other</b> has been training since ")
        assert said[0].endswith(f", in {tmp_path / 'elsewhere'}")
