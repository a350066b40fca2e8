"""The notebook runs from its first cell to its last, where it lies, as a reader would run it."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOK = ROOT / "examples" / "explore.ipynb"


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_kept_without_outputs(notebook):
    """What a run puts out changes with every run, and would be all that its history shows."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 10
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_it_runs_and_the_network_is_better_than_as_many_components(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(tmp_path / "runs"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # The kernel's own time is what it needs alone; a loaded machine may take a multiple of it.
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    done = client.execute()
    texts = [output.text for cell in done.cells for output in cell.get("outputs", []) if "text" in output]
    (figures,) = [found for text in texts if (found := re.search(r"network ([\d.]+), PCA ([\d.]+)", text))]
    assert float(figures[1]) < float(figures[2])
    (share,) = [found for text in texts if (found := re.search(r"test images: ([\d.]+)%", text))]
    assert float(share[1]) > 80
    kinds = {
        kind for cell in done.cells for output in cell.get("outputs", []) for kind in output.get("data", {})
    }
    assert {"image/png", "text/html"} <= kinds
    assert not (tmp_path / "runs").exists()  # it keeps to a folder of its own
