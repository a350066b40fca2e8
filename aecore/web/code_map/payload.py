"""What the map's Python and its JavaScript say to each other, as compact bytes and text."""

from __future__ import annotations

import base64
import io
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from aecore.palette import CLASS_COLORS
from aecore.web.arrays import encoded

NO_CLASS = 65535
NAMED = 20
"""Classes whose names are written on a map, at most."""

VIRIDIS = (
    "#440154",
    "#482475",
    "#414487",
    "#355f8d",
    "#2a788e",
    "#21918c",
    "#22a884",
    "#44bf70",
    "#7ad151",
    "#bddf26",
    "#fde725",
)
"""Even in lightness and safe for colour blindness (van der Walt & Smith 2015), low to high."""

_BUDGET = 2_200_000
_A_PICTURE = 70
"""Bytes of each picture that are allowed where they are so many that this is more."""
_LARGEST_TILE = 32
_LARGEST_SHEET = 1 << 24
"""Pixels of all pictures together: a browser holds four bytes of each, here 67 MB."""
_QUALITIES = (None, 75, 50, 30, 15)  # None is lossless


@dataclass(frozen=True)
class Atlas:
    """Small pictures of all images in one image file, for the browser to cut from."""

    message: bytes = field(repr=False)
    """Header length (uint32), header (JSON), image file."""
    id: str
    """Checksum of the content."""
    count: int
    """Number of pictures."""


@dataclass(frozen=True)
class PointSet:
    """Points on a map, with what is known of each; arrays of length N."""

    points: np.ndarray
    """float32, N x 2."""
    labels: np.ndarray | None = None
    """Index into the map's class names; None where there are no classes."""
    values: np.ndarray | None = None
    """Numbers to colour by; what is not finite stays grey."""
    pictures: np.ndarray | None = None
    """Index of each point's picture in the atlas; 0 to N - 1 if None, -1 for no picture."""
    numbers: np.ndarray | None = None
    """The number a person knows each point by; 0 to N - 1 if None."""
    name: str = ""
    """What the legend says of these points where the map holds two sets."""
    marker: str = "dot"
    """dot, ring or cross."""

    def encoded(self, with_values: bool) -> dict[str, Any]:
        """As the browser reads it. Raises ValueError where arrays do not fit the points."""
        points = np.ascontiguousarray(self.points, dtype=np.float32)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"points must be N x 2, not {' x '.join(map(str, points.shape))}")
        if not np.isfinite(points).all():
            raise ValueError("points must be finite numbers")
        if self.marker not in ("dot", "ring", "cross"):
            raise ValueError(f"marker must be dot, ring or cross, not {self.marker}")
        n = len(points)
        labels = np.full(n, NO_CLASS) if self.labels is None else self.labels
        values = np.full(n, np.nan) if self.values is None else self.values
        arrays = {
            "labels": (labels, "<u2"),
            "pictures": (np.arange(n) if self.pictures is None else self.pictures, "<i4"),
            "numbers": (np.arange(n) if self.numbers is None else self.numbers, "<i4"),
        }
        if with_values:
            arrays["values"] = (values, "<f4")
        for name, (array, _) in arrays.items():
            if np.shape(array) != (n,):
                raise ValueError(f"{name} must be one for each of the {n} points, not {np.shape(array)}")
        texts = {name: encoded(np.asarray(array).astype(kind)) for name, (array, kind) in arrays.items()}
        return texts | {"n": n, "xy": encoded(points), "name": self.name, "marker": self.marker}


@dataclass(frozen=True)
class Scale:
    """Colouring by a number."""

    title: str
    """With its unit, as the colour bar says it."""
    low: float
    high: float
    palette: Sequence[str] = VIRIDIS

    @classmethod
    def of(cls, title: str, values: np.ndarray, palette: Sequence[str] = VIRIDIS) -> Scale:
        """From the 1st to the 99th percentile, so that one outlier does not take all the colours."""
        known = np.asarray(values, dtype=np.float64)
        known = known[np.isfinite(known)]
        low, high = np.percentile(known, (1, 99)) if len(known) else (0, 1)
        return cls(title, float(low), float(high), palette)


@dataclass(frozen=True)
class MapState:
    """What a person chose on the map. Indices count the points, then those of the second set."""

    selected: np.ndarray | None = None
    """int64, ascending; empty where the outline held no point; None where nothing is selected."""
    picked: int | None = None
    """The clicked point."""
    place: tuple[float, float] | None = None
    """The clicked empty place, in the map's coordinates."""


def map_data(
    points: PointSet,
    *,
    identity: str,
    atlas: Atlas | None = None,
    class_names: Sequence[str] = (),
    colors: Sequence[str] = CLASS_COLORS,
    scale: Scale | None = None,
    second: PointSet | None = None,
    rings: Mapping[str, tuple[str, Sequence[int]]] | None = None,
    axes: tuple[str, str] = ("", ""),
    ticks: bool = True,
    equal_axes: bool = True,
    decode_plane: bool = False,
    mode: Literal["pan", "rectangle", "lasso"] = "lasso",
    point_name: str = "image",
    label: str = "Map of codes",
    projection: str = "",
    height: int = 560,
    flow: str | None = None,
    forming: bool = False,
    name_classes: bool = False,
) -> dict[str, Any]:
    """What `map.js` draws, but for its `key` and what is `selected` at first.

    `identity` says which images these are (data set and choice of images, not run or projection): as long
    as it stays, the selection stays, whatever is drawn. Zoom stays as long as the points do. Points are
    coloured by class, or by their `values` where a `scale` is given. `rings` draws circles around points,
    `{name: (colour, indices)}`. `second` is drawn over the first set, with a line to the same image in it
    at the pointer. With `decode_plane` a click beside all points reports the place. `flow` names what moves
    the points: frames of that name, see `frames_data`, and, where it stays while the points change, a glide
    from where they were. A map that is `forming` stands where the frames that have come have left it. With
    `name_classes` each of at most `NAMED` classes has its name in the middle of its points. `projection` says
    in a saved table what the places are. Raises ValueError where arrays do not fit the points, or a label has
    no name.
    """
    sets = [points] if second is None else [points, second]
    encoded_sets = [one.encoded(scale is not None) for one in sets]
    largest = max((int(np.max(s.labels)) for s in sets if s.labels is not None and len(s.labels)), default=-1)
    if largest >= len(class_names):
        raise ValueError(f"label {largest} has no name among {len(class_names)} classes")
    plane = checksum(axes, *(one["xy"] for one in encoded_sets))
    return {
        "identity": identity,
        "plane": plane,
        "sets": encoded_sets,
        "classes": list(class_names),
        "colors": list(colors),
        "scale": scale and {**vars(scale), "palette": list(scale.palette)},
        "rings": _rings(rings or {}),
        "axes": list(axes),
        "ticks": ticks,
        "equal": equal_axes,
        "decode_plane": decode_plane,
        "mode": mode,
        "point_name": point_name,
        "label": label,
        "projection": projection,
        "height": height,
        "atlas": atlas.id if atlas else None,
        "flow": flow,
        "forming": forming,
        "name_classes": name_classes and 1 < len(class_names) <= NAMED,
    }


def _rings(rings: Mapping[str, tuple[str, Sequence[int]]]) -> list[dict[str, object]]:
    return [
        {"name": name, "color": color, "indices": [int(i) for i in indices]}
        for name, (color, indices) in rings.items()
    ]


def thumbnail_atlas(images: np.ndarray) -> Atlas:
    """Pictures of images uint8 N x C x H x W, C being 1 or 3, in at most about 2.2 MB, or 70 bytes each.

    Lossless where that is small enough (10,000 of MNIST take 1.5 MB, 60,000 at half the size 3.8); else in
    lower quality, at last at half the size. Images above 32 pixels are reduced to that.
    """
    from PIL import Image

    images = np.asarray(images)
    _check(images)
    content, budget = b"", max(_BUDGET, _A_PICTURE * len(images))
    tiles = reduced(images, _LARGEST_TILE)
    while tiles[:, 0].size > _LARGEST_SHEET and max(tiles.shape[2:]) > 8:
        tiles = reduced(images, max(tiles.shape[2:]) // 2)
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            options = {"lossless": True, "quality": 20} if quality is None else {"quality": quality}
            Image.fromarray(_sheet(tiles)).save(buffer, "WEBP", method=1, **options)
            content = buffer.getvalue()
            if len(content) <= budget:
                return _atlas(tiles, content)
        if max(tiles.shape[2:]) <= 8:
            return _atlas(tiles, content)
        tiles = reduced(images, max(tiles.shape[2:]) // 2)


def compact_atlas(images: np.ndarray, half: bool = False) -> Atlas:
    """The same pictures in little more than half the bytes, for a file that is sent around.

    Either in 16 levels without further loss, or as WEBP does it, whichever is smaller: strokes are small in
    the first, photographs in the second. `half` is their half size.
    """
    from PIL import Image

    _check(images)
    tiles = reduced(images, _LARGEST_TILE)
    if half:
        tiles = reduced(tiles, max(1, max(tiles.shape[2:]) // 2))
    sheet = _sheet(tiles)
    contents = []
    for pixels, options in (
        ((sheet / 17.0).round().astype(np.uint8) * 17, {"lossless": True, "quality": 20, "method": 1}),
        (sheet, {"quality": 60, "method": 2}),
    ):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", **options)
        contents.append(buffer.getvalue())
    return _atlas(tiles, min(contents, key=len))


def _check(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError(f"images must be uint8 N x 1 or 3 x H x W, not {images.dtype} {images.shape}")


def _columns(tiles: np.ndarray) -> int:
    return math.ceil(math.sqrt(len(tiles)))


def _sheet(tiles: np.ndarray) -> np.ndarray:
    n, channels, height, width = tiles.shape
    columns = _columns(tiles)
    rows = -(-n // columns)
    whole = np.zeros((rows * columns, channels, height, width), dtype=np.uint8)
    whole[:n] = tiles
    sheet = whole.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return np.ascontiguousarray(np.repeat(sheet, 3 // channels, axis=2))


def reduced(images: np.ndarray, largest: int) -> np.ndarray:
    """Images uint8 N x C x H x W with their longer side at most `largest`, by the mean over areas."""
    height, width = images.shape[2:]
    if max(height, width) <= largest:
        return images
    from torch import cat, from_numpy
    from torch.nn.functional import interpolate

    from aecore.data import in_parts

    factor = largest / max(height, width)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    parts = in_parts(from_numpy(images))
    return cat([interpolate(x.float(), size=size, mode="area").round().byte() for x in parts]).numpy()


def _atlas(tiles: np.ndarray, content: bytes) -> Atlas:
    identity = f"{zlib.crc32(content):08x}-{len(tiles)}"
    header = {
        "id": identity,
        "type": "image/webp",
        "width": tiles.shape[3],
        "height": tiles.shape[2],
        "columns": _columns(tiles),
    }
    words = json.dumps(header).encode()
    return Atlas(len(words).to_bytes(4, "little") + words + content, identity, len(tiles))


def mask_text(indices: np.ndarray | Sequence[int], n: int) -> str:
    """Indices below n as one bit a point, base64."""
    mask = np.zeros(n, dtype=bool)
    chosen = np.asarray(indices, dtype=np.int64)
    mask[chosen[(chosen >= 0) & (chosen < n)]] = True
    return encoded(np.packbits(mask, bitorder="little"))


def read_state(
    selection: Any, pick: Any, identity: str, plane: str, n: int, first: str | None = None
) -> MapState:
    """What the browser reported of these images and this plane, and `first` until it reports a selection.

    Whatever is of another kind, or speaks of other images or another plane, is left out.
    """
    selection = selection if isinstance(selection, Mapping) else {}
    pick = pick if isinstance(pick, Mapping) else {}
    picked = place = None
    selected = _indices(selection.get("mask") if selection.get("identity") == identity else first, n)
    index = pick.get("index")
    if pick.get("identity") == identity and isinstance(index, int) and 0 <= index < n:
        picked = index
    x, y = pick.get("x"), pick.get("y")
    if pick.get("plane") == plane and isinstance(x, int | float) and isinstance(y, int | float):
        place = (float(x), float(y))
    return MapState(selected, picked, place)


def _indices(mask: Any, n: int) -> np.ndarray | None:
    try:
        packed = np.frombuffer(base64.b64decode(mask, validate=True), dtype=np.uint8)
    except (TypeError, ValueError):  # no selection, or none of ours
        return None
    indices = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
    return indices[indices < n]  # a second set may have come or gone since


def checksum(*parts: Any) -> str:
    """Eight hexadecimal digits that depend on text and arrays."""
    total = 0
    for part in parts:
        data = part.tobytes() if isinstance(part, np.ndarray) else str(part).encode()
        total = zlib.crc32(data, total)
    return f"{total:08x}"
