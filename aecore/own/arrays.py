"""Images in NumPy's files: .npy, and .npz with classes beside them. No pickle is ever read."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np

from aecore.own.limits import LARGEST_TABLE, MOST_CLASSES, SourceError, check_count, check_unpacked
from aecore.own.source import Progress, Reader, Source, Unreadable

HEAD = 512
"""Images of a packed array that are looked at before the whole is unpacked."""
CHUNK = 1 << 24
"""Bytes unpacked between two reports."""

IMAGES = ("x", "X", "images", "data", "arr_0")
LABELS = ("y", "Y", "labels", "label", "target", "targets", "classes")
SPLITS = (
    (("x_train", "y_train"), ("x_test", "y_test")),
    (("X_train", "y_train"), ("X_test", "y_test")),
    (("train_images", "train_labels"), ("val_images", "val_labels"), ("test_images", "test_labels")),
)
"""Names under which training and test images are kept in one file; the last part is the test images."""


class Header(NamedTuple):
    """What a .npy file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool
    """Whether it is stored in Fortran's order, which can't be read image by image."""


def view(array: np.ndarray) -> np.ndarray:
    """An array of images as N x H x W x C, whatever order its axes have.

    N x H x W, N x H x W x C, N x C x H x W with 1 or 3 channels, or N x P, whose P values are a square image.
    SourceError for other shapes.
    """
    shape = array.shape
    if array.ndim == 3:
        return array[..., None]
    if array.ndim == 4 and shape[-1] in (1, 3):
        return array
    if array.ndim == 4 and shape[1] in (1, 3):
        return array.transpose(0, 2, 3, 1)
    if array.ndim == 2:
        for channels in (1, 3):
            side = math.isqrt(shape[1] // channels)
            if side >= 4 and side * side * channels == shape[1]:
                return array.reshape(len(array), side, side, channels)
    raise SourceError(
        f"an array of {' x '.join(map(str, shape)) or 'no axis'} is no images; they are N x H x W, "
        f"N x H x W x C "
        "or N x C x H x W with 1 or 3 channels"
    )


def check_dtype(dtype: np.dtype[Any], where: str) -> None:
    """SourceError for what is not numbers."""
    if dtype.hasobject:
        raise SourceError(f"{where} holds Python objects, which could run code when read: save plain numbers")
    if dtype.kind not in "buif":
        raise SourceError(f"{where} holds {dtype}, and pixels are uint8, or floats from 0 to 1")


def to_bytes(images: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
    """Images N x ... of any numbers as uint8, and why some of them can't be: by their place.

    Whole numbers go from 0 to 255, floats from 0 to 1.
    """
    if images.dtype == np.uint8:
        return images, {}
    if images.dtype == np.bool_:
        return images.astype(np.uint8) * 255, {}
    white = 1 if images.dtype.kind == "f" else 255
    flat = images.reshape(len(images), -1)
    reasons = {}
    finite = np.isfinite(flat).all(1)
    with np.errstate(invalid="ignore"):
        low, high = flat.min(1, initial=0), flat.max(1, initial=0)
    for i in np.flatnonzero(~finite):
        reasons[int(i)] = "it holds values that are no numbers (NaN or infinite)"
    for i in np.flatnonzero(finite & ((low < 0) | (high > white))):
        reasons[int(i)] = f"its values go from {low[i]:g} to {high[i]:g}, not from 0 to {white}"
    scaled = np.nan_to_num(images, nan=0, posinf=0, neginf=0).clip(0, white) * (255 / white)
    return np.rint(scaled).astype(np.uint8), reasons


@dataclass(frozen=True)
class ArrayReader(Reader):
    """Images in .npy files, one after the other, which are mapped and not loaded."""

    files: tuple[Path, ...]
    numbers: Sequence[int]
    """Places over all files together."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """Images that are known to be unreadable."""

    def part(self, numbers: Sequence[int]) -> ArrayReader:
        return replace(self, numbers=[self.numbers[i] for i in numbers])

    def read(self) -> Iterator[np.ndarray | Unreadable]:
        images, reasons = self.block()
        for i in range(len(self.numbers)):
            yield Unreadable(reasons[i]) if i in reasons else images[i]

    def block(self) -> tuple[np.ndarray, dict[int, str]]:
        """All its images at once, uint8 N x H x W x C, and those that can't be read, by place among them."""
        arrays = [view(np.load(file, mmap_mode="r", allow_pickle=False)) for file in self.files]
        ends = np.cumsum([len(array) for array in arrays])
        numbers = np.asarray(self.numbers, dtype=np.int64)
        owner = np.searchsorted(ends, numbers, side="right")
        found = np.empty((len(numbers), *arrays[0].shape[1:]), np.uint8)
        reasons = {i: self.reasons[n] for i, n in enumerate(numbers.tolist()) if n in self.reasons}
        for k, array in enumerate(arrays):
            chosen = np.flatnonzero(owner == k)
            if len(chosen):
                rows = array[numbers[chosen] - (ends[k - 1] if k else 0)]
                found[chosen], bad = to_bytes(rows)
                reasons |= {int(chosen[i]): reason for i, reason in bad.items()}
        return found, reasons


@dataclass(frozen=True)
class HeadReader(Reader):
    """Images at hand."""

    images: Sequence[np.ndarray | Unreadable]

    def part(self, numbers: Sequence[int]) -> HeadReader:
        return HeadReader([self.images[i] for i in numbers])

    def read(self) -> Iterator[np.ndarray | Unreadable]:
        return iter(self.images)


def open_npy(path: Path) -> Source:
    """An array of images; SourceError in one sentence where it can't be used."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, TokenError) as error:
        with path.open("rb") as file:
            header = _header(file, path.name)
        check_dtype(header.dtype, path.name)
        raise SourceError(f"{path.name} is damaged: {' '.join(str(error).split())}") from error
    check_dtype(array.dtype, path.name)
    images = view(array)
    _check_images(images.shape, path.name)
    reader = ArrayReader((path,), range(len(images)))
    return Source(path, "an array of images", _numbers(len(images)), None, None, (), reader)


def open_npz(path: Path) -> Source:
    """Arrays of images, and their classes where there are any; SourceError where they can't be used."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        raise SourceError(f"{path.name} is no .npz file that can be read: {error}") from error
    with archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        check_unpacked(archive.infolist())
        chosen = _parts(path.name, list(members))
        try:
            headers = {name: _member_header(archive, members[name], path.name) for name, *_ in chosen}
            head = _head(archive, members[chosen[0][0]], headers[chosen[0][0]])
            labels = [
                _labels(archive, members[y], f"{y} in {path.name}", headers[x].shape[0]) if y else None
                for x, y in chosen
            ]
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(f"{path.name} is damaged: {' '.join(str(error).split())}") from error
    shapes = {headers[x].shape[1:] for x, _ in chosen}
    if len(shapes) > 1:
        raise SourceError(f"{path.name}: {' and '.join(x for x, _ in chosen)} hold images of different sizes")
    counts = [headers[x].shape[0] for x, _ in chosen]
    parts = None
    if len(chosen) > 1:
        parts = [
            part
            for k, count in enumerate(counts)
            for part in [("test" if k == len(chosen) - 1 else "train")] * count
        ]
    known = [label for part in labels if part is not None for label in part]
    names = (
        _numbers(counts[0])
        if len(chosen) == 1
        else [f"{x}[{i}]" for (x, _), count in zip(chosen, counts, strict=True) for i in range(count)]
    )
    return Source(
        path,
        "arrays of images",
        names,
        known if all(part is not None for part in labels) and len(set(known)) > 1 else None,
        parts,
        (),
        HeadReader(head),
        reachable=len(head),
        prepare=_Unpack(path, tuple(x for x, _ in chosen)),
    )


@dataclass(frozen=True)
class _Unpack:
    """Writes an archive's arrays out, so that they can be mapped."""

    path: Path
    arrays: tuple[str, ...]

    def __call__(self, folder: Path, progress: Progress) -> Reader:
        with zipfile.ZipFile(self.path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            total, done = sum(members[name].file_size for name in self.arrays), 0
            files = []
            for k, name in enumerate(self.arrays):
                files.append(folder / f"{k}.npy")
                with archive.open(members[name]) as packed, files[-1].open("xb") as plain:
                    while chunk := packed.read(CHUNK):
                        plain.write(chunk)
                        done += len(chunk)
                        progress(done, total)
        try:
            count = sum(len(np.load(file, mmap_mode="r", allow_pickle=False)) for file in files)
        except (ValueError, EOFError, OSError) as error:
            raise SourceError(f"{self.path.name} is damaged: {' '.join(str(error).split())}") from error
        return ArrayReader(tuple(files), range(count))


def _parts(title: str, names: list[str]) -> list[tuple[str, str]]:
    """The arrays of images with those of their classes, or an empty text, training images first."""
    for split in SPLITS:
        there = [(x, y if y in names else "") for x, y in split if x in names]
        if len(there) > 1 and split[-1][0] in names:
            return there
    x = next((name for name in IMAGES if name in names), None)
    if x is None and len(names) == 1:
        x = names[0]
    if x is None:
        raise SourceError(
            f"{title} holds {', '.join(sorted(names)[:8]) or 'no array'}; images are called x (and "
            f"their classes "
            "y), or x_train, y_train, x_test, y_test"
        )
    return [(x, next((name for name in LABELS if name in names and name != x), ""))]


def _header(file: IO[bytes], where: str) -> Header:
    """What the start of a .npy file says; SourceError where it is none."""
    readers: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(f"its format {version} is not known here")
        shape, by_columns, dtype = readers[version](file)
    except (ValueError, EOFError, SyntaxError, TypeError, TokenError) as error:
        raise SourceError(
            f"{where} is no NumPy array that can be read: {' '.join(str(error).split())[:160]}"
        ) from error
    return Header(shape, dtype, by_columns)


def _member_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo, title: str) -> Header:
    where = f"{member.filename.removesuffix('.npy')} in {title}"
    if member.flag_bits & 1:
        raise SourceError(f"{title} is encrypted: save it without a password")
    with archive.open(member) as file:
        header = _header(file, where)
    check_dtype(header.dtype, where)
    if header.by_columns:
        raise SourceError(f"{where} is stored column by column: save it through numpy.ascontiguousarray")
    size = math.prod(header.shape) * header.dtype.itemsize
    if not size <= member.file_size <= size + (1 << 16):
        raise SourceError(
            f"{where} is damaged: its header tells of {size:,} bytes, and it has {member.file_size:,}"
        )
    # Of no bytes, but of the images' shape.
    _check_images(view(np.broadcast_to(np.zeros((), header.dtype), header.shape)).shape, where)
    return header


def _check_images(shape: tuple[int, ...], where: str) -> None:
    count, height, width, _ = shape
    if not count or not height or not width:
        raise SourceError(f"{where} holds no images: its shape is {' x '.join(map(str, shape))}")
    check_count(count)
    if count * math.prod(shape[1:]) > LARGEST_TABLE:
        raise SourceError(f"{where} holds more than {LARGEST_TABLE >> 30} GiB of pixels")


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header) -> list[np.ndarray | Unreadable]:
    """The first images of a packed array, each H x W x C."""
    rows = min(HEAD, header.shape[0])
    with archive.open(member) as file:
        _header(file, member.filename)
        size = math.prod(header.shape[1:]) * header.dtype.itemsize
        content = file.read(rows * size)
    images, reasons = to_bytes(view(np.frombuffer(content, header.dtype).reshape(rows, *header.shape[1:])))
    return [Unreadable(reasons[i]) if i in reasons else images[i] for i in range(rows)]


def _labels(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, count: int) -> list[str]:
    with archive.open(member) as file:
        header = _header(file, where)
    if header.dtype.hasobject:
        raise SourceError(f"{where} holds Python objects, which could run code when read: save plain numbers")
    if math.prod(header.shape) != count:
        raise SourceError(
            f"{where} has {' x '.join(map(str, header.shape))} values for {count:,} images; it "
            f"needs one for each"
        )
    with archive.open(member) as file:
        values = np.lib.format.read_array(file, allow_pickle=False).reshape(-1)
    return class_texts(values, where)


def class_texts(values: np.ndarray, where: str) -> list[str]:
    """Classes as texts: whole numbers without a point. SourceError where they are too many."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.rint(values)).any():
            raise SourceError(f"{where} holds fractions, and classes are whole numbers or names")
        values = values.astype(np.int64)
    texts = [str(value) for value in values.tolist()]
    if (found := len(set(texts))) > MOST_CLASSES:
        raise SourceError(f"{where} names {found:,} classes, and at most {MOST_CLASSES:,} are told apart")
    return texts


def _numbers(count: int) -> Sequence[str]:
    return _Numbers(count)


class _Numbers(Sequence[str]):
    """'0', '1', '2', ...: a million of them take no memory."""

    def __init__(self, count: int) -> None:
        self._range = range(count)

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, i: Any) -> Any:
        return [str(n) for n in self._range[i]] if isinstance(i, slice) else str(self._range[i])
