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
