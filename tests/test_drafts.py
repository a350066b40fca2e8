"""What a killed process leaves half written is cleared; what a living one writes never is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aecore import drafts, store
from aecore.drafts import clear_drafts, draft_of
from aecore.jobs.worker import work
from aecore.store import folders, names
from tests.conftest import ROOT
from tests.samples import tiny_config

LEAVES = """
import os, sys
from pathlib import Path
from aecore.drafts import draft_of

for name in sys.argv[1:]:
    draft = draft_of(Path(name))
    (draft if not name.endswith("/folder") else draft.parent).mkdir(parents=True, exist_ok=True)
    if name.endswith("/folder"):
        draft.mkdir()
        (draft / "config.json").write_text("{}")
    else:
        draft.rmdir()
        draft.write_text("half")
    print(draft)
os.kill(os.getpid(), 9)
"""
"""A process that is killed while it writes files, and folders where the name is `folder`."""


def left_behind(*wanted: Path) -> list[Path]:
    """The drafts of a killed process that was writing those."""
    command = [sys.executable, "-c", LEAVES, *map(str, wanted)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    return [Path(line) for line in done.stdout.splitlines()]


def test_names_of_drafts_are_hidden_beside_what_they_become_and_never_the_same(tmp_path):
    one, two = draft_of(tmp_path / "a.json"), draft_of(tmp_path / "a.json")
    assert one != two
    assert {one.parent, two.parent} == {tmp_path}
    assert one.name.startswith(".a.json.")


def test_drafts_of_killed_processes_go_and_those_of_living_ones_stay(tmp_path, monkeypatch):
    dead = left_behind(tmp_path / "a.json", tmp_path / "folder")
    ours = [draft_of(tmp_path / "b.json"), draft_of(tmp_path / "c")]
    ours[0].write_text("half")
    ours[1].mkdir()
    # Of another machine nobody here knows whether its process lives.
    far = tmp_path / dead[0].name.replace(f".{drafts._machine()}-", ".elsewhere-")
    far.write_text("half")
    plain = tmp_path / ".a.json.draft"
    plain.write_text("what people call a draft")
    clear_drafts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {p.name for p in (*ours, far, plain)}


def test_a_pid_that_was_given_again_is_another_process(tmp_path):
    (dead,) = left_behind(tmp_path / "a.json")
    before, _, rest = dead.name.rpartition(f".{drafts._machine()}-")
    _, started, ending = rest.split("-")
    again = tmp_path / f"{before}.{drafts._machine()}-{os.getpid()}-{started}-{ending}"
    dead.rename(again)
    clear_drafts(tmp_path)
    assert not again.exists()


def test_no_link_is_followed(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "runs"
    root.mkdir()
    (dead,) = left_behind(outside / "a.json")
    (root / "run").symlink_to(outside)
    (root / dead.name).symlink_to(outside)
    clear_drafts(root / "run")
    folders.clear_leftovers(root / "run")
    assert dead.exists()
    clear_drafts(root)
    # The link itself was a leftover.
    assert os.listdir(root) == ["run"]
    assert dead.exists()


def test_listing_clears_a_run_root_its_runs_and_unfinished_grids(tmp_path):
    from aecore.grid import Grid

    run = store.create_run(tiny_config(), "", tmp_path)
    grid = store.create_grid(Grid(tiny_config(), {"train.seed": (0, 1)}), "", tmp_path)
    wanted = [
        tmp_path / "folder",
        run / names.WEIGHTS,
        run / names.EPOCHS / "3.safetensors",
        run / names.REQUESTS / "1.json",
        grid / names.PROGRESS,
        grid / "1" / names.HISTORY,
        grid / names.STACKS / "0" / names.OPTIMIZER,
    ]
    dead = left_behind(*wanted)
    assert all(path.exists() for path in dead)
    store.list_runs(tmp_path)
    store.list_grids(tmp_path)
    assert not any(path.exists() for path in dead)
    assert isinstance(store.read_info(run), store.RunInfo)
    assert isinstance(store.read_grid(grid), store.GridInfo)


def test_a_training_clears_its_folder_before_it_writes(tmp_path):
    run = store.create_run(tiny_config(train__epochs=1), "", tmp_path)
    (dead,) = left_behind(run / names.WEIGHTS)
    assert work(run, threads=1) is not None
    assert not dead.exists()
    assert not [name for name in os.listdir(run) if name.startswith(".")]


@pytest.mark.parametrize("kind", ["run", "grid"])
def test_a_folder_that_could_not_be_filled_is_not_left(tmp_path, monkeypatch, kind):
    from aecore.grid import Grid

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_json", fail)
    create, what = {
        "run": (store.create_run, tiny_config()),
        "grid": (store.create_grid, Grid(tiny_config(), {"train.seed": (0, 1)})),
    }[kind]
    with pytest.raises(OSError, match=f"the disk of {tmp_path} is full: free some space there"):
        create(what, "", tmp_path)
    assert os.listdir(tmp_path) == []
