"""A skip that CI must not overlook is a failure there, and only there."""

import os
import subprocess
import sys

from tests.conftest import ROOT

TESTS = """
import pytest

@pytest.mark.mnist
@pytest.mark.skipif(True, reason="left out")
def test_marked(): ...

@pytest.mark.browser
def test_within():
    pytest.skip("no such luck")

@pytest.mark.browser
@pytest.mark.xfail(reason="known")
def test_expected(): raise ValueError

def test_unmarked():
    pytest.skip("free to go")
"""


def run_tests(folder, **environment):
    (folder / "test_skips.py").write_text(TESTS)
    options = ["-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AECORE_REQUIRE")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
    )


def test_skips_are_allowed_by_default(tmp_path):
    result = run_tests(tmp_path)
    assert result.returncode == 0
    assert "3 skipped, 1 xfailed" in result.stdout


def test_required_tests_must_not_skip(tmp_path):
    result = run_tests(tmp_path, AECORE_REQUIRE_MNIST="1", AECORE_REQUIRE_BROWSER="1")
    assert result.returncode == 1
    assert "1 failed, 1 skipped, 1 xfailed, 1 error" in result.stdout
    assert "AECORE_REQUIRE_MNIST is set, so this skip is a failure: Skipped: " in result.stdout


def test_browser_tests_fail_without_chromium_where_required(tmp_path):
    result = run_tests(tmp_path, AECORE_REQUIRE_BROWSER="1", PATH=str(tmp_path))
    assert "There is no Chromium on the PATH" in result.stdout
    assert result.returncode == 1


def test_folders_of_the_user_are_not_used():
    assert "aecore-tests-" in os.environ["AECORE_CHECKPOINTS"]
    assert os.environ["AECORE_DATA"]
