"""What lies at a path: its images by name, class and part, and a way to read them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aecore.own.limits import SourceError, check_count

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""


class Unreadable(NamedTuple):
    """An image that is skipped, and why."""

    reason: str


class Reader(ABC):
    """Reads some of a source's images in turn. It can be sent to another process."""

    @abstractmethod
    def part(self, numbers: Sequence[int]) -> Reader:
        """One for the images at these places alone."""

    @abstractmethod
    def read(self) -> Iterator[bytes | np.ndarray | Unreadable]:
        """Each image: a file's bytes, or uint8 H x W x C (1 or 3 channels)."""


@dataclass(frozen=True)
class Source:
    """Images that somebody has. SourceError for none, or for more than are read."""

    path: Path
    kind: str
    """In words: a folder, a zip archive, ..."""
    names: Sequence[str]
    """One for each image, by which its owner finds it: a path inside the source, or a number."""
    labels: Sequence[str] | None
    """Each image's class by name; None where nothing is said of classes."""
    parts: Sequence[str] | None
    """`train` or `test` of each image; None where nothing is said of parts."""
    notes: tuple[str, ...]
    """What else a person should know of it, a sentence each."""
    reader: Reader
    """For a look at a few of the images."""
    reachable: int | None = None
    """How many of the first images `reader` can give; None for all."""
    prepare: Callable[[Path, Progress], Reader] | None = None
    """Unpacks into a folder what can't be read in parts, and gives the reader of all images; None where
    `reader` is that."""

    def __post_init__(self) -> None:
        if not len(self.names):
            raise SourceError(f"there are no images in {self.path.name}")
        check_count(len(self.names))
        for given in (self.labels, self.parts):
            if given is not None and len(given) != len(self.names):
                raise SourceError(
                    f"{self.path.name} has {len(self.names):,} images, but says of {len(given):,} "
                    f"what they are"
                )


READABLE = (
    "a folder or zip of images (with a sub-folder for each class, or none), .npz or .npy, "
    ".csv, .jsonl or .parquet"
)


def open_source(path: Path | str) -> Source:
    """What lies at a path. SourceError in one sentence for what can't be read as images."""
    from aecore.own import arrays, files, tables

    try:
        path = Path(path).expanduser()
        if not path.exists():
            raise SourceError(f"there is no {path}")
    # What a text raises that is no path.
    except (RuntimeError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{str(path)!r} is no path: {error}") from error
    openers: dict[str, Callable[[Path], Source]] = {
        ".zip": files.open_zip,
        ".npz": arrays.open_npz,
        ".npy": arrays.open_npy,
        ".csv": tables.open_csv,
        ".tsv": tables.open_csv,
        ".jsonl": tables.open_jsonl,
        ".parquet": tables.open_parquet,
    }
    try:
        if path.is_dir():
            return files.open_folder(path)
        if not path.is_file():
            raise SourceError(f"{path.name} is neither a folder nor a regular file")
        if path.suffix.lower() not in openers:
            raise SourceError(f"{path.name} is not {READABLE}")
        if not path.stat().st_size:
            raise SourceError(f"{path.name} holds nothing: the file is empty")
        return openers[path.suffix.lower()](path)
    except OSError as error:
        raise SourceError(f"{path.name} can't be read: {error.strerror or error}") from error
