"""Messages that no page would send are refused where they would write, by the core and not by a button."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection

import numpy as np
import pytest

from aecore import store
from aecore.own import sets
from aecore.own.build import build, plan
from aecore.own.opening import open_source
from aecore.owners import FILE
from aecore.processes import process_start
from aecore.results import Progress
from tests.browser.tools import Server, wait_until
from tests.conftest import ROOT
from tests.forging import Forger
from tests.trees import tree_hash

RUN, AT_WORK, STOPPED = "digits-post-12-s0-f3512007", "at-work", "stopped"
THROWN_AWAY = ("thrown-away", "thrown-away-too")
IMAGES = "images.npy"
SECRET = "a" * 43


@contextmanager
def serving(folder, mode: str, monkeypatch, provider=None):
    """A server in that mode on a finished run, one that was stopped, and one that a living process trains;
    two other runs and two sets of images lie in the trash."""
    root, data = folder / "checkpoints", folder / "data"
    for name in (RUN, AT_WORK, STOPPED, *THROWN_AWAY):
        shutil.copytree(ROOT / "checkpoints" / RUN, root / name)
    data.mkdir()
    monkeypatch.setenv("AECORE_DATA", str(data))
    for name in THROWN_AWAY:
        store.delete_run(root / name)
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(0, 256, (4, 8, 8), np.uint8)
        np.save(folder / IMAGES, pixels)
        if seed < 2:  # of the last none is made
            sets.delete_set(build(plan(open_source(folder / IMAGES)), workers=1).name)
    for name in (AT_WORK, STOPPED):
        (root / name / "result.json").unlink()
    pid = os.getpid()
    progress = Progress(status="running", pid=pid, process_started=process_start(pid), heartbeat=time.time())
    store.write_progress(root / AT_WORK, progress)
    monkeypatch.setenv("AECORE_MODE", mode)
    server = Server(root, data, folder / "server.log")
    if provider is not None:
        (folder / "secrets.toml").write_text(provider.secrets_for(server.port))
        monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(folder / "secrets.toml"))
    with server:
        yield server


def press_everything(server, cookies: str = "") -> str:
    """Stop, Resume and Delete, pressed as if their buttons did something; what was said meanwhile."""
    said = []
    for run, keys in (
        (STOPPED, ("runs_resume", "sidebar_stop")),
        (RUN, ("runs_delete", "runs_delete_yes")),
    ):
        with Forger(server.port, cookies, f"run={run}") as forger:
            forger.visit("")
            forger.visit("runs")
            for key in keys:
                try:
                    forger.visit("runs", key)
                except KeyError:
                    # The question whether it is meant comes only where it may be deleted.
                    if key != "runs_delete_yes":
                        raise
                said += forger.texts
    return "\n".join(said)


def begin_and_clear(server, ids: Iterable[str] = ()) -> tuple[str, set[str]]:
    """A training of digits begun, one of each trash put back, both emptied, and a set of images made.

    `ids` are of widgets as another server has drawn them; returns what was said, and the ids that were drawn.
    """
    said = []
    with Forger(server.port, link=f"run={RUN}", ids=ids) as forger:

        def do(page: str, press: str = "", typed: Mapping[str, str] | None = None) -> None:
            forger.visit(page, press, typed)
            said.extend(forger.texts)

        do("runs")
        # The form then holds that run's settings, whose images are always there.
        do("runs", "runs_duplicate")
        do("train")
        # Another width, since that run is at work already.
        do("train", "train_start", {"train_model_hidden": "48"})
        for page, key in (("runs", "runs"), ("own_images", "own")):
            do(page)
            for press in ("trash_back", "trash_empty", "trash_yes"):
                do(page, f"{key}_{press}")
        images = {"own_path": str(server.checkpoints.parent / IMAGES)}
        do("own_images", typed=images)
        do("own_images", "own_make", images)
    return "\n".join(said), forger.ids


def upload(server) -> tuple[int, str]:
    """A file sent past the pages, and what was answered."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("PUT", "/_stcore/upload_file/session/file", body=b"x" * 1000)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


def files_of(server) -> str:
    return tree_hash(server.checkpoints, server.data)


def test_forged_presses_and_uploads_are_refused_where_nobody_may_write(tmp_path, monkeypatch):
    # Where everybody may, the same presses work: else what follows would tell nothing.
    with serving(tmp_path / "private", "private", monkeypatch) as server:
        there = {path.name for path in server.checkpoints.iterdir()}
        _, ids = begin_and_clear(server)
        begun = {path.name for path in server.checkpoints.iterdir()} - there - set(THROWN_AWAY)
        assert [store.read_info(server.checkpoints / name).config.data.name for name in begun] == ["digits"]
        assert any((server.checkpoints / name).is_dir() for name in THROWN_AWAY)
        # One was put back, and another made, in a process of its own.
        wait_until("the set", lambda: len(sets.list_sets()) == 2)
        assert store.trashed(server.checkpoints) == sets.trashed() == []
        # The session is nobody's there, and that is all that is said against it.
        assert "read-only" not in upload(server)[1]
        press_everything(server)
        assert (server.checkpoints / AT_WORK / "stop").exists()
        assert (server.checkpoints / STOPPED / "progress.json").exists()
        assert not (server.checkpoints / RUN).exists()
    with serving(tmp_path / "read-only", "read-only", monkeypatch) as server:
        before = files_of(server)
        assert "is read-only" in press_everything(server)
        assert "is read-only" in begin_and_clear(server, ids)[0]
        status, answer = upload(server)
        assert (status, "read-only" in answer) == (403, True)
        assert files_of(server) == before


def test_another_visitor_changes_nothing_of_the_owners(tmp_path, monkeypatch):
    with serving(tmp_path, "class", monkeypatch) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        given = connection.getresponse().headers["Set-Cookie"]
        assert given.startswith("aecore_visitor=")
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in given.split(";")}
        key = f"browser {hashlib.sha256(SECRET.encode()).hexdigest()}"
        for name in (RUN, AT_WORK, STOPPED):
            (server.checkpoints / name / FILE).write_text(json.dumps({"key": key, "name": "Ada"}))
        before = files_of(server)
        assert "belongs to Ada" in press_everything(server, f"aecore_visitor={'b' * 43}")
        # Nor is it enough to know what stands in the folders.
        press_everything(server, f"aecore_visitor={key}")
        press_everything(server, f"_streamlit_user={SECRET}")
        assert files_of(server) == before
        with Forger(server.port, f"aecore_visitor={SECRET}") as ada:
            ada.visit("")
            ada.visit("", "sidebar_stop")
        assert (server.checkpoints / AT_WORK / "stop").exists()


@pytest.mark.parametrize("mode", ["private", "read-only"])
def test_a_cookie_is_for_a_class_alone(mode, tmp_path, monkeypatch):
    with serving(tmp_path, mode, monkeypatch) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        assert "aecore_visitor" not in (connection.getresponse().headers["Set-Cookie"] or "")
