"""A list says what lies in the folders now, also where most of it was read before."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from aecore import drafts, jobs, stamps, store
from aecore.grid import Grid
from aecore.results import GridResult, Progress
from aecore.store import RunInfo, Unreadable, folders, runs
from aecore.store.known import MOST, Known
from tests.samples import tiny_config
from tests.store.test_runs import RESULT, make_run
from tests.test_drafts import left_behind


@pytest.fixture(params=["young files", "settled files"])
def age(request, monkeypatch) -> str:
    """Files that were written a moment ago, or that are taken for older ones, which are read once."""
    if request.param == "settled files":
        monkeypatch.setattr(stamps, "SETTLED", 0.0)
    return request.param


def listed(root: Path) -> dict[str, RunInfo | Unreadable]:
    return {info.key: info for info in store.list_runs(root)}


def damage_weights(path: Path) -> None:
    content = (path / "weights.safetensors").read_bytes()
    (path / "weights.safetensors").write_bytes(content[:-1])


def damage_config(path: Path) -> None:
    (path / "config.json").write_text("[]")


def link_result(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere.json"
    (path / "result.json").rename(elsewhere)
    (path / "result.json").symlink_to(elsewhere)


def become_a_link(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.symlink_to(path.parent.parent / "moved")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (damage_weights, "weights.safetensors is damaged"),
        (lambda path: (path / "weights.safetensors").unlink(), "weights.safetensors is missing"),
        (damage_config, "config.json must hold a JSON object"),
        (lambda path: (path / "config.json").unlink(), "there is no config.json"),
        (lambda path: (path / "result.json").write_text("{"), "result.json can't be read"),
        (link_result, "it is a link, which is not followed"),
        (become_a_link, "a link to another folder"),
    ],
)
def test_a_run_that_is_damaged_while_it_is_listed_gives_its_reason(tmp_path, age, change, reason):
    root = tmp_path / "runs"
    path, other = make_run(root), make_run(root, "other")
    for _ in range(3):
        assert isinstance(listed(root)[path.name], RunInfo)
    change(path)
    for _ in range(2):
        found = listed(root)
        assert isinstance(found[path.name], Unreadable)
        assert reason in found[path.name].reason
        assert found[other.name].name == "other"


def test_what_is_done_with_runs_is_listed_at_once(tmp_path, age):
    path = make_run(tmp_path, finished=False)
    assert listed(tmp_path)[path.name].result is None
    store.write_result(path, RESULT)
    assert listed(tmp_path)[path.name].result == RESULT
    store.clear_result(path)
    assert listed(tmp_path)[path.name].result is None
    # Names and figures of one length: the sizes of the files stay.
    for name in ("aa", "bb", "cc", "aa"):
        store.rename_run(path, name)
        assert listed(tmp_path)[path.name].name == name
    for epoch in (1, 2, 3):
        store.write_progress(path, Progress(status="stopped", epoch=epoch))
        assert listed(tmp_path)[path.name].progress.epoch == epoch
    store.delete_run(path)
    assert listed(tmp_path) == {}
    assert make_run(tmp_path, "again") == path
    assert listed(tmp_path)[path.name].name == "again"


def test_grids_are_listed_as_they_are_now(tmp_path, age):
    path = store.create_grid(Grid(tiny_config(), {"train.seed": (0, 1)}), "first", tmp_path)
    assert [info.name for info in store.list_grids(tmp_path)] == ["first"]
    store.rename_grid(path, "other")
    store.write_result(path, GridResult((), 1.0))
    (info,) = store.list_grids(tmp_path)
    assert (info.name, info.result) == ("other", GridResult((), 1.0))
    (path / "grid.json").write_text("{}")
    assert isinstance(store.list_grids(tmp_path)[0], Unreadable)


def test_a_file_written_over_at_one_time_is_read_again(tmp_path):
    """Within a clock's resolution nothing but the content tells, so young files are not taken as known."""
    path = make_run(tmp_path, "aa")
    file = path / "config.json"
    before = file.stat()
    assert listed(tmp_path)[path.name].name == "aa"
    text = file.read_text().replace('"aa"', '"bb"')
    with file.open("r+") as out:
        out.write(text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert listed(tmp_path)[path.name].name == "bb"


def test_a_list_that_did_not_change_opens_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "SETTLED", 0.0)
    for name in ("one", "two"):
        store.write_progress(make_run(tmp_path, name), Progress(status="finished"))
    store.create_grid(Grid(tiny_config(), {"train.seed": (0, 1)}), "", tmp_path)
    first = store.list_runs(tmp_path), store.list_grids(tmp_path), jobs.active(tmp_path)

    def fail(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(os, "open", fail)
    monkeypatch.setattr(runs, "read_weights_metadata", fail)
    assert (store.list_runs(tmp_path), store.list_grids(tmp_path), jobs.active(tmp_path)) == first


def test_a_job_that_begins_is_seen_at_once(tmp_path, age):
    path = make_run(tmp_path)
    store.write_progress(path, Progress(status="finished"))
    assert jobs.active(tmp_path) == []
    pid, started = os.getpid(), drafts.process_start(os.getpid())
    store.write_progress(path, Progress(status="running", pid=pid, process_started=started))
    assert [job.path for job in jobs.active(tmp_path)] == [path]
    # A process that ends writes nothing.
    store.write_progress(path, Progress(status="running", pid=pid, process_started=started + 5))
    assert jobs.active(tmp_path) == []


def test_a_draft_that_comes_after_a_look_is_cleared_at_the_next(tmp_path, age):
    path = make_run(tmp_path)
    for _ in range(2):
        listed(tmp_path)
        dead = left_behind(path / "config.json", path / "epochs" / "3.safetensors")
        listed(tmp_path)
        assert not any(file.exists() for file in dead)


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "SETTLED", 0.0)
    reads: list[str] = []

    def read(path: Path) -> str:
        reads.append(path.name)
        return path.name

    known = Known(read, ["file"], weight=lambda _: MOST // 2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.mkdir()
        (path / "file").write_text("x")
    for path in (*paths, *reversed(paths)):
        assert known.read(path) == path.name
    # Two fit: of a, b, c the first was let go.
    assert reads == ["a", "b", "c", "a"]
    shutil.rmtree(paths[0])
    assert known.read(paths[0]) == "a"


def test_a_folder_that_names_no_files_of_ours_is_listed_as_before(tmp_path):
    (tmp_path / "a file").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "_cache").mkdir()
    make_run(tmp_path / "elsewhere", "theirs")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    assert [path.name for path in folders.all_folders(tmp_path)] == ["elsewhere", "link"]
    assert list(folders.all_folders(tmp_path / "a file")) == []
