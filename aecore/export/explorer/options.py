"""What a person chooses about the file before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Pictures = Literal["full", "half"]

FEWEST = 10
"""Points of a map, at least."""


@dataclass(frozen=True)
class Options:
    """How much is put into the file. Raises ValueError in one sentence for a value that is not allowed."""

    points: int = 10_000
    """Test images on the map, at most; drawn with seed 0 where there are more."""
    pictures: Pictures = "full"
    """Size of the small pictures of these: as they are (up to 32 pixels), or half of that."""

    def __post_init__(self) -> None:
        if isinstance(self.points, bool) or not isinstance(self.points, int) or self.points < FEWEST:
            raise ValueError(f"the number of points is a whole number from {FEWEST} on, not {self.points!r}")
        if self.pictures not in get_args(Pictures):
            raise ValueError(f"pictures are {' or '.join(get_args(Pictures))} size, not {self.pictures!r}")
