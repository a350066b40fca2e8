"""The limits of a server: what is refused, in which words, with nothing written; and the place in line."""

import io
import json
import os
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from aecore import access, jobs, limits, store
from aecore.__main__ import main
from aecore.access import RefusedError, Visitor
from aecore.config import Config, DataConfig
from aecore.grid import Grid
from aecore.jobs import image_job
from aecore.jobs.line import ordinal
from aecore.processes import process_start
from tests.no_processes import begin_none
from tests.trees import tree_hash

CONFIG = Config(data=DataConfig(name="digits"))
ADA, BEN = Visitor("login ada"), Visitor("login ben")


@pytest.fixture
def root(monkeypatch, tmp_path):
    """A run root of a process that serves Ada; no training is begun."""
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    begin_none(monkeypatch)
    monkeypatch.setattr(access, "_identify", lambda: ADA)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def refused(root, do) -> str:
    """The sentence; and that nothing was written."""
    before = tree_hash(root.parent)
    with pytest.raises(RefusedError) as error:
        do()
    assert tree_hash(root.parent) == before
    return str(error.value)


def put_to_work(path, status: str, submitted: float) -> None:
    """Makes a run one that a living process trains, or that waits with it."""
    pid = os.getpid()
    progress = store.read_progress(path)
    progress = replace(progress, status=status, pid=pid, process_started=process_start(pid))
    store.write_progress(path, replace(progress, submitted=submitted, heartbeat=time.time()))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AECORE_MOST_JOBS", "2.5"),
        ("AECORE_MOST_JOBS", "-1"),
        ("AECORE_MOST_HOURS", "nan"),
        ("AECORE_MOST_DISK_GB", "x"),
    ],
)
def test_a_limit_that_is_no_number_is_told_in_one_sentence(variable, text, monkeypatch):
    monkeypatch.setenv(variable, text)
    kind = "a whole number" if variable.endswith("JOBS") else "a number"
    with pytest.raises(ValueError) as error:
        limits.limits()
    assert str(error.value) == f"{variable} must be {kind} from 0 on, not {text!r}"


def test_each_value_says_where_it_comes_from(monkeypatch, capsys):
    monkeypatch.setenv("AECORE_MODE", "class")
    monkeypatch.setenv("AECORE_MOST_HOURS", "2.5")
    assert limits.limits() == replace(limits.DEFAULTS["class"], hours=2.5)
    assert limits.source("hours") == "AECORE_MOST_HOURS"
    assert limits.source("jobs") == "default of class"
    assert set(limits.VARIABLES) == set(limits.Limits().to_dict())
    from aecore.commands.doctor import _limits, _mode

    assert _mode().found == "class (AECORE_MODE)"
    assert "hours 2.5 (AECORE_MOST_HOURS)" in _limits().found
    assert "jobs 40 (default of class)" in _limits().found


def test_too_many_trainings_are_refused(root, monkeypatch):
    monkeypatch.setenv("AECORE_MOST_JOBS", "1")
    jobs.submit(CONFIG)
    said = "with this 2 trainings would be at work or in line, of 1 allowed: "
    said += "wait for one to end, or stop one of yours"
    assert refused(root, lambda: jobs.submit(CONFIG)) == said
    assert refused(root, lambda: jobs.submit_grid(Grid(CONFIG, {"train.seed": (0, 1)}))) == said


def test_each_visitor_has_as_many_as_are_allowed(root, monkeypatch):
    monkeypatch.setenv("AECORE_MODE", "class")
    monkeypatch.setenv("AECORE_MOST_VISITOR_JOBS", "1")
    monkeypatch.setenv("AECORE_MOST_HOURS", "0")
    monkeypatch.setenv("AECORE_MOST_MEMORY_GB", "0")
    first = jobs.submit(CONFIG)
    said = refused(root, lambda: jobs.submit(CONFIG))
    assert said == (
        "with this 2 of your trainings would be at work or in line, of 1 allowed to each visitor here: "
        "wait for one of them to end, or stop it"
    )
    monkeypatch.setattr(access, "_identify", lambda: BEN)
    jobs.submit(CONFIG)
    # A resumed one counts as well, and one that has ended does not.
    monkeypatch.setattr(access, "_identify", lambda: ADA)
    store.write_progress(first, replace(store.read_progress(first), status="stopped"))
    second = jobs.submit(CONFIG)
    assert second != first
    assert "of your trainings" in refused(root, lambda: jobs.start(first))


def test_a_training_too_large_is_refused_with_the_estimate(root, monkeypatch):
    monkeypatch.setattr("aecore.training.estimate.epoch_seconds", lambda *arguments: 60.0)
    long = CONFIG.with_values({"train.epochs": 600})
    monkeypatch.setenv("AECORE_MOST_HOURS", "2")
    assert refused(root, lambda: jobs.submit(long)) == (
        "this training would take an estimated 10 hours, of 2 hours allowed: "
        "take fewer epochs or a smaller network"
    )
    monkeypatch.setenv("AECORE_MOST_HOURS", "0")
    monkeypatch.setenv("AECORE_MOST_MEMORY_GB", "0.1")
    wide = CONFIG.with_values({"model.hidden": (4096, 4096)})
    said = refused(root, lambda: jobs.submit(wide))
    assert said.startswith("this training would need an estimated ")
    assert said.endswith(" GB of memory, of 0.1 GB allowed: take a smaller network or smaller batches")
    jobs.submit(CONFIG)


def test_a_full_run_folder_takes_nothing_new(root, monkeypatch, tmp_path):
    (root / "large").mkdir()
    (root / "large" / "file").write_bytes(b"x" * 2_000_000)
    monkeypatch.setenv("AECORE_MOST_DISK_GB", "0.001")
    ending = "delete runs that are no longer needed, or ask whoever runs this server to make room"
    said = f"the run folder would have 0.002 GB with this, of 0.001 GB allowed here: {ending}"
    assert refused(root, lambda: jobs.submit(CONFIG)) == said
    assert refused(root, lambda: store.create_run(CONFIG)) == said
    (tmp_path / "upload.zip").write_bytes(b"x" * 1_000_000)
    said = refused(root, lambda: store.import_run(tmp_path / "upload.zip", uploaded=True))
    assert said.startswith("the run folder would have 0.003 GB with this")
    # The command line is the machine's own.
    monkeypatch.setattr(access, "_identify", None)
    store.create_run(CONFIG)


def test_an_upload_too_large_is_refused(root, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_MOST_UPLOAD_MB", "1")
    said = "the upload has 1.5 MB, and at most 1.0 MB are taken here: upload fewer or smaller files"
    files = [(f"{number}.png", io.BytesIO(b"x" * 500_000)) for number in range(3)]
    assert refused(root, lambda: image_job.upload(files)) == said
    (tmp_path / "upload.zip").write_bytes(b"x" * 1_500_000)
    assert refused(root, lambda: store.import_run(tmp_path / "upload.zip", uploaded=True)) == said


def test_everybody_sees_the_place_in_line(root, monkeypatch, capsys):
    names = ("works", "one", "two", "three")
    paths = {name: store.create_run(CONFIG, name) for name in names}
    for number, path in enumerate(paths.values()):
        put_to_work(path, "queued" if number else "running", 100.0 + number)
    places = {job.name: jobs.place_of(job) for job in jobs.active()}
    assert places["works"] is None
    for number, (before, waiting) in enumerate(pairwise(names), 1):
        place = places[waiting]
        assert (place.number, place.of, place.device, place.behind.name) == (number, 3, "cpu", before)
    assert places["two"].text == "2nd of 3 in line for the CPU"
    assert main(["runs", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["two"]["in_line"] == {
        "place": 2,
        "of": 3,
        "device": "cpu",
        "behind": paths["one"].name,
        "text": "2nd of 3 in line for the CPU",
    }
    assert "in_line" not in rows["works"]
    assert main(["runs"]) == 0
    assert f"2nd of 3 in line for the CPU, behind {paths['one'].name}" in capsys.readouterr().out


def test_ordinals():
    numbers = {
        1: "1st",
        2: "2nd",
        3: "3rd",
        4: "4th",
        11: "11th",
        12: "12th",
        13: "13th",
        21: "21st",
        112: "112th",
    }
    assert {number: ordinal(number) for number in numbers} == numbers
