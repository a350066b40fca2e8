"""What is known of a grid's members, read once and kept until the grid's files change. Shared, read-only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import store
from aecore.files import StoreError
from aecore.store import GridInfo
from pages.shared import loading

if TYPE_CHECKING:
    from aecore.store import Pictures, Probe

Row = dict[str, Any]


def grids() -> list[GridInfo]:
    """Every grid that can be read, newest first."""
    return [info for info in store.list_grids() if isinstance(info, GridInfo)]


def rows(info: GridInfo) -> list[Row]:
    """A row for each member: its line of the table, or while it trains its last validation figures."""
    known = {row["k"]: row for row in info.members()}
    return [known.get(k) or _unfinished(info, k) for k in range(len(info.grid.members))]


def _unfinished(info: GridInfo, k: int) -> Row:
    try:
        history = store.read_history(info.path / str(k))
    except StoreError:
        history = []
    last = history[-1] if history else {}
    return {"k": k, "validation": last.get("validation") or {}, "epochs": len(history)}


def histories(info: GridInfo) -> list[list[dict[str, Any]]]:
    """The epoch records of each member; none where they can't be read."""
    found = []
    for k in range(len(info.grid.members)):
        try:
            found.append(store.read_history(info.path / str(k)))
        except StoreError:
            found.append([])
    return found


def stamp(info: GridInfo) -> int:
    """Changes whenever a member's pictures do. A finished grid's never do."""
    if info.result is not None:
        return (info.path / store.RESULT).stat().st_mtime_ns
    files = (info.path / str(k) / store.PICTURES for k in range(len(info.grid.members)))
    return sum(file.stat().st_mtime_ns for file in files if file.exists())


def pictures(info: GridInfo) -> Pictures:
    """Every member's pictures of the probe images."""
    return _pictures(str(info.path), stamp(info))


@st.cache_resource(max_entries=4, show_spinner="Reading the members' pictures")
def _pictures(path: str, stamp: int) -> Pictures:
    from pathlib import Path

    from aecore.store import read_all_pictures

    return read_all_pictures(store.read_grid(Path(path)))


def probe(info: GridInfo) -> Probe | None:
    """The probe images with PCA's: the grid's own, or made from its data set; None where neither is here."""
    return _probe(str(info.path), (info.path / "probe.safetensors").exists())


@st.cache_resource(max_entries=8, show_spinner="Reading the images")
def _probe(path: str, kept: bool) -> Probe | None:
    from pathlib import Path

    from aecore.analysis.probe import make_probe
    from aecore.store import read_probe

    info = store.read_grid(Path(path))
    try:
        if (found := read_probe(info.path)) is not None:
            return found
        return make_probe(info.grid, loading.load_data(info.config.data.name))
    except ValueError:
        return None


def finite(value: Any) -> float | None:
    """The number, or None for what is none."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
