"""Messages that no page would send are refused where they would write, by the core and not by a button."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from aecore import store
from aecore.owners import FILE
from aecore.processes import process_start
from aecore.results import Progress
from tests.browser.tools import Server
from tests.conftest import ROOT
from tests.forging import Forger
from tests.trees import tree_hash

RUN, AT_WORK = "digits-post-12-s0-f3512007", "at-work"
ADA, BEN = (f"aecore_visitor={letter * 43}" for letter in "ab")


@contextmanager
def serving(folder, mode: str, monkeypatch):
    """A server in that mode on a run, and one that a living process trains."""
    root, data = folder / "checkpoints", folder / "data"
    for name in (RUN, AT_WORK):
        shutil.copytree(ROOT / "checkpoints" / RUN, root / name)
    data.mkdir()
    (root / AT_WORK / "result.json").unlink()
    pid = os.getpid()
    progress = Progress(status="running", pid=pid, process_started=process_start(pid), heartbeat=time.time())
    store.write_progress(root / AT_WORK, progress)
    monkeypatch.setenv("AECORE_MODE", mode)
    with Server(root, data, folder / "server.log") as server:
        yield server


def press_everything(server, cookie: str = "") -> str:
    """Stop, Train and Delete, pressed as if their buttons did something; what was said meanwhile."""
    said = []
    for page, keys in (
        ("train", ("train_start",)),
        ("runs", ("sidebar_stop", "runs_delete", "runs_delete_yes")),
    ):
        with Forger(server.port, cookie, f"run={RUN}") as forger:
            forger.visit("")
            forger.visit(page)
            for key in keys:
                try:
                    forger.visit(page, key)
                except KeyError:
                    if key != "runs_delete_yes":
                        raise
                said += forger.texts
    return "\n".join(said)


def files_of(server) -> str:
    return tree_hash(server.checkpoints, server.data)


def test_forged_presses_work_where_everybody_may_write(tmp_path, monkeypatch):
    """Else the next test would tell nothing."""
    with serving(tmp_path, "private", monkeypatch) as server:
        before = sorted(path.name for path in server.checkpoints.iterdir())
        press_everything(server)
        assert (server.checkpoints / AT_WORK / "stop").exists()
        after = sorted(path.name for path in server.checkpoints.iterdir())
        assert RUN not in after
        assert set(after) - set(before), "nothing was trained"


def test_forged_presses_and_uploads_are_refused_where_nobody_may_write(tmp_path, monkeypatch):
    with serving(tmp_path, "read-only", monkeypatch) as server:
        before = files_of(server)
        said = press_everything(server)
        assert "is read-only" in said
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("PUT", "/_stcore/upload_file/session/file", body=b"x" * 1000)
        answer = connection.getresponse()
        assert (answer.status, b"read-only" in answer.read()) == (403, True)
        assert files_of(server) == before


def test_another_visitor_changes_nothing_of_the_owners(tmp_path, monkeypatch):
    with serving(tmp_path, "class", monkeypatch) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        given = connection.getresponse().headers["Set-Cookie"]
        assert given.startswith("aecore_visitor=")
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in given.split(";")}
        # Ada trains; hers is the newest run then, which Runs shows at first.
        with Forger(server.port, ADA) as ada:
            ada.visit("")
            ada.visit("train")
            ada.visit("train", "train_start")
        hers = next(path for path in server.checkpoints.iterdir() if path.name not in (RUN, AT_WORK))
        owner = json.loads((hers / FILE).read_text())
        assert owner["key"].startswith("browser ")
        assert "a" * 43 not in owner["key"]
        with Forger(server.port, BEN) as ben:
            ben.visit("")
            ben.visit("runs")
            stops = [name for name in ben.ids if "sidebar_stop" in name]
            assert stops
            for name in stops:
                ben.visit("runs", name.rsplit("-", 1)[-1])
            said = "\n".join(ben.texts)
        assert not list(server.checkpoints.glob("*/stop"))
        assert "belongs to" in said


@pytest.mark.parametrize("mode", ["private", "read-only"])
def test_a_cookie_is_for_a_class_alone(mode, tmp_path, monkeypatch):
    with serving(tmp_path, mode, monkeypatch) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        assert "aecore_visitor" not in (connection.getresponse().headers["Set-Cookie"] or "")
