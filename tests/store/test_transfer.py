"""Runs and grids as zips and from elsewhere: what comes in is what went out, or is refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from aecore import store
from aecore.files import StoreError
from aecore.presets import slug
from aecore.store import names, transfer
from tests.conftest import ROOT

SHIPPED = ROOT / "checkpoints"
RUN = SHIPPED / "digits-post-12-s0-f3512007"
GRID = SHIPPED / "grid-digits-depth"


def hashes(path: Path) -> dict[str, str]:
    files = (file for file in path.rglob("*") if file.is_file())
    return {f.relative_to(path).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def zipped(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def contents(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in hashes(path)}


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.mark.parametrize("source", [RUN, GRID, GRID / "3"], ids=["run", "grid", "member"])
def test_what_goes_out_as_a_zip_comes_in_with_the_same_bytes(source, root, tmp_path):
    shares: list[float] = []
    store.pack(source, tmp_path / "out.zip", shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    first = store.import_run(tmp_path / "out.zip", root)
    second = store.import_run(tmp_path / "out.zip", root)
    called = "grid-digits-depth-3" if source.name == "3" else source.name
    assert (first.path, second.path) == (root / called, root / f"{called}-2")
    assert first.left_out == ()
    assert hashes(first.path) == hashes(second.path) == hashes(source)
    assert sum(f.stat().st_size for f in source.rglob("*") if f.is_file()) == store.packed_size(source)
    assert not [path for path in root.iterdir() if path.name.startswith(".")]
    if source == RUN:
        assert torch.equal(
            store.load_run(first.path).encode(torch.ones(1, 1, 8, 8)),
            store.load_run(source).encode(torch.ones(1, 1, 8, 8)),
        )


def test_a_folder_comes_in_without_what_is_not_a_runs(root, tmp_path):
    source = tmp_path / "my run"
    shutil.copytree(RUN, source)
    (source / "notes.txt").write_text("mine")
    (source / names.PROGRESS).write_text(json.dumps({"status": "running", "pid": 1}))
    (source / names.EPOCHS).mkdir()
    shutil.copy(source / names.WEIGHTS, source / names.EPOCHS / "4.safetensors")
    shutil.copy(source / names.WEIGHTS, source / names.EPOCHS / "x.safetensors")
    found = store.import_run(source, root)
    assert set(found.left_out) == {"notes.txt", names.PROGRESS, f"{names.EPOCHS}/x.safetensors"}
    # A name with a space is none that folders here have.
    assert found.path.name == slug(store.read_info(RUN).config)
    assert store.kept_epochs(found.path) == [4]
    assert hashes(source).items() >= hashes(found.path).items()


def test_an_archive_of_the_files_alone_is_called_as_it_is(root, tmp_path):
    (tmp_path / "given.zip").write_bytes(zipped({**contents(RUN), "__MACOSX/._x": "", ".DS_Store": ""}))
    assert store.import_run(tmp_path / "given.zip", root).path.name == "given"
    assert store.import_run(tmp_path / "given.zip", root, "../up").path.name == slug(
        store.read_info(RUN).config
    )


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


def shapes_changed(files: dict[str, bytes]) -> None:
    config = json.loads(files[names.CONFIG])
    config["config"]["model"]["latent_size"] = 9
    files[names.CONFIG] = json.dumps(config).encode()


BAD: dict[str, tuple[Callable[[dict], object], str]] = {
    "out of the folder": (lambda f: f.update({"../x.json": b""}), "leaves its folder"),
    "absolute": (lambda f: f.update({"/etc/x": b""}), "leaves its folder"),
    "a drive": (lambda f: f.update({"C:\\x": b""}), "leaves its folder"),
    "a link": (lambda f: f.update({link("x"): b"/etc/passwd"}), "links are not followed"),
    "an archive": (lambda f: f.update({"more.zip": b""}), "archives within are not opened"),
    "no config": (lambda f: f.pop(names.CONFIG), "it is no run and no grid"),
    "another format": (lambda f: f.update({names.CONFIG: b'{"format": 2}'}), "a newer version wrote it"),
    "no weights": (lambda f: f.pop(names.WEIGHTS), f"{names.WEIGHTS} is missing"),
    "other shapes": (shapes_changed, "do not fit the config"),
    "half of the weights": (lambda f: f.update({names.WEIGHTS: f[names.WEIGHTS][:900]}), "is damaged"),
    "rows of something": (lambda f: f.update({names.LOOKS: b"{}\n"}), "is damaged"),
    "events of something": (lambda f: f.update({names.EVENTS: b"[]\n[]\n"}), "can't be used"),
    "a kept epoch": (lambda f: f.update({"epochs/1.safetensors": b"x" * 99}), "is damaged"),
    "a state": (lambda f: f.update({names.OPTIMIZER: b"x" * 99}), "is damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_could_not_be_used_is_refused_and_leaves_nothing(case, root, tmp_path):
    change, sentence = BAD[case]
    files: dict = contents(RUN)
    change(files)
    (tmp_path / "given.zip").write_bytes(zipped(files))
    with pytest.raises(StoreError, match=sentence) as caught:
        store.import_run(tmp_path / "given.zip", root)
    assert "\n" not in str(caught.value)
    assert not list(root.iterdir())
    assert not (tmp_path / "x.json").exists()


def test_archives_that_grow_too_much_or_hold_too_many_files_are_refused_before_they_are_unpacked(
    root, tmp_path, monkeypatch
):
    (tmp_path / "big.zip").write_bytes(zipped(contents(RUN)))
    monkeypatch.setattr(transfer, "MOST_FILES", 3)
    with pytest.raises(StoreError, match="more than 3 files"):
        store.import_run(tmp_path / "big.zip", root)
    with pytest.raises(StoreError, match="more than 3 files"):
        store.import_run(RUN, root)
    monkeypatch.undo()
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a/b", "w") as out:
        for _ in range(300):
            out.write(bytes(1 << 20))
    (tmp_path / "bomb.zip").write_bytes(bomb.getvalue())
    with pytest.raises(StoreError, match="times its size"):
        store.import_run(tmp_path / "bomb.zip", root)
    assert not list(root.iterdir())


def test_a_file_twice_and_a_link_in_a_folder_are_refused(root, tmp_path):
    twice = zipped(contents(RUN))
    with (
        zipfile.ZipFile(file := io.BytesIO(twice), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr(names.CONFIG, b"{}")
    (tmp_path / "twice.zip").write_bytes(file.getvalue())
    with pytest.raises(StoreError, match="twice"):
        store.import_run(tmp_path / "twice.zip", root)
    linked = tmp_path / "linked"
    shutil.copytree(RUN, linked)
    os.symlink("/etc/passwd", linked / names.EVENTS)
    with pytest.raises(StoreError, match="links are not followed"):
        store.import_run(linked, root)
    os.symlink(RUN, tmp_path / "whole")
    with pytest.raises(StoreError, match="a link to another folder"):
        store.import_run(tmp_path / "whole", root)
    assert not list(root.iterdir())


def test_a_grid_must_hold_the_members_it_names(root, tmp_path):
    source = tmp_path / "grid"
    shutil.copytree(GRID, source)
    shutil.rmtree(source / "2")
    with pytest.raises(StoreError, match="its member 2 can't be used"):
        store.import_run(source, root)
    shutil.copytree(GRID / "3", source / "2")
    with pytest.raises(StoreError, match=f"its settings are not those that {names.GRID} gives it"):
        store.import_run(source, root)
    shutil.rmtree(source / "2")
    shutil.copytree(GRID / "2", source / "2")
    shutil.copytree(GRID / "2", source / "99")
    with pytest.raises(StoreError, match="a member 99"):
        store.import_run(source, root)
    assert not list(root.iterdir())
