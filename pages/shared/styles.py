"""The style sheets of the pages: what is ours of colours, rings, room for fingers and layout."""

from __future__ import annotations

from pathlib import Path

FILES = tuple(Path(__file__).parent / name for name in ("contrast.css", "access.css", "layout.css"))
