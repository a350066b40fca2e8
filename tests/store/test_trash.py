"""What is deleted lies in the trash as it was, unseen, until it is put back or the trash is emptied."""

import os
import subprocess
import sys
import time
from itertools import product

import pytest

from aecore import store, trash
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.store import names
from tests.conftest import ROOT
from tests.samples import tiny_config
from tests.trust.bounds import tell

CONFIG = tiny_config()


def content(path):
    """Every file below a folder, with its bytes and its time."""
    return {
        str(file.relative_to(path)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def make_run(root, name="mine"):
    path = store.create_run(CONFIG, name, root)
    (path / names.HISTORY).write_bytes(b"x" * 1000)
    (path / names.EPOCHS).mkdir()
    (path / names.EPOCHS / "1.safetensors").write_bytes(b"y" * 500)
    return path


def make_grid(root):
    return store.create_grid(Grid(CONFIG, {"model.latent_size": (2, 3)}), "two", root)


@pytest.mark.parametrize(("make", "delete"), [(make_run, store.delete_run), (make_grid, store.delete_grid)])
def test_what_was_deleted_is_seen_by_no_list_and_comes_back_as_it_was(tmp_path, make, delete):
    path = make(tmp_path)
    before, was_listed = content(path), (store.list_runs(tmp_path), store.list_grids(tmp_path))
    gone = delete(path)
    assert not path.exists()
    assert content(gone.path) == before
    assert (gone.key, gone.kind) == (path.name, "grid" if make is make_grid else "run")
    assert gone.bytes == sum(len(text) for text, _ in before.values())
    assert abs(gone.deleted - time.time()) < 60
    assert (store.list_runs(tmp_path), store.list_grids(tmp_path)) == ([], [])
    assert store.trashed(tmp_path) == [gone]
    for name in (path.name, gone.path.name, f"{trash.FOLDER}/{gone.path.name}"):
        with pytest.raises(StoreError, match="there is no run"):
            store.find_run(name, tmp_path)
    assert trash.restore(gone) == path
    assert content(path) == before
    assert (store.list_runs(tmp_path), store.list_grids(tmp_path)) == was_listed
    assert store.trashed(tmp_path) == []


def test_a_name_that_is_taken_by_now_is_left_alone(tmp_path):
    path = make_run(tmp_path, "first")
    first = store.delete_run(path)
    assert make_run(tmp_path, "second") == path
    second = store.delete_run(path)
    assert make_run(tmp_path, "third") == path
    assert [t.name for t in store.trashed(tmp_path)] == ["second", "first"]
    assert trash.find(path.name, store.trashed(tmp_path)) == second
    assert trash.find("first", store.trashed(tmp_path)) == first
    back = [trash.restore(first), trash.restore(second)]
    assert [folder.name for folder in back] == [f"{path.name}-2", f"{path.name}-3"]
    assert [store.read_info(p).name for p in (path, *back)] == ["third", "first", "second"]


def test_emptied_it_is_gone_and_what_links_lead_to_stays(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "photo.jpg").write_bytes(b"z" * 10_000)
    path = make_run(root)
    (path / "link").symlink_to(elsewhere)
    (path / "photo").symlink_to(elsewhere / "photo.jpg")
    gone = store.delete_run(path)
    assert gone.bytes < 5000
    # Neither a run nor anybody's business: nothing looks into it, and it stays.
    (root / trash.FOLDER / "123-stranger").symlink_to(elsewhere)
    (root / trash.FOLDER / "notes").mkdir()
    assert store.trashed(root) == [gone]
    assert trash.empty(store.trashed(root)) == [gone]
    assert sorted(os.listdir(root / trash.FOLDER)) == ["123-stranger", "notes"]
    assert os.listdir(elsewhere) == ["photo.jpg"]
    for act in (trash.restore, trash.remove):
        with pytest.raises(StoreError, match="mine is not in the trash any more"):
            act(gone)
    assert os.listdir(root) == [trash.FOLDER]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_trash_that_is_no_folder_of_ones_own_is_refused(tmp_path, kind):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    path = make_run(root)
    elsewhere.mkdir()
    (elsewhere / "5-theirs").mkdir()
    if kind == "link":
        (root / trash.FOLDER).symlink_to(elsewhere)
    else:
        (root / trash.FOLDER).write_text("")
    with pytest.raises(StoreError, match="so that it can't be the trash"):
        store.delete_run(path)
    assert path.is_dir()
    assert store.trashed(root) == trash.empty(store.trashed(root)) == []
    assert os.listdir(elsewhere) == ["5-theirs"]


def test_what_can_not_be_read_can_be_put_back_or_removed(tmp_path):
    path = make_run(tmp_path)
    (path / names.CONFIG).write_bytes(b"[" * 100_000)
    gone = store.delete_run(path)
    assert gone.name == gone.key == path.name
    assert trash.restore(gone) == path
    trash.remove(store.delete_run(path))
    assert os.listdir(tmp_path / trash.FOLDER) == []


STRANGE = (
    *(b"", b"{", b"[]", b"null", b"1e400", b"[" * 100_000, b"\xff\xfe{}"),
    *(b'{"format": 1, "name": "\\ud800"}', b'{"format": %s}' % (b"9" * 6000), b'{"format": 1e400}'),
    *(b'{"format": 1, "name": {}, "created": []}', b'{"format": 1, "name": "a", "created": NaN}'),
)


def test_whatever_stands_in_a_strangers_file_the_trash_is_listed(tmp_path):
    contents = list(product(STRANGE, (names.CONFIG, names.GRID)))
    made = [tmp_path / trash.FOLDER / f"{i}-run-{i}" for i in range(len(contents) + 2)]
    for path in made:
        path.mkdir(parents=True)
    for path, (content, file) in zip(made, contents, strict=False):
        (path / file).write_bytes(content)
    os.mkfifo(made[-2] / names.CONFIG)
    (made[-1] / names.CONFIG).symlink_to("/dev/zero")
    assert {trashed.path for trashed in store.trashed(tmp_path)} == set(made)


def test_a_folders_name_may_be_as_long_as_the_trash_can_take(tmp_path):
    path = make_run(tmp_path).rename(tmp_path / ("x" * 250))
    with pytest.raises(StoreError, match="the folder's name is too long for the trash"):
        store.delete_run(path)
    assert path.is_dir()


def test_a_root_that_nobody_can_write_is_said_at_once(tmp_path, monkeypatch):
    gone = store.delete_run(make_run(tmp_path))
    tried = []

    def refuse(self, target):
        tried.append(target)
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(type(tmp_path), "rename", refuse)
    with pytest.raises(PermissionError):
        trash.restore(gone)
    assert len(tried) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from aecore import store, trash
import shutil

root, moment = Path(sys.argv[1]), sys.argv[2]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
rename = Path.rename

if moment == "before the move":
    Path.rename = die
elif moment == "after the move":
    Path.rename = lambda *a: (rename(*a), die())
path = next(store.all_folders(root))
gone = store.delete_run(path)
if moment == "in the middle of emptying":
    # The folder is out of sight, and half of it is gone.
    os.unlink(gone.path / "history.jsonl")
    shutil.rmtree = die
    trash.empty(store.trashed(root))
"""
"""Deletes the run of a root, and is killed at that moment."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
@pytest.mark.parametrize("moment", ["before the move", "after the move", "in the middle of emptying"])
def test_a_kill_leaves_a_run_here_or_there_and_never_halves(tmp_path, moment):
    path = make_run(tmp_path)
    before = content(path)
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path, moment], cwd=ROOT, check=False)
    assert done.returncode == -9
    in_trash = store.trashed(tmp_path)
    if moment == "in the middle of emptying":
        assert in_trash == store.list_runs(tmp_path) == []
    else:
        assert (path.is_dir(), len(in_trash)) == ((True, 0) if moment == "before the move" else (False, 1))
        assert content(in_trash[0].path if in_trash else path) == before
    trash.empty(store.trashed(tmp_path))
    assert os.listdir(tmp_path / trash.FOLDER) == []
    tell("kill -9 while a run is deleted", 1, 0, "before and after the move, and while the trash is emptied")


def test_what_is_trained_is_not_deleted(tmp_path):
    path = make_run(tmp_path)
    with store.training_lock(path), pytest.raises(StoreError, match="stop it first"):
        store.delete_run(path)
    assert store.read_info(path).name == "mine"
    assert not (tmp_path / trash.FOLDER).exists()
