"""What was read of folders, used again while the files that it was read from stay as they are.

A page lists every run several times for each click; a folder that has not changed costs a look at the times
of its files. Nothing that was read from a file that has changed since, was removed, or has come is given.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from aecore.stamps import Stamp, are_settled, stamp

Info = TypeVar("Info")

MOST = 20_000
"""Sum of the weights that are kept; a run's weight is 1, some five thousand bytes."""


class Known(Generic[Info]):
    """`read` of a folder, which depends on the folder's own `files` alone. Threads may share it."""

    def __init__(
        self, read: Callable[[Path], Info], files: Sequence[str], weight: Callable[[Info], int] = lambda _: 1
    ) -> None:
        self._read, self._files, self._weight = read, tuple(files), weight
        self._kept: OrderedDict[str, tuple[tuple[object, ...], Info]] = OrderedDict()
        self._total, self._lock = 0, Lock()

    def read(self, path: Path) -> Info:
        """What `read` gives now; raises what it raises, which is not kept."""
        key = os.fspath(path)
        folder, files = stamp(key), [stamp(f"{key}{os.sep}{name}") for name in self._files]
        # Of the folder what it is: its times change with files that nothing here depends on.
        seen = (folder and folder[:3], *files)
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found[0] == seen:
                self._kept.move_to_end(key)
                return found[1]
        # Before it is read: what is changed meanwhile is then younger than what was seen.
        lasting = folder is not None and not any(map(_is_link, (folder, *files))) and are_settled(files)
        info = self._read(path)
        with self._lock:
            if (old := self._kept.pop(key, None)) is not None:
                self._total -= self._weight(old[1])
            if lasting:
                self._kept[key] = seen, info
                self._total += self._weight(info)
            while self._total > MOST and len(self._kept) > 1:
                self._total -= self._weight(self._kept.popitem(last=False)[1][1])
        return info


def _is_link(found: Stamp | None) -> bool:
    """Whether what is read may change without the stamp."""
    return found is not None and stat.S_ISLNK(found[0])
