"""What the server loads for a page: libraries that take seconds and a hundred megabytes only where used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.conftest import ROOT

SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("streamlit_app.py", default_timeout=120)
for page in ("home", "train/train", "train/runs"):
    if page != "home":
        app.switch_page(f"pages/{page}/page.py")
    app.run()
    assert not app.exception, app.exception
    print(page, *{name for name in sys.modules if name.count(".") < 2})
"""
NEVER = {"torchvision", "sympy", "torch._dynamo", "openTSNE", "onnx", "matplotlib", "IPython"}
"""What none of these pages needs; the second and third come with what PyTorch does for its compiler."""


def test_first_pages_load_no_library_that_they_do_not_use(tmp_path):
    run = "digits-post-12-s0-f3512007"
    shutil.copytree(ROOT / "checkpoints" / run, tmp_path / "runs" / run)
    folders = {
        "AECORE_CHECKPOINTS": tmp_path / "runs",
        "AECORE_CACHE": tmp_path / "cache",
        "AECORE_GALLERY": "",
    }
    environment = os.environ | {name: str(value) for name, value in folders.items()}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment, timeout=240
    )
    loaded = {page: set(names) for page, *names in map(str.split, done.stdout.splitlines())}
    assert list(loaded) == ["home", "train/train", "train/runs"]
    for page, names in loaded.items():
        assert "torch" in names, page
        assert not names & NEVER, page
    # Home's baseline is fitted there and then, and needs none of these.
    assert not loaded["home"] & {"sklearn", "skimage"}
