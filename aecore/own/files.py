"""Folders and zip archives of image files: sub-folders as classes, `train` and `test`, a metadata table."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from aecore.files import StoreError, read_regular
from aecore.own.frames import PARTS, Metadata, Row, named_classes, named_parts, read_metadata
from aecore.own.limits import LARGEST_FILE, SourceError, check_count, check_unpacked
from aecore.own.pictures import SUFFIXES
from aecore.own.source import Reader, Source, Unreadable

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""Tables beside the images, as Hugging Face's ImageFolder reads them."""


@dataclass(frozen=True)
class FolderReader(Reader):
    """Image files below a folder."""

    root: Path
    names: tuple[str, ...]

    def part(self, numbers: Sequence[int]) -> FolderReader:
        return replace(self, names=tuple(self.names[i] for i in numbers))

    def read(self) -> Iterator[bytes | Unreadable]:
        root = f"{self.root}{os.sep}"
        for name in self.names:
            try:
                content: bytes | Unreadable = read_regular(root + name, LARGEST_FILE)
            except (OSError, StoreError) as error:
                content = Unreadable(str(getattr(error, "strerror", "") or error))
            yield content


@dataclass(frozen=True)
class ZipReader(Reader):
    """Image files in a zip archive, by their place in its directory: two may have one name."""

    path: Path
    places: tuple[int, ...]

    def part(self, numbers: Sequence[int]) -> ZipReader:
        return replace(self, places=tuple(self.places[i] for i in numbers))

    def read(self) -> Iterator[bytes | Unreadable]:
        about = self.path.stat()
        archive = _opened(self.path, about.st_mtime_ns, about.st_size)
        members = archive.infolist()
        for place in self.places:
            if members[place].file_size > LARGEST_FILE:
                yield Unreadable(f"the file has {members[place].file_size >> 20} MiB unpacked")
                continue
            try:
                with archive.open(members[place]) as file:
                    content: bytes | Unreadable = file.read(LARGEST_FILE + 1)
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
                content = Unreadable(f"it is damaged in the archive: {error}")
            yield content


@lru_cache(maxsize=1)
def _opened(path: Path, changed: int, size: int) -> zipfile.ZipFile:
    """An archive of many files takes a second to open, which every part of it would pay."""
    return zipfile.ZipFile(path)


def open_folder(path: Path) -> Source:
    """The image files below a folder; SourceError in one sentence where it can't be used."""
    names: list[str] = []
    below, closed = [""], 0
    while below:
        folder, inner = below.pop(), []
        try:
            with os.scandir(path / folder) as entries:
                found_here = sorted(entries, key=lambda entry: entry.name)
        except PermissionError:
            closed += 1
            continue
        for entry in found_here:
            if entry.is_symlink():
                raise SourceError(f"{entry.name} in {path.name} is a link, and links are not followed")
            if entry.is_dir(follow_symlinks=False):
                inner.append(f"{folder}{entry.name}/")
            else:
                names.append(folder + entry.name)
        below += reversed(inner)
        check_count(len(names))
    found = arrange(path.name, names, lambda name: read_regular(str(path / name), LARGEST_FILE))
    if closed:
        note = f"{closed:,} folders can't be opened and are left out"
        found = found._replace(
            notes=(*found.notes, "1 folder can't be opened and is left out" if closed == 1 else note)
        )
    reader = FolderReader(path, tuple(names[i] for i in found.places))
    return _source(path, "a folder of images", names, found, reader)


def open_zip(path: Path) -> Source:
    """The image files in an archive; SourceError in one sentence where it can't be used."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SourceError(f"{path.name} is no zip archive that can be read: {error}") from error
    with archive:
        members = archive.infolist()
        check_count(len(members))
        check_unpacked(members)
        for member in members:
            _check_member(path.name, member)
        names = [member.filename for member in members]
        by_name = {member.filename: member for member in members}

        def content(name: str) -> bytes:
            if by_name[name].file_size > LARGEST_FILE:
                raise SourceError(f"{name} in {path.name} is too large")
            return archive.read(by_name[name])

        found = arrange(path.name, names, content)
    return _source(path, "a zip archive of images", names, found, ZipReader(path, tuple(found.places)))


def _check_member(archive: str, member: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    # A drive's letter is no way out on this system, but on the next.
    if not parts or parts[0].startswith("/") or ".." in parts or parts[0].endswith(":"):
        raise SourceError(f"{archive} holds {member.filename!r}, a path that leaves its folder")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise SourceError(f"{archive} holds the link {member.filename!r}, and links are not followed")
    if member.flag_bits & 1:
        raise SourceError(f"{archive} is encrypted: save it without a password")
    if PurePosixPath(member.filename.lower()).suffix in ARCHIVES and not is_hidden(member.filename):
        raise SourceError(
            f"{archive} holds the archive {member.filename!r}: unpack it first, archives within "
            f"are not opened"
        )


class Arranged(NamedTuple):
    """Which of many files are images, and what their places say of them."""

    places: list[int]
    labels: list[str] | None
    parts: list[str] | None
    notes: tuple[str, ...]


_HIDDEN = re.compile(r"(?:^|/)(?:\.|__MACOSX|(?i:thumbs\.db|desktop\.ini)(?:/|$))")


def is_hidden(name: str) -> bool:
    """Whether a path is what systems leave behind: .DS_Store, __MACOSX/, Thumbs.db and the like."""
    return _HIDDEN.search(name) is not None


def arrange(title: str, names: Sequence[str], content: Callable[[str], bytes]) -> Arranged:
    """Sorts files by their paths below the source's folder; `content` reads one of the metadata tables.

    Raises SourceError where a table can't be used.
    """
    seen = [i for i, name in enumerate(names) if not name.endswith("/") and not is_hidden(name)]
    inner = {i: tuple(names[i].replace("\\", "/").split("/")) for i in seen}
    while inner and all(len(p) > 1 for p in inner.values()) and len({p[0] for p in inner.values()}) == 1:
        inner = {i: p[1:] for i, p in inner.items()}
    tables = {i: p for i, p in inner.items() if len(p) <= 2 and p[-1].lower() in METADATA}
    images = [i for i in seen if inner[i][-1].lower().endswith(SUFFIXES)]
    # A folder and an archive of it are read in one order, and make one set.
    images.sort(key=lambda i: inner[i])
    notes = []
    if others := len(seen) - len(images) - len(tables):
        notes.append(f"{_files(others)} no image and left out")
    parted = "train" in {PARTS.get(inner[i][0].lower()) for i in images if len(inner[i]) > 1}
    described: dict[tuple[str, ...], Metadata] = {}
    for i, place in tables.items():
        described[place[:-1]] = read_metadata(place[-1].lower(), content(names[i]), f"{names[i]} in {title}")
    labels, parts, places = [], [], []
    outside = 0
    for i in images:
        folder, file = inner[i][:-1], inner[i]
        part = PARTS.get(folder[0].lower(), "") if parted and folder else ""
        if parted and not part:
            outside += 1
            continue
        said = _said(file, described) if described else None
        below = folder[1:] if parted else folder
        labels.append(said.label if said and said.label else below[0] if below else "")
        parts.append(said.part if said and said.part else part)
        places.append(i)
    if outside:
        notes.append(f"{_files(outside, 'image')} outside train and test and left out")
    there = set(inner.values()) if described else set()
    missing = sum(
        (*folder, *PurePosixPath(name).parts) not in there
        for folder, table in described.items()
        for name in table.rows
    )
    if missing:
        notes.append(f"{missing:,} rows of the metadata name files that are not there")
    return Arranged(places, named_classes(labels), named_parts(parts), tuple(notes))


def _files(count: int, what: str = "file") -> str:
    return f"1 {what} is" if count == 1 else f"{count:,} {what}s are"


def _said(file: tuple[str, ...], described: Mapping[tuple[str, ...], Metadata]) -> Row | None:
    for depth in (0, 1):
        table = described.get(file[:depth])
        if table is not None and (row := table.rows.get("/".join(file[depth:]))) is not None:
            return row
    return None


def _source(path: Path, kind: str, names: Sequence[str], found: Arranged, reader: Reader) -> Source:
    chosen = [names[i] for i in found.places]
    return Source(path, kind, chosen, found.labels, found.parts, found.notes, reader)
