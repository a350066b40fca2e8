"""A run's or grid's folder as one zip, and a folder or zip from elsewhere as a run or grid of one's own.

What comes in is a stranger's: it is looked at before anything is unpacked, only files of known names are
taken, and every one of them is read as the app would read it before the folder gets its place.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from aecore import access, limits
from aecore.access import writes
from aecore.drafts import draft_of
from aecore.files import (
    LARGEST_TENSORS,
    StoreError,
    claim_folder,
    copy_file,
    open_regular,
    telling_of_a_full_disk,
)
from aecore.owners import write_owner
from aecore.presets import slug
from aecore.results import FigureTable
from aecore.store import folders, names
from aecore.store.grids import GridInfo, grid_slug, read_grid, read_stacks
from aecore.store.probe import read_probe
from aecore.store.records import read_beaten, read_events, read_failed, read_history, read_record
from aecore.store.rows import read_frames, read_looks
from aecore.store.runs import RunInfo, check_weights, read_info
from aecore.store.weights import state_position

OF_A_RUN = {
    names.CONFIG,
    names.WEIGHTS,
    names.OPTIMIZER,
    names.HISTORY,
    names.RESULT,
    names.BEATEN,
    names.FAILED,
    names.EVENTS,
    names.ORIGIN,
    names.START,
    names.PICTURES,
    names.LOOKS,
    names.FRAMES,
}
"""What is taken along. What a process wrote for its own machine (progress, requests, log) stays behind."""
OF_A_GRID = {names.GRID, names.RESULT, names.PROBE, names.FIGURES}
OF_A_STACK = {names.MEMBERS, names.OPTIMIZER}

MOST_FILES = 200_000
"""Files of a folder or archive: more than the largest grid has."""
LARGEST_FILE = 4 * LARGEST_TENSORS
AT_ONCE = 1 << 20
"""Bytes copied at once."""

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

Report = Callable[[float], None]


@dataclass(frozen=True)
class Imported:
    """What has come in."""

    path: Path
    left_out: tuple[str, ...]
    """Files that are none of a run's, by their paths where they came from."""


def is_known(path: PurePosixPath, grid: bool) -> bool:
    """Whether a file at that place of a run's folder, or a grid's, is one to take along."""
    match path.parts, grid:
        case (name,), False:
            return name in OF_A_RUN
        case (names.EPOCHS, name), False:
            return re.fullmatch(r"[0-9]{1,9}\.safetensors", name) is not None
        case (name,), True:
            return name in OF_A_GRID
        case (names.STACKS, s, name), True:
            return s.isascii() and s.isdigit() and name in OF_A_STACK
        case (k, *rest), True:
            return k.isascii() and k.isdigit() and is_known(PurePosixPath(*rest), False)
    return False


def pack(path: Path, target: Path | IO[bytes], on_progress: Report = lambda share: None) -> None:
    """Writes the folder of a run, a member or a grid as a zip, below the name it would have by itself.

    Raises StoreError where it can't be read. What is being trained should be stopped first: its files would
    be of several moments.
    """
    grid = folders.is_grid(path)
    info = read_grid(path) if grid else read_info(path)
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and is_known(PurePosixPath(file.relative_to(path).as_posix()), grid)
    ]
    whole = sum(file.stat().st_size for file in files) or 1
    done = 0
    top = info.key.replace("/", "-")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            about = zipfile.ZipInfo.from_file(file, f"{top}/{file.relative_to(path).as_posix()}")
            about.compress_type = zipfile.ZIP_DEFLATED
            with open_regular(file, LARGEST_FILE) as source, archive.open(about, "w") as out:
                while part := source.read(AT_ONCE):
                    out.write(part)
                    done += len(part)
                    on_progress(done / whole)


def packed_size(path: Path) -> int:
    """Bytes of the files that `pack` takes along, unpacked."""
    grid = folders.is_grid(path)
    found = (file for file in path.rglob("*") if file.is_file())
    return sum(
        f.stat().st_size for f in found if is_known(PurePosixPath(f.relative_to(path).as_posix()), grid)
    )


@writes
def import_run(
    source: Path,
    root: Path | None = None,
    name: str = "",
    on_progress: Report = lambda share: None,
    uploaded: bool = False,
) -> Imported:
    """Takes a run or a grid in from a folder or a zip, under a folder name that is free.

    `name` is what the source is called where its own name says nothing, as that of an upload. Raises
    StoreError in one sentence for whatever could not be used here; nothing is left behind then. What has not
    been `uploaded` is refused to a visitor of a server of many, who may not read the server's own folders.
    """
    if not uploaded:
        access.require_no_guests("read folders and files of its own", "drop a zip onto the page instead")
    root = root or folders.checkpoints_root()
    if uploaded:
        limits.require_upload(source.stat().st_size)
        folders.require_room(root, source.stat().st_size)
    draft = draft_of(root / "import")
    try:
        with telling_of_a_full_disk(draft):
            draft.mkdir(parents=True)
            write_owner(draft)
            if source.is_dir():
                called, left_out = _copy_folder(source, draft, on_progress)
            else:
                called, left_out = _unpack(source, draft, name or source.stem, on_progress)
        info = _checked(draft)
        return Imported(claim_folder(draft, root / _folder_name(called, info)), left_out)
    except FileNotFoundError as error:
        raise StoreError(f"there is no {error.filename or source}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_folder(source: Path, draft: Path, on_progress: Report) -> tuple[str, tuple[str, ...]]:
    """The known files of a folder, and the rest's names."""
    folders.check_folder(source)
    found: dict[PurePosixPath, Path] = {}
    for folder, below, files in os.walk(source):
        for name in (*below, *files):
            if os.path.islink(os.path.join(folder, name)):
                raise StoreError(f"{name} in {source.name} is a link, and links are not followed")
        for name in files:
            file = Path(folder) / name
            found[PurePosixPath(file.relative_to(source).as_posix())] = file
        _check_count(len(found))
    grid = folders.is_grid(source)
    known = {place: file for place, file in found.items() if is_known(place, grid)}
    for i, (place, file) in enumerate(known.items(), 1):
        (draft / place).parent.mkdir(parents=True, exist_ok=True)
        copy_file(file, draft / place)
        on_progress(i / len(known))
    inside = source.resolve()
    member = folders.is_grid(inside.parent)
    called = f"{inside.parent.name}-{inside.name}" if member else inside.name
    return called, _rest(found, known)


def _unpack(source: Path, draft: Path, called: str, on_progress: Report) -> tuple[str, tuple[str, ...]]:
    """The known files of an archive, and the rest's names."""
    from aecore.own.files import check_member, is_hidden
    from aecore.own.limits import SourceError, check_unpacked

    try:
        with open_regular(source, LARGEST_FILE) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_count(len(members))
            check_unpacked(members)
            for member in members:
                check_member(source.name, member)
            there: dict[PurePosixPath, zipfile.ZipInfo] = {}
            for member in members:
                place = PurePosixPath(member.filename.replace("\\", "/"))
                if member.is_dir() or is_hidden(str(place)):
                    continue
                if place in there:
                    raise StoreError(f"{source.name} holds {str(place)!r} twice")
                there[place] = member
            # An archive of a folder holds it, or what is in it.
            tops = {place.parts[0] for place in there}
            if len(tops) == 1 and all(len(place.parts) > 1 for place in there):
                called = tops.pop()
                there = {PurePosixPath(*place.parts[1:]): member for place, member in there.items()}
            grid = PurePosixPath(names.GRID) in there
            known = {place: member for place, member in there.items() if is_known(place, grid)}
            whole, done = sum(member.file_size for member in known.values()) or 1, 0
            for place, member in known.items():
                (draft / place).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, (draft / place).open("xb") as out:
                    left = member.file_size
                    # The directory's figure was checked: more than it says is not written.
                    while left > 0 and (part := packed.read(min(left, AT_ONCE))):
                        out.write(part)
                        left -= len(part)
                        done += len(part)
                        on_progress(done / whole)
            return called, _rest(there, known)
    except StoreError:
        raise
    except SourceError as error:
        raise StoreError(str(error)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise StoreError(f"{source.name} is no zip archive that can be read: {error}") from error


def _rest(found: Mapping[PurePosixPath, object], known: Mapping[PurePosixPath, object]) -> tuple[str, ...]:
    return tuple(str(place) for place in found if place not in known)


def _check_count(count: int) -> None:
    if count > MOST_FILES:
        raise StoreError(f"it holds more than {MOST_FILES:,} files, which no run or grid has")


def _checked(draft: Path) -> RunInfo | GridInfo:
    """What the draft holds, each file of it read as the app reads it; StoreError where one can't be used."""
    if not folders.is_grid(draft):
        if not os.path.lexists(draft / names.CONFIG):
            raise StoreError(f"there is no {names.CONFIG} and no {names.GRID}: it is no run and no grid")
        return _checked_run(draft)
    info = read_grid(draft)
    for k, config in enumerate(info.grid.members):
        try:
            if (member := _checked_run(info.member_path(k))).config != config:
                raise StoreError(f"its settings are not those that {names.GRID} gives it")
        except (StoreError, FileNotFoundError) as error:
            raise StoreError(f"its member {k} can't be used: {error}") from error
        ended = read_failed(member.path) or read_beaten(member.path)
        if info.result is not None and member.result is None and not ended:
            raise StoreError(f"its member {k} has no result, and {names.RESULT} says that all are finished")
    for extra in _unwanted_members(draft, len(info.grid.members)):
        raise StoreError(f"it has a member {extra}, which {names.GRID} does not name")
    read_probe(draft)
    read_record(draft / names.FIGURES, FigureTable)
    for s in range(len(read_stacks(draft))):
        state_position(draft / names.STACKS / str(s))
    return info


def _unwanted_members(draft: Path, count: int) -> Iterator[str]:
    for path in sorted(draft.iterdir()):
        if path.name.isdigit() and path.name not in map(str, range(count)):
            yield path.name


def _checked_run(path: Path) -> RunInfo:
    info = read_info(path)
    check_weights(info)
    read_history(path)
    read_events(path)
    read_failed(path)
    read_beaten(path)
    read_looks(path)
    read_frames(path)
    state_position(path)
    return info


def _folder_name(called: str, info: RunInfo | GridInfo) -> str:
    """The name it had, where that is one that a folder of ours may have, else one by its settings."""
    if _FOLDER.fullmatch(called):
        return called
    return grid_slug(info.grid) if isinstance(info, GridInfo) else slug(info.config)
