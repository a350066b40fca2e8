"""Trains the shipped runs and grids: `python -m aecore.gallery` or `make gallery`.

With `--count`, counts the shipped grids' active units on validation images instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aecore import store
from aecore.gallery import sparsity
from aecore.gallery.shipped import GRIDS, train_grids, train_runs
from aecore.gallery.shipping import measure_validation_codes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=None, help="run root; checkpoints/ if left out")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; all cores if left out")
    parser.add_argument(
        "--count", action="store_true", help="train nothing; count units on validation images"
    )
    arguments = parser.parse_args()
    root = arguments.out or store.checkpoints_root()
    if arguments.count:
        for folder in (*(shipped.folder for shipped in GRIDS), sparsity.FOLDER):
            print(f"{folder}: active units on validation images", file=sys.stderr)
            measure_validation_codes(root / folder)
        return
    train_runs(root, arguments.threads)
    train_grids(root, arguments.threads)
    print(f"{sparsity.NAME}: {len(sparsity.networks())} networks", file=sys.stderr)
    sparsity.train(root, arguments.threads)


if __name__ == "__main__":
    main()
