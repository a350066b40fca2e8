"""What of a run or grid is shipped: the files a look needs, grids in half precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aecore import store
from aecore.results import GridResult, Result

ALLOWED_CHANGE = 1e-3
"""Relative change of a squared error on the test images that half precision may make."""


def ship_grid(draft: Path, target: Path) -> None:
    """Copies what a look at a finished grid needs, its members' weights in half precision.

    Raises ValueError where that changes a member's squared error by more than `ALLOWED_CHANGE`.
    """
    store.copy_grid_for_looking(draft, target)
    for k in range(len(store.read_grid(draft).grid.members)):
        halve(target / str(k))


def measure_validation_codes(path: Path) -> None:
    """Counts a shipped grid's validation codes with its shipped weights, in its members' results and table.

    For grids that were trained before results held these figures; the other figures stay as they are.
    """
    info = store.read_grid(path)
    rows = []
    for row in info.members():
        if row.result is not None:
            result = _with_validation_code(info.member_path(row.k), row.result)
            row = replace(row, result=result)
            store.write_result(info.member_path(row.k), result)
        rows.append(row)
    if info.result is not None:
        store.write_result(path, GridResult(tuple(rows), info.result.seconds))


def _with_validation_code(path: Path, result: Result) -> Result:
    from aecore import data
    from aecore.analysis.sparsity import code_sparsity

    run = store.load_run(path)
    images, split = data.load(run.config.data.name), run.config.data
    validation = images.train_images[images.split(split.validation_fraction, split.split_seed)[1]]
    code = code_sparsity(run.encode(validation)) if len(validation) > 1 else None
    return replace(result, validation_code=code)


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
