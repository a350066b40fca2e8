"""What is still being written has a name that tells who writes it, so that what a kill leaves is cleared.

A draft is a hidden file or folder beside what it is to become. Its name holds the machine, the process and
when that started, since folders may be shared by machines and pids are given again.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

from aecore import access
from aecore.processes import lives, process_start
from aecore.stamps import Stamp, are_settled, stamp


def draft_of(path: Path) -> Path:
    """A name of its own, in the same folder, for what is to become `path`."""
    return path.with_name(f".{path.name}.{_owner(os.getpid())}-{next(_NUMBERS)}{_ENDING}")


def clear_drafts(folder: Path) -> None:
    """Removes the drafts in a folder whose process on this machine is gone; those of others stay.

    Nothing happens where the folder is a link, is not there, or can't be written, or nothing may be written.
    """
    if access.mode() == "read-only":
        return
    with suppress(OSError):
        path = os.fspath(folder)
        before = stamp(path)
        # A draft that comes or goes changes the time of its folder.
        if before is None or stat.S_ISLNK(before[0]) or _WITHOUT_DRAFTS.get(path) == before:
            return
        lasting = are_settled([before])
        with os.scandir(path) as entries:
            found = [entry for entry in entries if entry.name.endswith(_ENDING)]
        if not found and lasting:
            if len(_WITHOUT_DRAFTS) >= _MOST:
                _WITHOUT_DRAFTS.clear()
            _WITHOUT_DRAFTS[path] = before
        for entry in found:
            if _is_abandoned(entry.name):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)


_WITHOUT_DRAFTS: dict[str, Stamp] = {}
"""Folders in which there was none, as they were then."""
_MOST = 50_000
_ENDING = ".draft"
_NUMBERS = count()
_NAME = re.compile(r"\..*\.(?P<machine>\w*)-(?P<pid>\d{1,10})-(?P<started>\d{1,15})-\d+\.draft", re.DOTALL)


def _is_abandoned(name: str) -> bool:
    found = _NAME.fullmatch(name)
    if found is None or found["machine"] != _machine():
        return False
    return not lives(int(found["pid"]), int(found["started"]) / 100)


@cache
def _machine() -> str:
    return re.sub(r"\W", "_", platform.node())[:40]


@cache
def _owner(pid: int) -> str:
    return f"{_machine()}-{pid}-{process_start(pid) * 100:.0f}"
