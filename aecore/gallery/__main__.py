"""Trains the shipped runs and grids: `python -m aecore.gallery` or `make gallery`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aecore import store
from aecore.gallery import classifiers, sparsity, variational
from aecore.gallery.shipped import train_grids, train_runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="run root; checkpoints/ if left out")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; all cores if left out")
    parser.add_argument("--only", choices=PARTS, default=None, help="this part alone; all if left out")
    arguments = parser.parse_args()
    root = arguments.out or store.checkpoints_root()
    for part in PARTS if arguments.only is None else (arguments.only,):
        PARTS[part](root, arguments.threads)


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
