"""What the sliders are sent, kept until a member's pictures change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore import store
from aecore.results import Row
from aecore.store import GridInfo
from aecore.web.board.payload import payload
from pages.shared import grid_source


def board_data(info: GridInfo, rows: Sequence[Row]) -> dict[str, Any]:
    """All that the component shows of a grid; made again when a member's pictures change."""
    return _board_data(str(info.path), store.pictures_stamp(info), info, rows)


@st.cache_data(max_entries=4, show_spinner=False)
def _board_data(path: str, stamp: int, _info: GridInfo, _rows: Sequence[Row]) -> dict[str, Any]:
    return payload(_info, _rows, grid_source.pictures(_info), grid_source.probe(_info), stamp)
