"""The style sheets of the pages: what is ours of colours, rings, room for fingers, layout and the places of
what comes late."""

from __future__ import annotations

from pathlib import Path

FILES = tuple(
    Path(__file__).parent / name for name in ("contrast.css", "access.css", "layout.css", "places.css")
)
