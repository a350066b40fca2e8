"""The shipped runs stand beside a user's own: listed, found and looked at, and never written to."""

from __future__ import annotations

import shutil

import pytest

from aecore import store
from aecore.presets import PRESETS
from tests.conftest import ROOT

RUN, GRID = "digits-post-12-s0-f3512007", "grid-digits-loss"


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    root = tmp_path / "gallery"
    for name in (RUN, GRID):
        shutil.copytree(ROOT / "checkpoints" / name, root / name)
    monkeypatch.setenv("AECORE_GALLERY", str(root))
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path / "own"))
    return root


def files(root) -> dict:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_both_are_listed_and_found_by_name(gallery, tmp_path):
    own = store.create_run(PRESETS["post"], "mine")
    assert own.parent == tmp_path / "own"
    assert {info.key for info in store.list_runs()} == {own.name, RUN}
    assert [info.key for info in store.list_grids()] == [GRID]
    assert store.find_run(RUN) == gallery / RUN
    assert store.find_run(f"{GRID}/0") == gallery / GRID / "0"
    # A folder that is named holds what it holds, and nothing beside.
    assert [info.key for info in store.list_runs(tmp_path / "own")] == [own.name]
    with pytest.raises(store.StoreError, match="there is no run"):
        store.find_run(RUN, tmp_path / "own")


def test_of_one_name_the_users_own_counts(gallery, tmp_path):
    own = shutil.copytree(gallery / RUN, tmp_path / "own" / RUN)
    assert [info.path for info in store.list_runs()] == [own]
    assert store.find_run(RUN) == own
    store.delete_run(own)
    assert [info.path for info in store.list_runs()] == [gallery / RUN]


def test_a_shipped_run_is_neither_renamed_nor_deleted(gallery):
    before = files(gallery)
    for change, name in ((store.rename_run, RUN), (store.rename_grid, GRID)):
        with pytest.raises(store.StoreError, match="comes with the app"):
            change(gallery / name, "other")
    for remove, name in ((store.delete_run, RUN), (store.delete_grid, GRID)):
        with pytest.raises(store.StoreError, match="comes with the app"):
            remove(gallery / name)
    # What is made of it is the user's.
    kept = store.keep_member(gallery / GRID, 0, "mine")
    assert kept.parent == store.checkpoints_root()
    assert files(gallery) == before


def test_the_run_root_itself_is_nobodys_gallery(gallery, monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(gallery))
    assert store.gallery_root() is None
    store.rename_run(gallery / RUN, "other")
    assert store.read_info(gallery / RUN).name == "other"


def test_without_a_gallery_there_are_the_users_runs_alone(gallery, monkeypatch):
    monkeypatch.setenv("AECORE_GALLERY", "")
    assert store.list_runs() == []
