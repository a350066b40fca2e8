"""Folders and zip archives of image files: sub-folders as classes, `train` and `test`, a metadata table."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

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


class Member(NamedTuple):
    """Where a file lies in a zip archive, as the archive's directory says."""

    start: int
    """Of what the archive says of it once more, before its content."""
    packed: int
    """Bytes in the archive."""
    size: int
    """Bytes unpacked."""
    sum: int
    """CRC-32 of its content."""
    method: int
    """How it is packed."""

    @classmethod
    def of(cls, info: zipfile.ZipInfo) -> Member:
        return cls(info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type)


@dataclass(frozen=True)
class ZipReader(Reader):
    """Image files in a zip archive, by their places: two may have one name.

    `zipfile` takes longer to open a small file than Pillow to decode it, and longer still to read the
    directory of many in every process; of what it knows only the two usual ways of packing are needed.
    """

    path: Path
    members: tuple[Member, ...]

    def part(self, numbers: Sequence[int]) -> ZipReader:
        return replace(self, members=tuple(self.members[i] for i in numbers))

    def read(self) -> Iterator[bytes | Unreadable]:
        with self.path.open("rb") as file:
            for member in self.members:
                try:
                    content: bytes | Unreadable = _unpacked(file, member)
                except (ValueError, zlib.error, OSError, struct.error) as error:
                    content = Unreadable(f"it is damaged in the archive: {error}")
                yield content


HEADER = struct.Struct("<4s22xHH")
"""What stands before a file's content: a mark, and last how long its name and what follows it are."""


def _unpacked(file: IO[bytes], member: Member) -> bytes | Unreadable:
    if member.size > LARGEST_FILE:
        return Unreadable(f"the file has {member.size >> 20} MiB unpacked")
    if member.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Unreadable("it is packed in a way that is not read here: pack it with deflate, as is usual")
    file.seek(member.start)
    mark, name, more = HEADER.unpack(file.read(HEADER.size))
    if mark != b"PK\x03\x04":
        raise ValueError("its header is not where the archive says")
    file.seek(name + more, os.SEEK_CUR)
    content = file.read(min(member.packed, LARGEST_FILE + 1))
    if member.method == zipfile.ZIP_DEFLATED:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, member.size + 1)
    if len(content) != member.size or zlib.crc32(content) != member.sum:
        raise ValueError("its check sum is wrong")
    return content


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
            check_member(path.name, member)
        names = [member.filename for member in members]
        by_name = {member.filename: member for member in members}

        def content(name: str) -> bytes:
            if by_name[name].file_size > LARGEST_FILE:
                raise SourceError(f"{name} in {path.name} is too large")
            return archive.read(by_name[name])

        found = arrange(path.name, names, content)
    reader = ZipReader(path, tuple(Member.of(members[i]) for i in found.places))
    return _source(path, "a zip archive of images", names, found, reader)


def check_member(archive: str, member: zipfile.ZipInfo) -> None:
    """SourceError for a member that leaves the archive's folder, is a link, encrypted, or an archive."""
    parts = member.filename.replace("\\", "/").split("/")
    # A drive's letter is no way out on this system, but on the next.
    if not parts[0] or ".." in parts or parts[0].endswith(":"):
        raise SourceError(f"{archive} holds {member.filename!r}, a path that leaves its folder")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise SourceError(f"{archive} holds the link {member.filename!r}, and links are not followed")
    if member.flag_bits & 1:
        raise SourceError(f"{archive} is encrypted: save it without a password")
    if member.filename.lower().endswith(ARCHIVES) and not is_hidden(member.filename):
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
