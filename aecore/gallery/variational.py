"""The variational networks: one trained for long, and small ones along beta, which a slider moves through."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from aecore import store
from aecore.gallery.shipped import GRIDS, RUNS, ShippedGrid, ShippedRun
from aecore.gallery.shipping import make_oldest, ship_grid, ship_run
from aecore.grid import Grid
from aecore.presets import PRESETS

VAE = PRESETS["vae"]

RUN = ShippedRun(
    "mnist-vae-12-s0",
    "A variational auto-encoder on MNIST",
    # Every epoch's pictures would be as large as the network.
    VAE.with_values({"train.epochs": 40, "train.record": False}),
)

BETAS = ShippedGrid(
    "grid-mnist-vae-betas",
    "What does beta do? Variational networks on MNIST",
    Grid(
        VAE.with_values({"model.hidden": (100,), "train.epochs": 5, "train.record": False}),
        {"loss.beta": (0.0, 0.1, 0.3, 1.0, 2.0, 4.0, 10.0)},
    ),
)
"""The smallest network and the fewest epochs that show the effect: from codes that no prior holds to units
that collapse."""


def train(root: Path, threads: int | None = None) -> None:
    """Trains both into `root`, replacing their folders. No page opens on them unasked."""
    train_run(root, threads)
    train_betas(root, threads)


def train_run(root: Path, threads: int | None = None) -> None:
    """Trains the run into `root`."""
    from aecore.jobs.worker import work

    print(f"{RUN.name}: {RUN.config.train.epochs} epochs", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        draft = store.create_run(RUN.config, RUN.name, Path(folder))
        work(draft, threads)
        ship_run(draft, root / RUN.folder, rows=False)
    make_oldest(root / RUN.folder, [root / other.folder for other in RUNS])


def train_betas(root: Path, threads: int | None = None) -> None:
    """Trains the grid into `root`."""
    from aecore.jobs.grid_worker import work

    print(f"{BETAS.name}: {len(BETAS.grid.members)} members", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        draft = store.create_grid(BETAS.grid, BETAS.name, Path(folder))
        work(draft, threads)
        ship_grid(draft, root / BETAS.folder)
    make_oldest(root / BETAS.folder, [root / other.folder for other in GRIDS])
