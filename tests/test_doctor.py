"""`doctor` finds what is wrong with a machine, and a closed pipe ends a command quietly."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from aecore import store
from aecore.__main__ import main
from aecore.commands import doctor
from aecore.commands.app import with_whole_paths
from aecore.presets import PRESETS
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    for variable in ("AECORE_CHECKPOINTS", "AECORE_CACHE", "AECORE_DATA"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


def findings(capsys) -> tuple[int, dict[str, dict]]:
    code = main(["doctor", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, {row["check"]: row for row in rows}


def test_a_machine_that_is_well_is_told_so_and_nothing_is_made(capsys, tmp_path):
    code, found = findings(capsys)
    assert code == 0
    names = ["python", "torch", "device", "data", "run folder", "cache", "runs", "mode", "limits", "port"]
    assert list(found) == names
    assert {found[name]["state"] for name in ("python", "torch", "data", "run folder", "cache")} == {"ok"}
    assert "billion operations a second" in found["device"]["found"]
    assert "digits" in found["data"]["found"]
    # No run yet is worth a word, and the word is a command that trains one.
    assert "train --data.name digits" in found["runs"]["mend"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_amiss_comes_with_its_mend(capsys, tmp_path, monkeypatch):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    broken = store.create_run(PRESETS["post"])
    (broken / "config.json").write_text("{")
    assert findings(capsys)[1]["runs"]["state"] == "note"
    assert broken.name in findings(capsys)[1]["runs"]["found"]
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(in_the_way / "runs"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "PORT", taken.getsockname()[1])
        code, found = findings(capsys)
    assert code == 1
    assert found["run folder"]["state"] == "wrong"
    assert "AECORE_CHECKPOINTS" in found["run folder"]["mend"]
    assert found["port"]["state"] == "note"
    assert main(["doctor"]) == 1
    assert "-> Let AECORE_CHECKPOINTS name a folder" in capsys.readouterr().out


def test_a_check_that_breaks_hides_no_other(capsys, monkeypatch):
    def _device():
        raise RuntimeError("no driver")

    monkeypatch.setattr(doctor, "CHECKS", (_device, doctor._python))
    code, found = findings(capsys)
    assert code == 1
    assert "no driver" in found["device"]["found"]
    assert found["python"]["state"] == "ok"


def test_a_reader_that_has_had_enough_ends_a_command_quietly(tmp_path):
    for number in range(3):
        store.create_run(PRESETS["post"], f"{number}" * 100)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "aecore", "runs"], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_folders_that_are_named_from_here_are_the_same_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = with_whole_paths({"AECORE_DATA": "data", "AECORE_GALLERY": "", "OTHER": "data"})
    assert found == {"AECORE_DATA": str(tmp_path / "data"), "AECORE_GALLERY": "", "OTHER": "data"}
