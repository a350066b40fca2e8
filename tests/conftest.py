"""What every test can rely on: its own folders, the same random numbers, and no silent skip in CI.

A test marked `mnist` or `browser` is skipped, with the reason, where the four MNIST files or Chromium
are missing. With `AECORE_REQUIRE_MNIST=1` or `AECORE_REQUIRE_BROWSER=1`, as in CI, every skip of such a
test is a failure instead, whatever caused it.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

# On a busy machine one example may take long; how long is no property of the code.
settings.register_profile("aecore", deadline=None)
settings.load_profile("aecore")


def find_chromium() -> str | None:
    """Path of the system's Chromium, or None."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def find_mnist() -> Path | None:
    """Folder that holds MNIST in torchvision's layout: `AECORE_DATA`, else `../shared/data`, else None."""
    named = os.environ.get("AECORE_DATA")
    for folder in ([Path(named)] if named else []) + [ROOT.parent / "shared" / "data"]:
        if all((folder / "MNIST" / "raw" / name).is_file() for name in MNIST_FILES):
            return folder.resolve()
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Point the folders away from the user's own before any module of ours is imported."""
    temporary = tempfile.TemporaryDirectory(prefix="aecore-tests-")
    config.add_cleanup(temporary.cleanup)
    config.stash[_MNIST] = find_mnist()
    os.environ["AECORE_DATA"] = str(config.stash[_MNIST] or Path(temporary.name) / "data")
    os.environ["AECORE_CHECKPOINTS"] = str(Path(temporary.name) / "checkpoints")
    # Without the shipped runs: a test that needs them copies them into its run root.
    os.environ["AECORE_GALLERY"] = ""
    os.environ["AECORE_CACHE"] = str(Path(temporary.name) / "cache")
    # The devices' locks: no test waits for a training outside, nor holds one up.
    os.environ["AECORE_LOCKS"] = str(Path(temporary.name) / "locks")
    for variable in ("AECORE_DATA", "AECORE_CHECKPOINTS"):
        Path(os.environ[variable]).mkdir(exist_ok=True)
    # One thread: two test processes share two cores, and sums come out in one order everywhere.
    os.environ["OMP_NUM_THREADS"] = "1"


_MNIST = pytest.StashKey[Path | None]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose data or browser is missing, before its fixtures are made."""
    if item.get_closest_marker("mnist") and item.config.stash[_MNIST] is None:
        pytest.skip("MNIST's four raw files are neither under AECORE_DATA nor in ../shared/data/MNIST/raw.")
    if item.get_closest_marker("browser"):
        if find_chromium() is None:
            pytest.skip("There is no Chromium on the PATH (Debian: apt-get install chromium).")
        if importlib.util.find_spec("playwright") is None:
            pytest.skip("playwright is not installed (pip install -r requirements-dev.txt).")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Turn a skip into a failure where the environment demands that these tests run."""
    report = yield
    required = [name for name in ("mnist", "browser") if item.get_closest_marker(name) and _required(name)]
    if report.skipped and required and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"AECORE_REQUIRE_{required[0].upper()} is set, so this skip is a failure: {reason}"
    return report


def _required(marker: str) -> bool:
    return os.environ.get(f"AECORE_REQUIRE_{marker.upper()}", "") not in ("", "0")


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Seed what is loaded. Torch seeds itself with a constant when a test is the first to import it."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.manual_seed(0)
        torch.set_num_threads(1)
