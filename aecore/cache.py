"""Where data sets lie, and results that can be computed again."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """This user's cache folder for us, where the platform keeps such. Need not exist."""
    home = Path.home()
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = home / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return cache / "aecore"


def data_root() -> Path:
    """Folder that holds the data sets: `AECORE_DATA`, or this user's cache folder. Need not exist."""
    named = os.environ.get("AECORE_DATA")
    return Path(named).expanduser() if named else user_cache()


DATA_FOLDERS = {
    "mnist": "MNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "kmnist": "KMNIST/raw",
    "emnist_letters": "EMNIST/raw",
    "emnist_balanced": "EMNIST/raw",
    "usps": "USPS",
    "svhn": "SVHN",
    "cifar10": "cifar-10-batches-bin",
}
"""Where the files of data sets lie below `data_root()`; those not named here are always there."""


def has_images(name: str) -> bool:
    """Whether files of a data set seem to be on this machine, by its name; imports no torch, unlike
    `aecore.data`, which knows."""
    if name not in DATA_FOLDERS:
        return True
    folder = data_root() / DATA_FOLDERS[name]
    return folder.is_dir() and next(folder.iterdir(), None) is not None


def cache_root() -> Path:
    """Folder for results that can be computed again: `AECORE_CACHE`, or one in this user's cache folder.

    Never inside `AECORE_DATA`, which may be read-only. Need not exist.
    """
    named = os.environ.get("AECORE_CACHE")
    return Path(named).expanduser() if named else user_cache() / "results"
