"""The shipped runs and grids, from their configs: `python -m aecore.gallery` (or `make gallery`) trains them.

They are what the app opens on, offline, the first time. Only what a look needs is shipped: config,
weights, history, result, pictures; the optimizer's state stays behind. Grids go in half precision, which
is checked to leave their squared errors as they are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from aecore import store
from aecore.config import Config
from aecore.gallery.shipping import ship, ship_grid
from aecore.grid import Grid
from aecore.presets import PRESETS

POST = PRESETS["post"]

RUNS: dict[str, Config] = {
    "The post's network on digits": POST.with_values({"data.name": "digits", "train.epochs": 60}),
    "The post's network on MNIST": POST,
}
"""Name on screen and config of each shipped run; the app opens on the newest, so on the last."""

GRIDS: dict[str, Grid] = {
    "How many units? The post's network on MNIST": Grid(
        POST.with_values({"train.epochs": 4}),
        {
            "model.latent_size": (2, 4, 8, 12, 32, 64),
            "penalty": ("none", "code_l1", "code_l2"),
            "strength": (1e-3, 1e-2),
        },
    ),
}
"""Name on screen and definition of each shipped grid."""


def train_runs(root: Path, threads: int | None = None) -> None:
    """Trains each shipped run into `root`, replacing the folder of that config."""
    from aecore.jobs.worker import work

    for name, config in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            draft = store.create_run(config, name, Path(folder))
            print(f"{name}: {config.train.epochs} epochs", file=sys.stderr)
            work(draft, threads)
            ship(draft, root / draft.name)


def train_grids(root: Path, threads: int | None = None) -> None:
    """Trains each shipped grid into `root`, replacing the folder of that grid."""
    from aecore.jobs.grid_worker import work

    for name, grid in GRIDS.items():
        with tempfile.TemporaryDirectory() as folder:
            draft = store.create_grid(grid, name, Path(folder))
            print(f"{name}: {len(grid.members)} members", file=sys.stderr)
            work(draft, threads)
            ship_grid(draft, root / draft.name)
