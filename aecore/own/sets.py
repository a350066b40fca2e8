"""The sets that were made of one's own images: a folder each, named by what is in it."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aecore import trash
from aecore.access import writes
from aecore.cache import data_root
from aecore.files import StoreError, open_regular, read_object, spreadsheet_text, write_json
from aecore.own.limits import LARGEST_TABLE
from aecore.records import Record
from aecore.trash import Kind, Trashed

RECORD = "set.json"
IMAGES = "images.npy"
LABELS = "labels.npy"
NAMES = "images.csv"
SKIPPED = "skipped.csv"
UNNAMED = "unlabelled"
"""The class of all images where nothing is said of classes."""
AT_ONCE = 1 << 24
"""Bytes read at once."""


def own_root() -> Path:
    """Folder that holds the sets of one's own images. Need not exist."""
    return data_root() / "own"


@dataclass(frozen=True)
class OwnSet(Record):
    """A set of one's own images, as its folder says."""

    name: str
    """By which a config names it: from its title and its content's hash."""
    title: str
    source: str
    """What it was made of, in words."""
    made: float
    """Seconds since 1970."""
    channels: int
    height: int
    width: int
    class_names: tuple[str, ...]
    train_size: int
    test_size: int
    found: int
    """Images there were."""
    skipped: int
    """Of these, unreadable ones; `skipped.csv` names them."""
    treatment: str
    """What was done to each image, in words."""
    notes: tuple[str, ...]
    """What else a person should know, a sentence each."""
    content: str
    """SHA-256 of the pixels, classes and parts."""
    stamp: tuple[int, ...]
    """Bytes and time of change of the images' file when its content was that."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("channels", "height", "width", "train_size", "test_size"):
            self.check_range(name, 1)
        if not self.class_names:
            raise ValueError("class_names must name at least one class")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return self.channels, self.height, self.width

    @property
    def labelled(self) -> bool:
        return len(self.class_names) > 1

    @property
    def folder(self) -> Path:
        return own_root() / self.name

    @property
    def bytes(self) -> int:
        """Size of its images."""
        return (self.train_size + self.test_size) * self.channels * self.height * self.width


def list_sets() -> list[OwnSet]:
    """The sets there are, newest first; folders that can't be read are left out."""
    found = []
    root = own_root()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if not folder.name.startswith("."):
            try:
                found.append(read_set(folder.name))
            except ValueError:
                continue
    return sorted(found, key=lambda own: -own.made)


def read_set(name: str) -> OwnSet:
    """The record of a set. FileNotFoundError where there is none, ValueError for one that can't be read."""
    values = read_object(own_root() / name / RECORD)
    if values is None:
        raise FileNotFoundError(name)
    own = OwnSet.from_dict(values)
    if own.name != name:
        raise StoreError(f"the folder {name} holds the images of {own.name}")
    return own


def read_arrays(own: OwnSet) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 N x C x H x W, mapped and not loaded, and their labels, int64: training images first.

    ValueError where they are not those that the set was made of.
    """
    path = own.folder / IMAGES
    count = own.train_size + own.test_size
    # A link or a pipe is no file of ours.
    with open_regular(path, LARGEST_TABLE + (1 << 20)) as file:
        about = os.fstat(file.fileno())
    # Copy on write, and nobody writes: torch wants memory that could be written.
    images = np.load(path, mmap_mode="c", allow_pickle=False)
    labels = np.load(own.folder / LABELS, allow_pickle=False)
    if (
        images.dtype != np.uint8
        or images.shape != (count, *own.shape)
        or labels.dtype != np.int64
        or labels.shape != (count,)
    ):
        raise ValueError(f"{images.dtype} {images.shape} is not what {RECORD} tells of")
    if (about.st_size, about.st_mtime_ns) != own.stamp and content_of(images, labels, own) != own.content:
        raise ValueError("its images are not those it was made of: they were changed or damaged")
    return images, labels


def content_of(images: np.ndarray, labels: np.ndarray, own: OwnSet) -> str:
    """The hash that tells sets apart: SHA-256 of pixels, classes and parts."""
    digest = hashlib.sha256(repr((images.shape, own.class_names, own.train_size)).encode())
    step = max(1, AT_ONCE // max(1, images[0].nbytes))
    for start in range(0, len(images), step):
        digest.update(np.ascontiguousarray(images[start : start + step]).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()


def name_of(title: str, content: str) -> str:
    """`my-photos-1a2b3c4d`, by which a config names a set."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].rstrip("-")
    return f"{slug or 'images'}-{content[:8]}"


def image_names(own: OwnSet) -> list[str]:
    """What each image was called where it came from, in the order of the set; ValueError where it is not
    known."""
    try:
        with (own.folder / NAMES).open(newline="", encoding="utf-8", errors="strict") as file:
            rows = csv.reader(file)
            next(rows, None)
            names = [row[0] for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, IndexError) as error:
        raise ValueError(f"the names of {own.title}'s images can't be read: {error}") from error
    if len(names) != own.train_size + own.test_size:
        raise ValueError(f"{NAMES} of {own.title} has {len(names):,} names")
    return names


def skipped_table(own: OwnSet) -> bytes:
    """The images that could not be read and why, as a CSV file; empty where there is none."""
    try:
        with open_regular(own.folder / SKIPPED, LARGEST_TABLE) as file:
            return file.read()
    except (OSError, StoreError):
        return b""


@writes
def delete_set(name: str) -> Trashed:
    """Moves a set's folder into the trash beside it (`aecore.trash`).

    ValueError where there is no such set, RefusedError where it is another's.
    """
    try:
        folder = read_set(name).folder
    except FileNotFoundError:
        raise ValueError(f"there is no set of own images {name}") from None
    if folder.is_symlink():
        raise StoreError(f"{name} is a link, which is not followed")
    return trash.put(folder, _describe)


def trashed() -> list[Trashed]:
    """The sets in the trash, what was deleted last first."""
    return trash.listed(own_root(), _describe)


def is_in_trash(name: str) -> bool:
    """Whether a set of that name lies in the trash."""
    return any(gone.key == name for gone in trashed())


def _describe(folder: Path) -> tuple[Kind, str]:
    # Whatever stands in a stranger's record, the folder can be put back or removed.
    try:
        return "set", OwnSet.from_dict(read_object(folder / RECORD)).title
    except (ValueError, OSError):
        return "set", ""


@writes
def write_set(folder: Path, own: OwnSet, rows: Iterator[Sequence[Any]], bad: Sequence[Sequence[str]]) -> None:
    """Writes what stands beside the pixels: the record last, since its presence means whole."""
    write_table(folder / NAMES, ("name", "class", "part"), rows)
    if bad:
        # It is for people, who open it in a spreadsheet; the names above are read again.
        rows = ([spreadsheet_text(text) for text in row] for row in bad)
        write_table(folder / SKIPPED, ("name", "reason"), rows)
    write_json(folder / RECORD, own.to_dict())


@writes
def write_table(path: Path, head: Sequence[str], rows: Any) -> None:
    # A name that is no Unicode is written with its bytes spelled out.
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
