"""What is known of a grid's members, read once and kept until the grid's files change. Shared, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from aecore.analysis import selection
from aecore.files import StoreError
from aecore.results import EpochRecord
from aecore.store import GridInfo
from pages.shared import loading

if TYPE_CHECKING:
    from aecore.store import Pictures, Probe


def grids() -> list[GridInfo]:
    """Every grid that can be read, newest first."""
    return [info for info in store.list_grids() if isinstance(info, GridInfo)]


def others(info: GridInfo) -> list[selection.Candidate]:
    """The members of all other finished grids on the same data set."""
    return selection.elsewhere(info, grids())


def histories(info: GridInfo) -> list[list[EpochRecord]]:
    """The epoch records of each member; none where they can't be read."""
    found = []
    for k in range(len(info.grid.members)):
        try:
            found.append(store.read_history(info.member_path(k)))
        except StoreError:
            found.append([])
    return found


def pictures(info: GridInfo) -> Pictures:
    """Every member's pictures of the probe images."""
    return _pictures(str(info.path), store.pictures_stamp(info))


@st.cache_resource(max_entries=4, show_spinner="Reading the members' pictures")
def _pictures(path: str, stamp: int) -> Pictures:
    from pathlib import Path

    from aecore.store import read_all_pictures

    return read_all_pictures(store.read_grid(Path(path)))


def probe(info: GridInfo) -> Probe | None:
    """The probe images with PCA's: the grid's own, or made from its data set; None where neither is here."""
    return _probe(str(info.path), store.has_probe(info.path))


@st.cache_resource(max_entries=8, show_spinner="Reading the images")
def _probe(path: str, kept: bool) -> Probe | None:
    from pathlib import Path

    from aecore.analysis.probe import find_probe

    return find_probe(store.read_grid(Path(path)), loading.load_data)
