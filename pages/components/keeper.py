"""What forms hold, kept by the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.components.loader import component

_keeper = component("keeper", "keeper", "keeper")


def keeper(drafts: Mapping[str, str], told: bool, *, key: str) -> Any:
    """Has the browser keep texts by name, and returns what it kept before; None unless it has told.

    What comes from a browser may be anything. It tells once in a session, as long as `told` is false.
    """
    data = {"drafts": dict(drafts), "told": told}
    return _keeper(data=data, key=key, on_kept_change=lambda: None).kept
