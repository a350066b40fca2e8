"""Trains the shipped runs and grids: `python -m aecore.gallery` or `make gallery`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aecore import store
from aecore.gallery import classifiers, sparsity, variational
from aecore.gallery.rounding import round_weights
from aecore.gallery.shipped import GRIDS, train_grids, train_runs
from aecore.gallery.shipping import round_grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="run root; checkpoints/ if left out")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; all cores if left out")
    parser.add_argument(
        "--round",
        action="store_true",
        help="train nothing: round the weights that lie there, which takes minutes",
    )
    parser.add_argument("--only", choices=PARTS, default=None, help="this part alone; all if left out")
    arguments = parser.parse_args()
    root = arguments.out or store.checkpoints_root()
    if arguments.round:
        if arguments.only is not None:
            parser.error("--round takes all parts")
        _round(root, arguments.threads)
        return
    for part in PARTS if arguments.only is None else (arguments.only,):
        PARTS[part](root, arguments.threads)


def _round(root: Path, threads: int | None) -> None:
    """Rounds the weights of every shipped grid, and of the variational run, where they are not yet."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    for grid in (*GRIDS, variational.BETAS):
        print(grid.name, file=sys.stderr)
        round_grid(root / grid.folder)
    print(sparsity.NAME, file=sys.stderr)
    sparsity.round_shipped(root)
    run = root / variational.RUN.folder
    if not store.is_packed(run):
        round_weights(run)


def _train_sparsity(root: Path, threads: int | None) -> None:
    print(f"{sparsity.NAME}: {len(sparsity.networks())} networks", file=sys.stderr)
    sparsity.train(root, threads)


def _train_classifiers(root: Path, threads: int | None) -> None:
    # They are no runs: their place is in the package, whatever the run root is.
    classifiers.ship(threads)


PARTS = {
    "runs": train_runs,
    "grids": train_grids,
    "sparsity": _train_sparsity,
    "variational": variational.train,
    "classifier": _train_classifiers,
}
"""What can be trained by itself: runs, grids, the Sparsity page's networks, variational ones, classifiers."""


if __name__ == "__main__":
    main()
