"""What of a run or grid is shipped: the files a look needs, grids in half precision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aecore import store

ALLOWED_CHANGE = 1e-3
"""Relative change of a squared error on the test images that half precision may make."""


def ship_grid(draft: Path, target: Path) -> None:
    """Copies what a look at a finished grid needs, its members' weights in half precision.

    Raises ValueError where that changes a member's squared error by more than `ALLOWED_CHANGE`.
    """
    store.copy_grid_for_looking(draft, target)
    for k in range(len(store.read_grid(draft).grid.members)):
        halve(target / str(k))


def ship_run(draft: Path, target: Path, rows: bool) -> None:
    """Copies what a look at a finished run needs, its weights in half precision; see `ship_grid`.

    `rows` are its looks at the layers and every epoch's pictures.
    """
    store.copy_for_looking(draft, target, rows)
    halve(target)


def make_oldest(path: Path, others: Iterable[Path]) -> None:
    """Dates a shipped run or grid before the others, on the newest of which pages open."""
    headers = [store.read_grid(p) if store.is_grid(p) else store.read_info(p) for p in others if p.exists()]
    if headers:
        store.set_created(path, min(header.created for header in headers) - 60)


def halve(path: Path) -> float:
    """Stores a run's weights in half precision; returns the relative change of its squared error."""
    from aecore import data
    from aecore.analysis import metrics

    run = store.load_run(path)
    images = data.load(run.config.data.name)
    before = metrics.errors_on_test_images(run, images).mean().item()
    store.save_weights(path, run.model.state_dict(), run.shape, run.scaling, half=True)
    after = metrics.errors_on_test_images(store.load_run(path), images).mean().item()
    change = abs(after - before) / before
    if change > ALLOWED_CHANGE:
        raise ValueError(f"half precision changes the squared error of {run.name} by {change:.2%}")
    return change
