"""What forms hold, kept by the browser."""

from __future__ import annotations

from collections.abc import Mapping

from pages.components.loader import component

_keeper = component("keeper", "keeper", "keeper")


def keeper(drafts: Mapping[str, str], told: bool, *, key: str) -> None:
    """Has the browser keep texts by name; what it kept before is put into the state at `key`, as `kept`.

    What comes from a browser may be anything. It tells once in a session, as long as `told` is false.
    """
    _keeper(data={"drafts": dict(drafts), "told": told}, key=key, on_kept_change=lambda: None)
