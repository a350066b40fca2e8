"""Jobs that begin no process: everything up to it happens."""

import subprocess
from types import SimpleNamespace

import pytest

from aecore.jobs import control, image_job


def begin_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts a training or the making of a set starts nothing; other modules begin what they like."""
    stand_in = SimpleNamespace(Popen=lambda *arguments, **options: None, DEVNULL=subprocess.DEVNULL)
    for module in (control, image_job):
        monkeypatch.setattr(module, "subprocess", stand_in)
