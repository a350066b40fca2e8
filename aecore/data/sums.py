"""Check sums of the data sets' files, so that a changed byte is found: once for a file as it stands.

Files that lie packed carry sums of their own, which unpacking checks. Unpacked ones are compared with the sum
that is known here, or with the one that they had when they came out of a checked download.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aecore.cache import cache_root
from aecore.files import StoreError, read_object, write_whole

KNOWN: dict[str, dict[str, tuple[int, str]]] = {
    "mnist": {
        "train-images-idx3-ubyte": (47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        "train-labels-idx1-ubyte": (60_008, "a25bea736e30d166cdddb491f175f624"),
        "t10k-images-idx3-ubyte": (7_840_016, "2646ac647ad5339dbf082846283269ea"),
        "t10k-labels-idx1-ubyte": (10_008, "27ae3e4e09519cfbb04c329615203637"),
    }
}
"""Bytes and MD5 of unpacked files by data set. Its reader judges a file of another size."""

_FILE = "sums.json"


def damaged(name: str, folder: Path, files: Iterable[str]) -> list[str]:
    """Those of a data set's files in `folder` that have the right size and not the right content.

    A file that was found good is not read again while its size and its time of change stay as they were.
    """
    kept = _read()
    found, before = [], json.dumps(kept)
    for file in files:
        path = folder / file
        try:
            about = path.stat()
        except OSError:
            continue  # packed, or missing
        entry = kept.get(str(path), {})
        size, md5 = KNOWN.get(name, {}).get(file, (entry.get("size"), entry.get("md5")))
        if md5 is None or size != about.st_size:
            continue
        seen = {"size": about.st_size, "time": about.st_mtime_ns, "md5": md5}
        if entry == seen:
            continue
        if _md5(path) == md5:
            kept[str(path)] = seen
        else:
            found.append(file)
    if json.dumps(kept) != before:
        _write(kept)
    return found


def remember(folder: Path, files: Iterable[str]) -> None:
    """Takes the files in `folder` for good as they are: they come out of a download that was checked."""
    kept = _read()
    for path in (folder / file for file in files):
        about = path.stat()
        kept[str(path)] = {"size": about.st_size, "time": about.st_mtime_ns, "md5": _md5(path)}
    _write(kept)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _read() -> dict[str, Any]:
    try:
        found = read_object(cache_root() / _FILE) or {}
    except (OSError, StoreError):
        return {}
    return {path: entry for path, entry in found.items() if isinstance(entry, dict)}


def _write(kept: dict[str, Any]) -> None:
    try:
        cache_root().mkdir(parents=True, exist_ok=True)
        write_whole(cache_root() / _FILE, json.dumps(kept, indent=1).encode(), durable=False)
    except OSError:
        return  # then they are read again the next time
