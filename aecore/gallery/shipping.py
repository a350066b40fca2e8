"""What of a run or grid is shipped: the files a look needs, the weights of grids rounded (see `rounding`)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aecore import store
from aecore.gallery.rounding import round_weights
from aecore.results import GridResult


def ship_grid(draft: Path, target: Path) -> None:
    """Copies what a look at a finished grid needs, its members' weights rounded.

    Raises ValueError where that changes a member's squared error by more than it may.
    """
    store.copy_grid_for_looking(draft, target)
    round_grid(target)


def round_grid(path: Path) -> None:
    """Rounds the weights of those members of a grid that are not yet, and notes their errors in its table."""
    info = store.read_grid(path)
    for k in range(len(info.grid.members)):
        if not store.is_packed(info.member_path(k)):
            round_weights(info.member_path(k))
    rows = tuple(row for k in range(len(info.grid.members)) if (row := info.member_row(k)) is not None)
    seconds = info.result.seconds if info.result is not None else 0.0
    store.write_result(path, GridResult(rows, seconds))


def ship_run(draft: Path, target: Path, rows: bool) -> None:
    """Copies what a look at a finished run needs, its weights rounded; see `ship_grid`.

    `rows` are its looks at the layers and every epoch's pictures.
    """
    store.copy_for_looking(draft, target, rows)
    round_weights(target)


def make_oldest(path: Path, others: Iterable[Path]) -> None:
    """Dates a shipped run or grid before the others, on the newest of which pages open."""
    headers = [store.read_grid(p) if store.is_grid(p) else store.read_info(p) for p in others if p.exists()]
    if headers:
        store.set_created(path, min(header.created for header in headers) - 60)
