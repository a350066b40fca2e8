"""Files that only grow: one line that says what their rows are, then rows of one size each.

A row that a kill cut short is dropped when the file is read and when a training goes on. Rows are numbers of
fixed types; nothing that a file holds is ever executed. Imports no torch.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypeVar

import numpy as np

from aecore.files import (
    StoreError,
    open_regular,
    open_to_append,
    parse_json,
    telling_of_a_full_disk,
    write_whole,
)
from aecore.looks import BINS, HISTOGRAMS, FrameHeader, Frames, LayerHistory, LookHeader
from aecore.owners import changes
from aecore.store.names import FRAMES, LOOKS

Header = TypeVar("Header", LookHeader, FrameHeader)

LARGEST_ROWS = 1 << 30
"""Bytes of such a file that are read; a hundred epochs of the post's network take some four million."""
LONGEST_HEADER = 1 << 20
"""Bytes of a header line beyond which a file is none of ours."""


@changes("path")
def append_looks(path: Path, header: LookHeader, rows: np.ndarray) -> None:
    """Adds looks at the layers to a run's folder."""
    _append(path / LOOKS, header, rows)


@changes("path")
def append_frames(path: Path, header: FrameHeader, rows: np.ndarray) -> None:
    """Adds epochs' pictures to a run's folder."""
    _append(path / FRAMES, header, rows)


def read_looks(path: Path) -> LayerHistory | None:
    """All looks at a run's layers, None where none were recorded; StoreError where they can't be used."""
    found = _read(path / LOOKS, LookHeader)
    if found is None:
        return None
    header, rows = found
    shares = [rows[name].astype(np.float32).sum(-1) for name in HISTOGRAMS]
    if not all(((s > 0.98) & (s < 1.02)).all() for s in shares) or not (rows["total"] > 0).all():
        raise StoreError(f"{LOOKS} is damaged: its histograms of {BINS} bins do not add up to 1")
    return LayerHistory(header.layers, rows)


def read_frames(path: Path) -> Frames | None:
    """A run's pictures at every epoch, None where none were kept; StoreError where they can't be used."""
    found = _read(path / FRAMES, FrameHeader)
    return None if found is None else Frames(*found)


@changes("path")
def truncate_rows(path: Path, epoch: int, step: int) -> None:
    """Drops what was noted after that many finished epochs and steps of the next: it will be done again.

    A file that can't be read is dropped as a whole: a training does not fail for its notes.
    """
    # A look at step s of epoch e is behind e - 1 whole epochs, a frame of epoch e behind e.
    _truncate(path / LOOKS, LookHeader, epoch + 1, step)
    _truncate(path / FRAMES, FrameHeader, epoch, step)


def rows_stamp(path: Path) -> tuple[int, int]:
    """Bytes of the looks and of the frames, which only grow while a training works: a cache key."""
    sizes = ((path / name).stat().st_size if (path / name).exists() else 0 for name in (LOOKS, FRAMES))
    looks, frames = sizes
    return looks, frames


def _line(header: LookHeader | FrameHeader) -> bytes:
    return json.dumps(header.to_dict(), separators=(",", ":")).encode() + b"\n"


def _append(file: Path, header: LookHeader | FrameHeader, rows: np.ndarray) -> None:
    line, size = _line(header), header.dtype.itemsize
    with telling_of_a_full_disk(file), open_to_append(file) as out:
        # A kill may have left half a row; what comes after it would be out of step.
        rest = out.tell() - len(line)
        whole = len(line) + rest // size * size if rest >= 0 else 0
        if whole < out.tell():
            out.truncate(whole)
            out.seek(0, os.SEEK_END)
        if not whole:
            out.write(line)
        out.write(np.ascontiguousarray(rows, header.dtype).tobytes())


def _truncate(file: Path, kind: type[Header], epoch: int, step: int) -> None:
    try:
        found = _read(file, kind)
    except StoreError:
        found = None
    if found is None:
        file.unlink(missing_ok=True)
        return
    header, rows = found
    kept = rows[(rows["epoch"] < epoch) | ((rows["epoch"] == epoch) & (rows["step"] <= step))]
    write_whole(file, _line(header) + kept.tobytes())


def _read(file: Path, kind: type[Header]) -> tuple[Header, np.ndarray] | None:
    try:
        with open_regular(file, LARGEST_ROWS) as found:
            content = found.read()
    except FileNotFoundError:
        return None
    end = content.find(b"\n", 0, LONGEST_HEADER)
    try:
        header = kind.from_dict(parse_json(content[:end].decode() if end >= 0 else "", "its first line"))
    except ValueError as error:
        raise StoreError(f"{file.name} is damaged: {' '.join(str(error).split())[:200]}") from error
    dtype = header.dtype
    count = (len(content) - end - 1) // dtype.itemsize
    rows = np.frombuffer(content, dtype, count, end + 1)
    place = rows["epoch"].astype(np.int64) * (1 << 32) + rows["step"]
    if not (np.diff(place) > 0).all() or (count and place[0] < 0):
        raise StoreError(f"{file.name} is damaged: its rows are not in the order of their steps")
    return header, rows
