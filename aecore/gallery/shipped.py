"""The shipped runs and grids, from their configs: `python -m aecore.gallery` (or `make gallery`) trains them.

They are what the app opens on, offline, the first time. Only what a look needs is shipped: config,
weights, history, result, pictures; the optimizer's state stays behind. The weights of grids are rounded,
which is checked to leave their squared errors as they are (`rounding`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from aecore import store
from aecore.config import Config
from aecore.gallery import experiments
from aecore.gallery.shipping import ship_grid
from aecore.grid import Grid
from aecore.presets import PRESETS

POST = PRESETS["post"]


class ShippedRun(NamedTuple):
    """A run that comes with the app."""

    folder: str
    """Kept as it is: links name it."""
    name: str
    config: Config


class ShippedGrid(NamedTuple):
    """A grid that comes with the app."""

    folder: str
    name: str
    grid: Grid


RUNS = (
    ShippedRun(
        "digits-post-12-s0-f3512007",
        "The post's network on digits",
        POST.with_values({"data.name": "digits", "train.epochs": 60}),
    ),
    ShippedRun("mnist-post-12-s0-0af53747", "The post's network on MNIST", POST),
)
"""The app opens on the newest, so on the last."""

UNITS = ShippedGrid(
    "grid-mnist-post-a1afba6a",
    "How many units? The post's network on MNIST",
    Grid(
        POST.with_values({"train.epochs": 4}),
        {
            "model.latent_size": (2, 4, 8, 12, 32, 64),
            "penalty": ("none", "code_l1", "code_l2"),
            "strength": (1e-3, 1e-2),
        },
    ),
)

GRIDS = (*(ShippedGrid(e.folder, e.name, e.grid) for e in experiments.ALL), UNITS)
"""The Choose page opens on the newest, so on the last."""


def train_runs(root: Path, threads: int | None = None) -> None:
    """Trains each shipped run into `root`, replacing its folder."""
    from aecore.jobs.worker import work

    for shipped in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            draft = store.create_run(shipped.config, shipped.name, Path(folder))
            print(f"{shipped.name}: {shipped.config.train.epochs} epochs", file=sys.stderr)
            work(draft, threads)
            store.copy_for_looking(draft, root / shipped.folder)


def train_grids(root: Path, threads: int | None = None) -> None:
    """Trains each shipped grid into `root`, replacing its folder."""
    from aecore.jobs.grid_worker import work

    for shipped in GRIDS:
        with tempfile.TemporaryDirectory() as folder:
            draft = store.create_grid(shipped.grid, shipped.name, Path(folder))
            print(f"{shipped.name}: {len(shipped.grid.members)} members", file=sys.stderr)
            work(draft, threads)
            ship_grid(draft, root / shipped.folder)
