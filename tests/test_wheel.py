"""The wheel holds what the app needs, and opens it from any directory with the shipped runs in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.free_port import free_port


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        str(ROOT),
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
    ]
    subprocess.run([*command, "--wheel-dir", str(folder)], check=True, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files and its command, as pip lays them out; the rest is this Python's."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", str(wheel), "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--no-compile", "--target", str(folder)], check=True, cwd=folder)
    return folder


def surroundings(installed: Path, home: Path) -> dict[str, str]:
    """The environment of somebody who has installed the wheel and set nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AECORE_")}
    return (
        kept
        | {"PYTHONPATH": str(installed), "HOME": str(home), "LOCALAPPDATA": str(home)}
        | {name: str(home / name) for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME")}
    )


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(filter(None, listed.stdout.split("\0")))


def test_the_wheel_holds_every_file_of_the_app_and_nobodys_own_run(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    inside = {f"aecore/_app/{path}" for path in tracked("pages", "checkpoints", "streamlit_app.py")}
    wanted = inside | tracked("aecore") | {"aecore/_app/.streamlit/config.toml"}
    assert len(wanted) > 800
    # What is written while somebody works here and not yet added to git may be in it as well.
    assert wanted <= held
    assert {name for name in held - wanted if "/checkpoints/" in name} == set()


def test_the_command_says_what_it_does_and_lists_the_shipped_runs(installed, tmp_path):
    script = installed / "bin" / "aecore"
    for arguments, says in ((["--help"], "usage: aecore"), (["runs"], "mnist-post-12-s0-0af53747")):
        done = subprocess.run(
            [sys.executable, str(script), *arguments],
            cwd=tmp_path,
            env=surroundings(installed, tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        assert says in done.stdout
    # Where runs are kept was not made before there is one.
    assert list(tmp_path.iterdir()) == []


def test_alone_it_opens_the_app_from_an_empty_directory(installed, tmp_path):
    port, log = free_port(), tmp_path / "log.txt"
    command = [sys.executable, str(installed / "bin" / "aecore"), "app", "--port", str(port), "--no-browser"]
    (tmp_path / "empty").mkdir()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=tmp_path / "empty",
            env=surroundings(installed, tmp_path),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/_stcore/health"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert b"<title>" in answer.read()
        # The app's own settings are in force: no address but this machine's is offered.
        assert "Network URL" not in log.read_text()
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_first_page_of_the_installed_app_shows_a_trained_model(installed, tmp_path):
    code = (
        "from streamlit.testing.v1 import AppTest; from aecore import places\n"
        "app = AppTest.from_file(str(places.app_folder() / 'streamlit_app.py'), default_timeout=120).run()\n"
        "assert not app.exception, app.exception\n"
        "print(app.sidebar.selectbox[0].label, app.sidebar.selectbox[0].value)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=surroundings(installed, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # There are no images of MNIST on a new machine.
    assert done.stdout.strip() == "Run digits-post-12-s0-f3512007"


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.read() == b"ok"
    except OSError:
        return False


def test_a_container_is_given_the_same_shipped_runs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "checkpoints/*" in lines
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert kept == [name.removeprefix("/") for name in project["tool"]["hatch"]["build"]["artifacts"]]
