"""What lets every picture of a page be seen large, by a click or by Enter."""

from __future__ import annotations

from pages.components.loader import component

_enlarge = component("enlarge", "enlarge", "enlarge")


def let_pictures_be_enlarged() -> None:
    """Call it once a page, in any place: it shows nothing itself."""
    _enlarge(key="enlarge", height=1)
