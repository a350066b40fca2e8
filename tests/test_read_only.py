"""Where nothing may be written nothing is, whichever function of the core is called, and reading still works.

Every public function of what writes folders is called, with values by the names of its parameters, once where
everything is allowed and once where nothing is: a new function that writes can't be left out.
"""

from __future__ import annotations

import importlib
import inspect
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aecore import access, store
from aecore.access import RefusedError
from aecore.data.normalization import Scaling
from aecore.events import Event, Request
from aecore.grid import Grid
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.opening import open_source
from aecore.results import FigureTable, Origin, Progress
from tests.conftest import ROOT
from tests.no_processes import begin_none
from tests.trees import tree_hash

RUN, GRID = "digits-post-12-s0-f3512007", "grid-digits-depth"

MODULES = ("control", "steering", "branching", "continuation", "replay", "image_job", "worker", "grid_worker")
MODULES = (
    *(f"jobs.{name}" for name in MODULES),
    "jobs.stack_worker",
    "own.sets",
    "own.build",
    "data.fetch",
    "trash",
)

WHOLE_PROCESSES = {
    "jobs.worker.work",
    "jobs.worker.train_run",
    "jobs.grid_worker.work",
    "jobs.stack_worker.work",
    "jobs.image_job.main",
    "data.fetch.download",
}
"""Trainings and downloads, which the first of the tests leaves out."""

AT_WORK = {
    "jobs.steering.change",
    "jobs.steering.pause",
    "jobs.steering.go_on",
    "jobs.steering.train_one_epoch",
    "jobs.image_job.stop",
    "jobs.image_job.clear",
    "jobs.continuation.continue_member",
    "mend_events",
    "drop_kept_weights",
    "truncate_rows",
}
"""Others that write only in a state of the folders that is not the one here."""


def functions() -> dict:
    """Every public function of what writes folders, by name."""
    found = {name: getattr(store, name) for name in store.__all__}
    for name in MODULES:
        module = importlib.import_module(f"aecore.{name}")
        found |= {f"{name}.{key}": value for key, value in vars(module).items() if key[0] != "_"}
        found = {
            key: value
            for key, value in found.items()
            if not key.startswith(name) or getattr(value, "__module__", "") == module.__name__
        }
    # What a process does from its command line on is `work`.
    mains = {f"jobs.{name}.main" for name in ("worker", "grid_worker", "stack_worker")}
    return {key: value for key, value in found.items() if inspect.isfunction(value) and key not in mains}


FUNCTIONS = functions()


@pytest.fixture(scope="module")
def _template(tmp_path_factory) -> Path:
    """A run root with a run and a grid, and a data folder with a set of one's own images."""
    folder = tmp_path_factory.mktemp("places") / "template"
    for name in (RUN, GRID):
        shutil.copytree(ROOT / "checkpoints" / name, folder / "checkpoints" / name)
    (folder / "photos").mkdir(parents=True)
    for number in range(4):
        pixels = np.full((8, 8), 40 * number, np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_DATA", str(folder / "data"))
        build(plan(open_source(folder / "photos"), Options(title="mine")), workers=1)
    return folder


@pytest.fixture
def place(_template, monkeypatch) -> Iterator[Path]:
    """A copy of that, which the variables name, made anew once a test has changed it; no process is begun."""
    found = _template.parent / "place"
    if not found.exists():
        shutil.copytree(_template, found)
    before = tree_hash(found)
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(found / "checkpoints"))
    monkeypatch.setenv("AECORE_DATA", str(found / "data"))
    begin_none(monkeypatch)
    monkeypatch.setattr(access, "_identify", None)
    yield found
    if tree_hash(found) != before:
        shutil.rmtree(found)


def values_for(name: str, place: Path) -> dict:
    """What makes a value for each name of a parameter; about the run, or of such functions the grid."""
    run, grid = place / "checkpoints" / RUN, place / "checkpoints" / GRID
    of_grid = "grid" in name or name in ("keep_member", "write_probe", "write_stacks", "read_stacks")
    of_grid |= name.startswith("jobs.continuation") or name in ("pictures_stamp", "read_all_pictures")
    job = place / "data" / "own" / ".job-x"
    info = store.read_info(run)

    def own() -> sets.OwnSet:
        return sets.list_sets()[0]

    def rows():
        """Of looks at the layers, of pictures, or of a table."""
        if name == "append_looks":
            return store.read_looks(run).rows[:1]
        return store.read_frames(run).rows[:1] if name == "append_frames" else [("a", "b")]

    def header():
        looks = "looks" in name
        return store.rows.LookHeader(store.read_looks(run).layers) if looks else store.read_frames(run).header

    return {
        "path": lambda: grid if of_grid else place / "photos" if name == "jobs.image_job.start" else run,
        "info": lambda: store.read_grid(grid) if of_grid else info,
        "source": lambda: open_source(place / "photos") if "plan" in name else grid if of_grid else run,
        "target": lambda: io.BytesIO() if name == "pack" else place / "checkpoints" / "new",
        "request": lambda: Request("pause"),
        "event": lambda: Event(0, 0.0, "pause"),
        "header": header,
        "rows": rows,
        "record": lambda: store.read_history(run)[0],
        "epoch": lambda: info.config.train.epochs if "branch" in name else 1,
        "grid": lambda: Grid(info.config, {"train.seed": (7, 8)}),
        "config": lambda: info.config.with_values({"train.epochs": 99, "train.seed": 5}),
        "run": lambda: RUN,
        "root": lambda: run.parent,
        "job": lambda: info.config,
        "progress": lambda: Progress(status="stopped"),
        "members": lambda: (0,),
        "k": lambda: 0,
        "s": lambda: 0,
        "start": lambda: 0,
        "step": lambda: 0,
        "epochs": lambda: 1,
        "name": lambda: own().name if "sets" in name else "mnist" if "fetch" in name else "a new name",
        "tensors": lambda: {"x": torch.ones(2)},
        "state": lambda: {"position": torch.tensor([1, 0])},
        "pictures": lambda: {"code": torch.ones(2, 2)},
        "shape": lambda: (1, 8, 8),
        "scaling": lambda: Scaling((0.5,), (0.5,)),
        "created": lambda: 12.0,
        "table": lambda: FigureTable(()),
        "origin": lambda: Origin("x", "x", "x", 1),
        "probe": lambda: store.read_probe(grid),
        "result": lambda: store.read_result(run),
        "stacks": lambda: [[0, 1]],
        "device": lambda: "cpu",
        "values": lambda: {"train.learning_rate": 0.5},
        "one": lambda: run,
        "other": lambda: run,
        "folder": lambda: job,
        "options": lambda: Options(),
        "files": lambda: [("x.png", io.BytesIO((place / "photos" / "0.png").read_bytes()))],
        "threads": lambda: 1,
        "images": lambda: sets.read_arrays(own())[0],
        "labels": lambda: sets.read_arrays(own())[1],
        "own": own,
        "title": lambda: "a title",
        "content": lambda: "abcdefgh",
        "bad": lambda: [("x", "y")],
        "head": lambda: ("x", "y"),
        "found": lambda: np.zeros((8, 8), np.uint8),
        "plan": lambda: plan(open_source(place / "photos"), Options(title="another", seed=3, most=3)),
        "names": lambda: ["a"],
        "describe": lambda: store.folders.describe,
        "trashed": lambda: sets.delete_set(own().name),
    }


def prepare(name: str, place: Path) -> dict:
    """The arguments of a function, and what has to lie there for it to have something to do."""
    given = values_for(name, place)
    wanted = inspect.signature(FUNCTIONS[name]).parameters
    arguments = {key: given[key]() for key, p in wanted.items() if p.default is p.empty}
    if name in ("clear_requests", "jobs.control.start"):
        store.request_stop(given["path"]())
    if name.startswith("jobs.image_job"):
        given["folder"]().mkdir(exist_ok=True)
    if name == "own.sets.write_table":
        arguments["path"] = place / "checkpoints" / "table.csv"
    if name == "jobs.control.start":
        (given["path"]() / "result.json").unlink()
    if name == "truncate_history":
        arguments["epochs"] = 0
    if name in ("write_figures", "read_figures", "figures_stamp"):
        arguments["path"] = place / "checkpoints" / GRID
    if name == "write_classifier":
        arguments |= {"path": place.parent / "cache" / "classifier", "record": Progress()}
    if name.startswith("copy_"):
        source = arguments["source"]
        if name not in ("copy_for_looking", "copy_grid_for_looking"):
            arguments["target"].mkdir()
        if name == "copy_beginning":
            store.write_origin(source, given["origin"]())
    if name == "overwrite_progress":
        store.write_progress(given["path"](), Progress())
    if name.startswith("trash.") and "found" in wanted:
        arguments["found"] = [sets.delete_set(given["own"]().name), store.delete_run(given["path"]())]
    if name == "own.sets.write_set":
        given["folder"]().mkdir()
    if name == "write_probe":
        (given["path"]() / "probe.safetensors").unlink()
    if name == "write_result":
        store.clear_result(given["path"]())
    return arguments


def call(name: str, arguments: dict):
    """What it returns or raises; the lock and the log are taken, which is when their files are made."""
    try:
        found = FUNCTIONS[name](**arguments)
        if name == "training_lock":
            found.acquire()
            found.release()
        if name == "open_log":
            found.close()
        if inspect.isgenerator(found):
            list(found)
        return found
    except (ValueError, RuntimeError, OSError, KeyError) as error:
        return error


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_changes_the_disk_is_refused_where_nothing_may_be_written(name, place, monkeypatch):
    arguments = prepare(name, place)
    before = tree_hash(place)
    monkeypatch.setenv("AECORE_MODE", "read-only")
    found = call(name, arguments)
    assert tree_hash(place) == before, "it has written"
    if name in WHOLE_PROCESSES | AT_WORK:
        assert isinstance(found, RefusedError)
        return
    monkeypatch.setenv("AECORE_MODE", "private")
    allowed = call(name, arguments)
    changed = tree_hash(place) != before
    assert not isinstance(allowed, RefusedError)
    assert isinstance(found, RefusedError) == changed, f"allowed, it gives {allowed!r}"


def test_much_of_the_core_is_known_to_write():
    """The test above would pass as well if its values made every function fail."""
    assert len(FUNCTIONS) > 140


@pytest.mark.parametrize(
    "command",
    ["train --data.name digits", f"resume {RUN}", "import {zip}", "images {photos}", "trash --empty"],
)
def test_the_command_line_refuses_as_well_in_one_sentence(command, place, monkeypatch, capsys):
    from aecore.__main__ import main

    with zipfile.ZipFile(place.parent / "run.zip", "w") as archive:
        archive.writestr("config.json", "{}")
    store.clear_result(place / "checkpoints" / RUN)
    before = tree_hash(place)
    monkeypatch.setenv("AECORE_MODE", "read-only")
    words = command.format(zip=place.parent / "run.zip", photos=place / "photos").split()
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "this server is read-only" in said
    assert len(said.strip().splitlines()) == 1
    assert tree_hash(place) == before
