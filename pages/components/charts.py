"""The charts over a grid on a page: a click on a mark, a cell or a key press picks a member."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pages.components.loader import component

_curve = component("grid_curve", "charts", "curve")
_heat = component("grid_heat", "charts", "heat")
_front = component("grid_front", "charts", "front")
_bars = component("grid_bars", "charts", "bars")


def curve(
    data: Mapping[str, Any],
    k: int,
    field: str | None,
    *,
    on_pick: Callable[[], None],
    on_field: Callable[[], None],
    key: str,
) -> None:
    """The error curves, `data` as `curve_data` makes it, through member k.

    `field` is the one that is drawn first. The component's state under `key` has `picked`, a member's k, and
    `field`, the one that is chosen.
    """
    _curve(data={**data, "k": k, "field": field}, key=key, on_picked_change=on_pick, on_field_change=on_field)


def heat_map(data: Mapping[str, Any], place: Sequence[int], *, on_pick: Callable[[], None], key: str) -> None:
    """The heat map, `data` as `heat_data` makes it; the state under `key` has `at`, such as `3-0-1`."""
    _heat(data={**data, "at": list(place)}, key=key, on_at_change=on_pick)


def front(data: Mapping[str, Any], k: int, *, on_pick: Callable[[], None], key: str) -> None:
    """The front, `data` as `front_data` makes it, member k ringed; the state under `key` has `picked`."""
    _front(data={**data, "k": k}, key=key, on_picked_change=on_pick)


def bars(data: Mapping[str, Any], *, key: str) -> None:
    """What the axes share of the error's variance, `data` as `bars_data` makes it."""
    _bars(data=dict(data), key=key)
