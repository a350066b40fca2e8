"""Whether a page may start a training: how many there are, how large it is, how full the disk.

The limits are those of `aecore.limits`. Imports torch only where a size is limited, for the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aecore import access, limits, owners, store
from aecore.config import Config
from aecore.grid import Grid
from aecore.store import GridInfo, RunInfo

Active = Callable[[], Sequence[RunInfo | GridInfo]]


def require(job: Config | Grid, threads: int, active: Active, root: Path | None = None) -> None:
    """`RefusedError` in one sentence for a training that a page may not start now; nothing is written.

    `threads` are those it would have, `active` gives the trainings that are at work or wait.
    """
    if not access.serves_pages():
        return
    most = limits.limits()
    store.require_room(root or store.checkpoints_root())
    if most.jobs or most.visitor_jobs:
        _require_place(active(), most)
    if most.hours or most.memory_gb:
        _require_size(job, threads, most)


def _require_place(active: Sequence[RunInfo | GridInfo], most: limits.Limits) -> None:
    limits.require(
        len(active) + 1,
        most.jobs,
        lambda asked, allowed: (
            f"with this {asked} trainings would be at work or in line, of {allowed} allowed"
        ),
        lambda count: f"{count:.0f}",
        "wait for one to end, or stop one of yours",
    )
    if access.mode() != "class" or (asking := access.visitor()) is None:
        return
    owners_of = (owners.read_owner(info.path) for info in active)
    limits.require(
        1 + sum(owner is not None and owner.key == asking.key for owner in owners_of),
        most.visitor_jobs,
        lambda asked, allowed: (
            f"with this {asked} of your trainings would be at work or in line, of {allowed} "
            "allowed to each visitor here"
        ),
        lambda count: f"{count:.0f}",
        "wait for one of them to end, or stop it",
    )


def _require_size(job: Config | Grid, threads: int, most: limits.Limits) -> None:
    seconds, memory = estimate(job, threads)
    what, fewer = (
        ("this grid", "fewer models") if isinstance(job, Grid) else ("this training", "fewer epochs")
    )
    limits.require(
        seconds / 3600,
        most.hours,
        lambda asked, allowed: f"{what} would take an estimated {asked}, of {allowed} allowed",
        lambda hours: f"{hours:,.3g} hours",
        f"take {fewer} or a smaller network",
    )
    limits.require(
        memory / 1e9,
        most.memory_gb,
        lambda asked, allowed: f"{what} would need an estimated {asked} of memory, of {allowed} allowed",
        lambda gb: f"{gb:,.3g} GB",
        "take a smaller network or smaller batches",
    )


def estimate(job: Config | Grid, threads: int) -> tuple[float, float]:
    """Seconds and bytes of memory that a training is estimated to take.

    ValueError where its device is not on this machine, there is no such data set, or its images do not suit.
    """
    from aecore import data
    from aecore.training.estimate import epoch_seconds
    from aecore.training.grid_estimate import estimate_grid
    from aecore.training.stacking import member_bytes

    config = job.base if isinstance(job, Grid) else job
    found = data.find(config.data.name)
    if isinstance(job, Grid):
        of_grid = estimate_grid(job, found.shape, found.train_size, threads)
        return of_grid.seconds, of_grid.bytes
    seconds = epoch_seconds(config, found.shape, found.train_size, threads) * config.train.epochs
    return seconds, member_bytes(config, found.shape)
