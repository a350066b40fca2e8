"""What of a run or grid is shipped: the files a look needs, grids in half precision."""

from __future__ import annotations

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
