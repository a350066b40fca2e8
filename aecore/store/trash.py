"""The trash of a run root: what was deleted lies there until it is put back or the trash is emptied.

    <root>/.trash/<time>-<folder>/    a run's or grid's folder as it was; the time in ms since 1970

A folder comes and goes by being renamed, in one step, so that a kill leaves it here or there and never
halves. The trash is hidden: no list of runs or grids looks into it. No link is followed on any way.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aecore.drafts import clear_drafts, draft_of
from aecore.files import StoreError
from aecore.owners import refusal, require_owner
from aecore.store import folders
from aecore.store.names import CONFIG, GRID, TRASH

_ENTRY = re.compile(r"(?P<time>[0-9]{1,15})-(?P<key>.+)", re.DOTALL)


@dataclass(frozen=True)
class Trashed:
    """A run or grid in the trash."""

    path: Path
    """Where it lies now."""
    key: str
    """The name that its folder had, with ? for bytes that are no text."""
    name: str
    """What people saw; the folder's name where that can't be read."""
    deleted: float
    """When, in seconds since 1970."""
    grid: bool
    bytes: int
    """What its files take, without what links lead to."""


def put(path: Path) -> Trashed:
    """Moves a folder into the trash beside it.

    StoreError where the trash can't be used, OSError where the folder can't be moved.
    """
    trash = _folder(path.parent)
    with suppress(FileExistsError):
        trash.mkdir()
    _require_folder(trash)
    moment = time.time_ns() // 1_000_000
    while os.path.lexists(target := trash / f"{moment}-{path.name}"):
        moment += 1
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise StoreError(
            f"the folder's name is too long for the trash: rename {path.name[:40]}..., then delete it"
        ) from error
    return _read(target, moment, path.name)


def listed(root: Path | None = None) -> list[Trashed]:
    """What lies in the trash of a run root, what was deleted last first."""
    trash = _folder(root or folders.checkpoints_root())
    if trash.is_symlink():
        return []
    clear_drafts(trash)
    found = []
    with suppress(OSError), os.scandir(trash) as entries:
        for entry in entries:
            match = _ENTRY.fullmatch(entry.name)
            if match is not None and entry.is_dir(follow_symlinks=False):
                found.append(_read(Path(entry.path), int(match["time"]), match["key"]))
    return sorted(found, key=lambda trashed: (trashed.deleted, trashed.path.name), reverse=True)


def find(name: str, root: Path | None = None) -> Trashed:
    """What was deleted last of all whose folder, or they themselves, had that name; StoreError for none."""
    for trashed in listed(root):
        if name in (trashed.path.name, trashed.key, trashed.name):
            return trashed
    raise StoreError(f"the trash holds nothing named {name!r}")


def restore(trashed: Trashed) -> Path:
    """Puts it back under the name that its folder had, or that with -2, -3 ...; returns the folder.

    StoreError where it is not in the trash any more; RefusedError for others
    than its owner.
    """
    trash = trashed.path.parent
    _require_folder(trash)
    _require_there(trashed)
    require_owner(trashed.path)
    match = _ENTRY.fullmatch(trashed.path.name)
    if match is None or trash.name != TRASH:
        raise StoreError(f"{trashed.path.name} does not lie in the trash")
    return folders.claim_folder(trashed.path, trash.parent / match["key"])


def remove(trashed: Trashed) -> None:
    """Deletes it for good; StoreError where it is not in the trash any more, RefusedError for others."""
    _require_folder(trashed.path.parent)
    _require_there(trashed)
    require_owner(trashed.path)
    # Out of sight first: what a kill leaves of it is cleared by the next look at the trash.
    doomed = draft_of(trashed.path)
    trashed.path.rename(doomed)
    shutil.rmtree(doomed)


def empty(root: Path | None = None) -> list[Trashed]:
    """Deletes for good what lies in the trash and is of whoever asks; returns what it was."""
    gone = [trashed for trashed in listed(root) if not refusal(trashed.path)]
    for trashed in gone:
        remove(trashed)
    return gone


def _folder(root: Path) -> Path:
    return root / TRASH


def _require_folder(trash: Path) -> None:
    if trash.is_symlink() or not trash.is_dir():
        raise StoreError(
            f"{trash} is {'a link' if trash.is_symlink() else 'no folder'}, so that it can't be the trash: "
            "remove it by hand"
        )


def _require_there(trashed: Trashed) -> None:
    if trashed.path.is_symlink() or not trashed.path.is_dir():
        raise StoreError(f"{trashed.name} is not in the trash any more")


def _read(path: Path, moment: int, key: str) -> Trashed:
    grid = folders.is_grid(path)
    shown = os.fsencode(key).decode(errors="replace")
    return Trashed(path, shown, _name(path, grid) or shown, moment / 1000, grid, _size(os.fspath(path)))


def _name(path: Path, grid: bool) -> str:
    # Whatever stands in a stranger's file, the folder can be put back or removed: reading tells all by these.
    try:
        header, _ = folders.read_header(path, GRID if grid else CONFIG)
        return header.name
    except (StoreError, OSError):
        return ""


# The largest grid has some 100,000 files, and what lies here is not written to any more.
@lru_cache(maxsize=1024)
def _size(path: str) -> int:
    """Bytes of the files below a folder; what can't be read counts nothing, and no link is followed."""
    size, todo = 0, [path]
    while todo:
        with suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_size
    return size
