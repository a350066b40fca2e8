"""Whether a file is still the one that was read: told by what the system says of it, without opening it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

Stamp = tuple[int, int, int, int, int, int]
"""Kind and rights, device, number on it, bytes, and the times of the last change of content and of itself."""

SETTLED = 2.0
"""Seconds after a change from which a further one is sure to have another time: no file system's clock is
coarser. A file younger than that may be written again without its stamp telling."""


def stamp(path: str) -> Stamp | None:
    """The stamp of what lies at a path, of a link itself; None where there is nothing.

    OSError where the system does not say.
    """
    try:
        about = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (
        about.st_mode,
        about.st_dev,
        about.st_ino,
        about.st_size,
        about.st_mtime_ns,
        about.st_ctime_ns,
    )


def are_settled(stamps: Iterable[Stamp | None]) -> bool:
    """Whether a stamp of now tells every later change: none is of the last two seconds, or of the future."""
    latest = (time.time() - SETTLED) * 1e9
    return all(found is None or max(found[4:]) < latest for found in stamps)
