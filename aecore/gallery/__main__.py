"""Trains the shipped runs and grids: `python -m aecore.gallery` or `make gallery`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aecore import store
from aecore.gallery import sparsity
from aecore.gallery.shipped import train_grids, train_runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="run root; checkpoints/ if left out")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; all cores if left out")
    arguments = parser.parse_args()
    root = arguments.out or store.checkpoints_root()
    train_runs(root, arguments.threads)
    train_grids(root, arguments.threads)
    print(f"{sparsity.NAME}: {len(sparsity.networks())} networks", file=sys.stderr)
    sparsity.train(root, arguments.threads)


if __name__ == "__main__":
    main()
