"""What every test of this folder can ask for."""

import pytest

from tests.conftest import ROOT


@pytest.fixture
def gallery(monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(ROOT / "checkpoints"))
