"""Tables that name images, or hold them as pixels or as files' bytes: CSV, JSON lines, Parquet."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aecore.own.arrays import HEAD, ArrayReader, HeadReader, class_texts
from aecore.own.files import FolderReader
from aecore.own.frames import (
    FILE_COLUMNS,
    LABEL_COLUMNS,
    NUMBER_COLUMNS,
    PART_COLUMNS,
    PARTS,
    CsvForm,
    check_size,
    column_of,
    csv_form,
    csv_options,
    csv_rows,
    file_names,
    find_column,
    named_classes,
    named_parts,
    one_line,
    read_csv,
    read_jsonl,
    read_parquet,
    rows_of,
    texts_of,
)
from aecore.own.limits import SourceError, check_count
from aecore.own.source import Progress, Reader, Source, Unreadable

if TYPE_CHECKING:
    import pandas as pd

LEAST_SIDE = 4
ROWS_AT_ONCE = 8192


def open_csv(path: Path) -> Source:
    """A table of files' names or of pixels; SourceError in one sentence where it can't be used."""
    check_size(path)
    form = csv_form(path)
    head = csv_rows(path, form, HEAD)
    if find_column(head, FILE_COLUMNS) is not None:
        return _of_files(path, read_csv(path.read_bytes(), path.name))
    return _of_pixels(path, head, _CsvPixels(path, form))


def open_jsonl(path: Path) -> Source:
    """A table of files' names; SourceError in one sentence where it can't be used."""
    check_size(path)
    return _of_files(path, read_jsonl(path.read_bytes(), path.name))


def open_parquet(path: Path) -> Source:
    """A table of files, of their names or of pixels; SourceError in one sentence where it can't be used."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    try:
        file = pq.ParquetFile(path)
        check_count(file.metadata.num_rows)
        stored = next((field.name for field in file.schema_arrow if _holds_files(field.type)), None)
        others = [name for name in file.schema_arrow.names if name != stored]
        if stored is not None:
            return _of_bytes(path, file.read(others).to_pandas(), stored, file.metadata.num_rows)
        if column_of(others, FILE_COLUMNS) is not None:
            return _of_files(path, read_parquet(path, path.name))
        head = next(file.iter_batches(HEAD)).to_pandas()
    except StopIteration:
        raise SourceError(f"{path.name} has no rows") from None
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path.name} is no Parquet file that can be read: {one_line(error)}") from error
    return _of_pixels(path, head, _ParquetPixels(path))


# Tables that name image files.


def _of_files(path: Path, frame: pd.DataFrame) -> Source:
    names, rows = file_names(frame, path.name), rows_of(frame, path.name)
    for name in names:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or PureWindowsPath(name).drive:
            raise SourceError(f"{path.name} names {name!r}, a path that leaves the table's folder")
    return Source(
        path,
        "a table of image files",
        names,
        named_classes([row.label for row in rows]),
        named_parts([row.part for row in rows]),
        (),
        FolderReader(path.parent, tuple(names)),
    )


# Tables that hold image files.


def _holds_files(kind: Any) -> bool:
    """Whether a column holds files' bytes: alone, or beside a path as Hugging Face keeps images."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _holds_files(field.type) for field in kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


@dataclass(frozen=True)
class ParquetReader(Reader):
    """Image files in a column of a Parquet table."""

    path: Path
    column: str
    numbers: Sequence[int]

    def part(self, numbers: Sequence[int]) -> ParquetReader:
        return replace(self, numbers=[self.numbers[i] for i in numbers])

    def read(self) -> Iterator[bytes | Unreadable]:
        import pyarrow.parquet as pq

        file = pq.ParquetFile(self.path)
        ends = np.cumsum([file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)])
        opened, rows = -1, []
        for number in self.numbers:
            group = int(np.searchsorted(ends, number, side="right"))
            if group != opened:
                opened, rows = group, file.read_row_group(group, [self.column]).column(0)
            value = rows[number - (int(ends[group - 1]) if group else 0)].as_py()
            content = value.get("bytes") if isinstance(value, dict) else value
            yield content if isinstance(content, bytes) else Unreadable("the table has no bytes for it")


def _of_bytes(path: Path, frame: pd.DataFrame, column: str, count: int) -> Source:
    rows = rows_of(frame, path.name)
    return Source(
        path,
        "a table of images",
        [str(i) for i in range(count)],
        named_classes([row.label for row in rows]),
        named_parts([row.part for row in rows]),
        (),
        ParquetReader(path, column, range(count)),
    )


# Tables of pixels.


class _Pixels(NamedTuple):
    """Which columns are pixels, in order, and the shape that they fill."""

    columns: list[Any]
    side: int
    channels: int
    label: Any
    part: Any
    white: int
    """What a white pixel's value is: 255, or 1 where no value of the first rows is above it."""


def _pixels(frame: pd.DataFrame, where: str) -> _Pixels:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    label, part = find_column(frame, LABEL_COLUMNS), find_column(frame, PART_COLUMNS)
    numbers = [c for c in frame.columns if is_numeric_dtype(frame[c]) and not is_bool_dtype(frame[c])]
    pixels = [c for c in numbers if c not in (label, part) and str(c).lower() not in NUMBER_COLUMNS]
    # Without names, the class stands before the pixels, as in the usual tables of MNIST.
    if label is None and _square(len(pixels)) is None and _square(len(pixels) - 1) is not None:
        label, *pixels = pixels
    found = _square(len(pixels))
    if found is None:
        raise SourceError(
            f"{where} has neither a column file_name nor pixels: {len(pixels)} columns of numbers "
            f"fill no square "
            "image (28 x 28 takes 784)"
        )
    highest = float(np.nan_to_num(frame[pixels].to_numpy(np.float64)).max())
    return _Pixels(pixels, *found, label, part, 255 if highest > 1 else 1)


def _square(count: int) -> tuple[int, int] | None:
    """(side, channels) of the square image that so many values fill."""
    for channels in (1, 3):
        side = math.isqrt(max(count, 0) // channels)
        if side >= LEAST_SIDE and side * side * channels == count:
            return side, channels
    return None


@dataclass(frozen=True)
class _CsvPixels:
    path: Path
    form: CsvForm

    def frames(self, columns: Sequence[Any] | None = None) -> Iterator[pd.DataFrame]:
        import pandas as pd

        options = csv_options(self.form) | {"usecols": columns}
        try:
            yield from pd.read_csv(self.path, chunksize=ROWS_AT_ONCE, **options)
        except ValueError as error:
            raise SourceError(f"{self.path.name} is damaged: {one_line(error)}") from error


@dataclass(frozen=True)
class _ParquetPixels:
    path: Path

    def frames(self, columns: Sequence[Any] | None = None) -> Iterator[pd.DataFrame]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            for batch in pq.ParquetFile(self.path).iter_batches(ROWS_AT_ONCE, columns=columns):
                yield batch.to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{self.path.name} is damaged: {one_line(error)}") from error


def _of_pixels(path: Path, head: pd.DataFrame, table: _CsvPixels | _ParquetPixels) -> Source:
    if not len(head):
        raise SourceError(f"{path.name} has no rows")
    about = _pixels(head, path.name)
    said = [column for column in (about.label, about.part) if column is not None] or about.columns[:1]
    labels: list[str] = []
    parts: list[str] = []
    for frame in table.frames(said):
        labels += [""] * len(frame) if about.label is None else texts_of(frame[about.label])
        parts += [""] * len(frame) if about.part is None else texts_of(frame[about.part])
        check_count(len(labels))
    if about.label is not None:
        labels = class_texts(np.array(labels), f"{about.label} in {path.name}")
    images, reasons = _to_images(head, about)
    shown = [Unreadable(reasons[i]) if i in reasons else images[i] for i in range(len(images))]
    return Source(
        path,
        "a table of pixels",
        [str(i) for i in range(len(labels))],
        named_classes(labels),
        named_parts([PARTS.get(part.lower(), "") for part in parts]),
        (),
        HeadReader(shown),
        reachable=len(images),
        prepare=_Convert(path, table, about, len(labels)),
    )


def _to_images(frame: pd.DataFrame, about: _Pixels) -> tuple[np.ndarray, dict[int, str]]:
    """Rows as uint8 N x H x W x C, and why some of them can't be images."""
    import pandas as pd

    values = frame[about.columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    reasons = {}
    with np.errstate(invalid="ignore"):
        low, high = values.min(1), values.max(1)
    for i in np.flatnonzero(~np.isfinite(values).all(1)):
        reasons[int(i)] = "it holds values that are no numbers"
    for i in np.flatnonzero((low < 0) | (high > about.white)):
        reasons[int(i)] = f"its values go from {low[i]:g} to {high[i]:g}, not from 0 to {about.white}"
    plain = np.nan_to_num(values, nan=0, posinf=0, neginf=0).clip(0, about.white) * (255 / about.white)
    shape = (len(frame), about.side, about.side, about.channels)
    return np.rint(plain).astype(np.uint8).reshape(shape), reasons


@dataclass(frozen=True)
class _Convert:
    """Writes a table's pixels out as an array, which can be mapped."""

    path: Path
    table: _CsvPixels | _ParquetPixels
    about: _Pixels
    count: int

    def __call__(self, folder: Path, progress: Progress) -> Reader:
        shape = (self.count, self.about.side, self.about.side, self.about.channels)
        file = folder / "pixels.npy"
        array = np.lib.format.open_memmap(file, "w+", np.uint8, shape)
        reasons: dict[int, str] = {}
        done = 0
        for frame in self.table.frames():
            images, bad = _to_images(frame, self.about)
            array[done : done + len(images)] = images
            reasons |= {done + i: reason for i, reason in bad.items()}
            done += len(images)
            progress(done, self.count)
        array.flush()
        return ArrayReader((file,), range(self.count), reasons)
