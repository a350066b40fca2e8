"""The trash: what was deleted lies there until it is put back or the trash is emptied.

    <root>/.trash/<time>-<folder>/    a folder as it was; the time in ms since 1970

A root is where runs and grids are, or the sets of one's own images; each has a trash of its own. A folder
comes and goes by being renamed, in one step, so that a kill leaves it here or there and never halves. The
trash is hidden: no list of what is in a root looks into it. No link is followed on any way.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from aecore.access import writes
from aecore.drafts import clear_drafts, draft_of
from aecore.files import StoreError, claim_folder, one_line
from aecore.owners import changes, refusal, require_owner

FOLDER = ".trash"

Kind = Literal["run", "grid", "set"]
"""Of one's own images, a set."""
Describe = Callable[[Path], tuple[Kind, str]]
"""Says of a folder, whatever is in it, what it is and what people saw as its name; "" where that can't be
read."""

_ENTRY = re.compile(r"(?P<time>[0-9]{1,15})-(?P<key>.+)", re.DOTALL)


@dataclass(frozen=True)
class Trashed:
    """A run, grid or set in the trash."""

    path: Path
    """Where it lies now."""
    key: str
    """The name that its folder had, with ? for bytes that are no text."""
    name: str
    """What people saw; the folder's name where that can't be read."""
    deleted: float
    """When, in seconds since 1970."""
    kind: Kind
    bytes: int
    """What its files take, without what links lead to."""


@changes("path")
def put(path: Path, describe: Describe) -> Trashed:
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
    return _read(target, moment, path.name, describe)


def listed(root: Path, describe: Describe) -> list[Trashed]:
    """What lies in the trash of a root, what was deleted last first."""
    trash = _folder(root)
    if trash.is_symlink():
        return []
    clear_drafts(trash)
    found = []
    with suppress(OSError), os.scandir(trash) as entries:
        for entry in entries:
            match = _ENTRY.fullmatch(entry.name)
            if match is not None and entry.is_dir(follow_symlinks=False):
                found.append(_read(Path(entry.path), int(match["time"]), match["key"], describe))
    return last_first(found)


def last_first(found: Iterable[Trashed]) -> list[Trashed]:
    """In the order in which they are listed, also those of several roots."""
    return sorted(found, key=lambda trashed: (trashed.deleted, trashed.path.name), reverse=True)


def find(name: str, found: Iterable[Trashed]) -> Trashed:
    """What was deleted last of all whose folder, or they themselves, had that name; StoreError for none."""
    for trashed in last_first(found):
        if name in (trashed.path.name, trashed.key, trashed.name):
            return trashed
    raise StoreError(f"the trash holds nothing named {name!r}")


@writes
def restore(trashed: Trashed) -> Path:
    """Puts it back under the name that its folder had, or that with -2, -3 ...; returns the folder.

    A set is named by what is in it, and comes back under that name alone. StoreError where that is taken, or
    it is not in the trash any more; RefusedError for others than its owner.
    """
    trash = trashed.path.parent
    _require_folder(trash)
    _require_there(trashed)
    require_owner(trashed.path)
    match = _ENTRY.fullmatch(trashed.path.name)
    if match is None or trash.name != FOLDER:
        raise StoreError(f"{trashed.path.name} does not lie in the trash")
    wanted = trash.parent / match["key"]
    if trashed.kind != "set":
        return claim_folder(trashed.path, wanted)
    try:
        trashed.path.rename(wanted)
    except OSError as error:
        if not os.path.lexists(wanted):
            raise
        raise StoreError(
            f"{trashed.key} was made again of the same images: delete the one in the trash for good"
        ) from error
    return wanted


@writes
def remove(trashed: Trashed) -> None:
    """Deletes it for good; StoreError where it is not in the trash any more, RefusedError for others."""
    _require_folder(trashed.path.parent)
    _require_there(trashed)
    require_owner(trashed.path)
    # Out of sight first: what a kill leaves of it is cleared by the next look at the trash.
    doomed = draft_of(trashed.path)
    trashed.path.rename(doomed)
    shutil.rmtree(doomed)


@writes
def empty(found: Iterable[Trashed]) -> list[Trashed]:
    """Deletes for good those of them that are of whoever asks; returns which that were."""
    gone = [trashed for trashed in found if not refusal(trashed.path)]
    for trashed in gone:
        remove(trashed)
    return gone


def _folder(root: Path) -> Path:
    return root / FOLDER


def _require_folder(trash: Path) -> None:
    if trash.is_symlink() or not trash.is_dir():
        raise StoreError(
            f"{trash} is {'a link' if trash.is_symlink() else 'no folder'}, so that it can't be the trash: "
            "remove it by hand"
        )


def _require_there(trashed: Trashed) -> None:
    if trashed.path.is_symlink() or not trashed.path.is_dir():
        raise StoreError(f"{trashed.name} is not in the trash any more")


def _read(path: Path, moment: int, key: str, describe: Describe) -> Trashed:
    shown = os.fsencode(key).decode(errors="replace")
    kind, name = describe(path)
    return Trashed(path, shown, one_line(name) or shown, moment / 1000, kind, _size(os.fspath(path)))


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
