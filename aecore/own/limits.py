"""What is accepted of files that anybody may have made. Looked at before anything is unpacked or decoded."""

from __future__ import annotations

from collections.abc import Iterable
from zipfile import ZipInfo

MOST_IMAGES = 2_000_000
MOST_CLASSES = 1_000
LARGEST_FILE = 64 << 20
"""Bytes of one image file."""
LARGEST_IMAGE = 50_000_000
"""Pixels of one image before it is resized."""
LARGEST_UNPACKED = 16 << 30
"""Bytes of an archive's members together, unpacked."""
LARGEST_TABLE = 16 << 30
"""Bytes of a table or an array on disk."""
LARGEST_RATIO = 200
"""Unpacked bytes for each packed one, of an archive of more than `SMALL` bytes unpacked."""
SMALL = 256 << 20

SIDES = (8, 256)
"""Smallest and largest side of the images that are made."""


class SourceError(ValueError):
    """What was given can't be read as images; the message says why and what can, in one sentence."""


def check_unpacked(members: Iterable[ZipInfo]) -> None:
    """SourceError where an archive's own directory tells of more than is accepted."""
    unpacked = packed = 0
    for member in members:
        unpacked += member.file_size
        packed += member.compress_size
    if unpacked > LARGEST_UNPACKED:
        raise SourceError(
            f"the archive unpacks to {unpacked / 2**30:,.1f} GiB, and at most "
            f"{LARGEST_UNPACKED >> 30} are read"
        )
    if unpacked > SMALL and unpacked > LARGEST_RATIO * packed:
        raise SourceError(
            f"the archive unpacks to {unpacked / max(packed, 1):,.0f} times its size, and at most "
            f"{LARGEST_RATIO} times are read"
        )


def check_count(count: int) -> None:
    """SourceError for more images than are read."""
    if count > MOST_IMAGES:
        raise SourceError(f"there are {count:,} images, and at most {MOST_IMAGES:,} are read")
