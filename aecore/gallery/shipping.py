"""What of a run or grid is shipped: the files a look needs, grids in half precision."""

from __future__ import annotations

import shutil
from pathlib import Path

from aecore import store
from aecore.store import CONFIG, GRID, HISTORY, PROBE, RESULT, WEIGHTS

ALLOWED_CHANGE = 1e-3
"""Relative change of a squared error on the test images that half precision may make."""


def ship(draft: Path, target: Path) -> None:
    """Copies the files a look needs, and nothing else."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in (CONFIG, WEIGHTS, HISTORY, RESULT):
        shutil.copy2(draft / file, target / file)


def ship_grid(draft: Path, target: Path) -> None:
    """The same for a finished grid, its members' weights in half precision.

    Raises ValueError where that changes a member's squared error by more than `ALLOWED_CHANGE`.
    """
    info = store.read_grid(draft)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in (GRID, RESULT, PROBE):
        shutil.copy2(draft / file, target / file)
    for k in range(len(info.grid.members)):
        ship(draft / str(k), target / str(k))
        shutil.copy2(draft / str(k) / store.PICTURES, target / str(k) / store.PICTURES)
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
