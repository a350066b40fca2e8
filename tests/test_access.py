"""Who may change what: modes, owners of folders, and what visitors of a class may not do."""

import re
import shutil

import pytest

from aecore import access, jobs, owners, store
from aecore.access import RefusedError, Visitor
from aecore.config import Config, DataConfig
from aecore.jobs import image_job
from aecore.own.build import Options
from aecore.own.opening import open_source
from tests.conftest import ROOT
from tests.no_processes import begin_none
from tests.trees import tree_hash

CONFIG = Config(data=DataConfig(name="digits"))
ADA, BEN = Visitor("login https://id.example ada", "Ada"), Visitor("browser 0123")


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """`ask(visitor)`: from then on this process serves a class, and that visitor asks."""
    asking: list[Visitor | None] = [None]
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AECORE_MODE", "class")
    begin_none(monkeypatch)

    def become(visitor: Visitor | None) -> None:
        asking[0] = visitor
        monkeypatch.setattr(access, "_identify", lambda: asking[0])

    monkeypatch.setattr(access, "_identify", None)
    return become


@pytest.mark.parametrize("text", ["public", "0", "read only", "class private"])
def test_another_mode_is_refused_in_one_sentence_wherever_something_is_written(text, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_MODE", text)
    says = re.escape(f"AECORE_MODE must be one of private, class, read-only, not {text!r}")
    with pytest.raises(ValueError, match=says):
        access.mode()
    with pytest.raises(ValueError, match=says):
        store.create_run(CONFIG, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_default_is_private_and_anybody_writes(monkeypatch, tmp_path):
    monkeypatch.delenv("AECORE_MODE", raising=False)
    monkeypatch.setattr(access, "_identify", lambda: None)
    path = store.create_run(CONFIG, root=tmp_path)
    assert owners.read_owner(path) is None
    store.delete_run(path)


def test_only_the_owner_changes_a_run(ask):
    ask(ADA)
    path = store.create_run(CONFIG, "mine")
    assert owners.read_owner(path) == ADA
    before = tree_hash(path)
    changes = [
        lambda: store.delete_run(path),
        lambda: store.rename_run(path, "yours"),
        lambda: jobs.stop(path),
        lambda: jobs.start(path),
        lambda: jobs.pause(path),
        lambda: jobs.change(path, {"train.learning_rate": 0.1}),
        lambda: store.write_failed(path, 1),
        lambda: store.set_created(path, 1.0),
        lambda: store.clear_requests(path=path),
        lambda: store.delete_run(path.parent / "x" / ".." / path.name),
    ]
    for someone, whom in ((BEN, "belongs to Ada"), (None, "does not know who is asking")):
        ask(someone)
        for change in changes:
            with pytest.raises(RefusedError, match=whom):
                change()
        assert tree_hash(path) == before
    ask(ADA)
    jobs.stop(path)
    store.rename_run(path, "still mine")
    store.delete_run(path)
    assert not path.exists()


def test_what_has_no_owner_belongs_to_the_machine_alone(ask, monkeypatch):
    path = store.create_run(CONFIG, "of the command line")
    assert owners.read_owner(path) is None
    ask(ADA)
    with pytest.raises(RefusedError, match="belongs to the people who run this server"):
        store.delete_run(path)
    theirs = store.create_run(CONFIG)
    # The command line changes that of visitors, too.
    monkeypatch.setattr(access, "_identify", None)
    store.rename_run(theirs, "renamed")
    store.delete_run(theirs)
    store.delete_run(path)


def test_an_owner_that_can_not_be_read_is_nobody(ask):
    ask(ADA)
    path = store.create_run(CONFIG)
    for damage in ("{", "[]", '{"name": "Ada"}', '{"key": 3}'):
        (path / owners.FILE).write_text(damage)
        with pytest.raises(RefusedError, match="belongs to the people who run this server"):
            store.delete_run(path)


def test_members_and_stacks_are_their_grids_owners(ask):
    shutil.copytree(ROOT / "checkpoints" / "grid-digits-depth", store.checkpoints_root() / "grid")
    grid = store.checkpoints_root() / "grid"
    ask(ADA)
    owners.write_owner(grid)
    for part in (grid, grid / "0", grid / "stacks" / "0"):
        assert owners.read_owner(part) == ADA
    ask(BEN)
    with pytest.raises(RefusedError):
        store.write_failed(grid / "0", 1)
    # A copy of a member is a run of whoever makes it.
    kept = store.keep_member(grid, 0)
    assert owners.read_owner(kept) == BEN


def test_what_comes_in_is_its_bringers_whatever_it_says(ask, tmp_path):
    shutil.copytree(ROOT / "checkpoints" / "digits-post-12-s0-f3512007", tmp_path / "run")
    (tmp_path / "run" / owners.FILE).write_text('{"key": "browser 99", "name": "Zoe"}')
    shutil.make_archive(str(tmp_path / "run"), "zip", tmp_path / "run")
    ask(ADA)
    with pytest.raises(
        RefusedError, match="does not read folders and files of its own for visitors: drop a zip"
    ):
        store.import_run(tmp_path / "run.zip")
    found = store.import_run(tmp_path / "run.zip", uploaded=True)
    assert owners.read_owner(found.path) == ADA
    store.delete_run(found.path)


def test_a_visitor_opens_what_they_uploaded_and_nothing_else(ask, tmp_path):
    picture = ROOT / "docs" / "choose.webp"
    ask(ADA)
    with picture.open("rb") as file:
        folder = image_job.upload([("one.webp", file)])
    uploaded = image_job.read(folder).path
    for path in (picture.parent, "/etc", f"{uploaded}/../../..", tmp_path):
        with pytest.raises(RefusedError, match="drop the images onto the page instead"):
            open_source(path)
    ask(BEN)
    for change in (
        lambda: open_source(uploaded),
        lambda: image_job.start(uploaded, Options(), folder),
        lambda: image_job.stop(folder),
        lambda: image_job.forget(folder),
    ):
        with pytest.raises(RefusedError, match="belongs to Ada"):
            change()
    ask(ADA)
    image_job.forget(folder)
    assert not folder.exists()
