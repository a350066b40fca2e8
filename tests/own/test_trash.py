"""A deleted set lies in the trash as it was, in no list, until it is put back or the trash is emptied."""

import os
import subprocess
import sys

import numpy as np
import pytest

from aecore import access, data, trash
from aecore.access import RefusedError, Visitor
from aecore.files import StoreError
from aecore.own import sets
from aecore.own.build import Options, build, plan
from aecore.own.opening import open_source
from tests.conftest import ROOT
from tests.own.odd import as_folder, good
from tests.store.test_trash import STRANGE, content
from tests.trust.bounds import tell


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))


def plan_of(tmp_path):
    return plan(open_source(as_folder(good())(tmp_path)), Options(title="mine"))


def make_set(tmp_path):
    return build(plan_of(tmp_path), workers=1)


def test_what_was_deleted_is_in_no_list_and_comes_back_as_it_was(tmp_path):
    own = make_set(tmp_path)
    before, images = content(own.folder), data.load(own.name).train_images.clone()
    gone = sets.delete_set(own.name)
    assert not own.folder.exists()
    assert content(gone.path) == before
    assert (gone.key, gone.name, gone.kind) == (own.name, "mine", "set")
    assert gone.bytes == sum(len(text) for text, _ in before.values())
    assert sets.trashed() == [gone]
    assert sets.list_sets() == []
    assert own.name not in data.datasets()
    with pytest.raises(data.DataNotFoundError, match=f"in the trash.* trash --restore {own.name}`"):
        data.load(own.name)
    for name in (own.name, f"{trash.FOLDER}/{gone.path.name}"):
        with pytest.raises(ValueError, match=r"there is no set|holds the images of"):
            sets.delete_set(name)
    assert trash.restore(gone) == own.folder
    assert content(own.folder) == before
    assert sets.list_sets() == [own]
    assert np.array_equal(data.load(own.name).train_images, images)
    trash.remove(sets.delete_set(own.name))
    with pytest.raises(data.DataNotFoundError, match="not on this machine"):
        data.load(own.name)


def test_what_was_made_again_is_left_alone(tmp_path):
    """It is named by what is in it, so that under another name it would be none."""
    gone = sets.delete_set(make_set(tmp_path).name)
    again = make_set(tmp_path)
    with pytest.raises(StoreError, match="was made again of the same images"):
        trash.restore(gone)
    assert (sets.list_sets(), sets.trashed()) == ([again], [gone])
    assert trash.empty(sets.trashed()) == [gone]
    assert sets.list_sets() == [again]
    assert sorted(os.listdir(sets.own_root())) == [trash.FOLDER, again.name]


def test_whatever_stands_in_a_strangers_record_the_trash_is_listed(tmp_path):
    own = make_set(tmp_path)
    record = (own.folder / sets.RECORD).read_bytes()
    titles = (b"\\ud800", b"x" * 1000, b"a\\n\\nb")
    strange = [*STRANGE, *(record.replace(b'"mine"', b'"%s"' % title) for title in titles)]
    folder = sets.own_root() / trash.FOLDER
    made = [folder / f"{i}-set-{i}" for i in range(len(strange) + 2)]
    for path in made:
        path.mkdir(parents=True)
    for path, text in zip(made, strange, strict=False):
        (path / sets.RECORD).write_bytes(text)
    os.mkfifo(made[-2] / sets.RECORD)
    (made[-1] / sets.RECORD).symlink_to("/dev/zero")
    (folder / "99-link").symlink_to(own.folder)
    found = {gone.path: gone for gone in sets.trashed()}
    assert set(found) == set(made)
    for gone in found.values():
        assert gone.kind == "set"
        assert len(gone.name) <= 120
        assert gone.name.encode().decode().splitlines() == [gone.name]
    assert found[made[len(STRANGE) + 2]].name == "a b"
    trash.empty(sets.trashed())
    assert os.listdir(folder) == ["99-link"]
    assert sets.list_sets() == [own]


def test_in_a_class_only_its_owner_puts_a_set_back_or_removes_it(tmp_path, monkeypatch):
    ada, ben = Visitor("browser ada", "Ada"), Visitor("browser ben")
    asking, found = ada, plan_of(tmp_path)
    monkeypatch.setenv("AECORE_MODE", "class")
    monkeypatch.setattr(access, "_identify", lambda: asking)
    own = build(found, workers=1)
    asking = ben
    with pytest.raises(RefusedError, match="belongs to Ada"):
        sets.delete_set(own.name)
    asking = ada
    gone = sets.delete_set(own.name)
    asking = ben
    for act in (trash.restore, trash.remove):
        with pytest.raises(RefusedError, match="belongs to Ada"):
            act(gone)
    assert trash.empty(sets.trashed()) == []
    asking = ada
    assert trash.restore(gone) == own.folder


KILLED = """
import os, signal, sys
from pathlib import Path
from aecore import trash
from aecore.own import sets
import shutil

moment = sys.argv[1]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
rename = Path.rename
once = lambda *a: (rename(*a), die())

(own,) = sets.list_sets()
if moment == "before it is deleted":
    Path.rename = die
elif moment == "once it is deleted":
    Path.rename = once
gone = sets.delete_set(own.name)
if moment == "before it is back":
    Path.rename = die
elif moment == "once it is back":
    Path.rename = once
elif moment == "before it is out of sight":
    Path.rename = die
    trash.remove(gone)
elif moment == "while the trash is emptied":
    # Out of sight, and half of it is gone.
    os.unlink(gone.path / "images.npy")
    shutil.rmtree = die
    trash.empty([gone])
trash.restore(gone)
"""
"""Deletes the one set there is, puts it back or removes it, and is killed at that moment."""

MOMENTS = {
    "before it is deleted": (1, 0),
    "once it is deleted": (0, 1),
    "before it is back": (0, 1),
    "once it is back": (1, 0),
    "before it is out of sight": (0, 1),
    "while the trash is emptied": (0, 0),
}
"""How many sets there are then, and how many in the trash."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL.")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_leaves_a_set_here_or_there_and_never_halves(tmp_path, moment):
    own = make_set(tmp_path)
    before = content(own.folder)
    done = subprocess.run([sys.executable, "-c", KILLED, moment], cwd=ROOT, check=False)
    assert done.returncode == -9
    here, gone = sets.list_sets(), sets.trashed()
    assert (len(here), len(gone)) == MOMENTS[moment]
    for path in [*(found.folder for found in here), *(found.path for found in gone)]:
        assert content(path) == before
    # Nothing that no list names.
    assert set(os.listdir(sets.own_root())) <= {trash.FOLDER, *(found.name for found in here)}
    if (sets.own_root() / trash.FOLDER).exists():
        assert set(os.listdir(sets.own_root() / trash.FOLDER)) == {found.path.name for found in gone}
    tell("kill -9 while a set of images is deleted", 1, 0, "and while it is put back or removed for good")
