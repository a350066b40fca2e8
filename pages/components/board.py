"""The sliders over a grid's members, with their pictures and figures: they move without asking the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pages.components.loader import component

_board = component("grid_board", "board", "board")


def board(
    data: Mapping[str, Any],
    place: Sequence[int],
    *,
    move: int,
    probe: int,
    on_move: Callable[[], None],
    on_probe: Callable[[], None],
    key: str,
) -> None:
    """Draws it. `data` holds the members: axes, index, pictures, codes and figures, as `board.js` reads them.

    `place` is the sliders' position, a number an axis, which they take whenever `move` is another number than
    before; `probe` is the image whose code is drawn. The component's state under `key` has `at`, such as
    `3-0-1`, and `probe`.
    """
    _board(
        data={**data, "at": list(place), "move": move, "probe": probe},
        key=key,
        on_at_change=on_move,
        on_probe_change=on_probe,
    )
