"""Images on a page: crisp enlargements, signed differences, and a wall of small figures that wraps.

Images are arrays C x H x W or N x C x H x W in [0, 1]; grey ones are shown on that scale, never
stretched, and never blurred.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

STOPS_FROM = 64
"""Pixels of a picture's own width or height from which it is a stop of the tab key."""


@dataclass(frozen=True)
class Figure:
    """One cell of a wall: images side by side with a line of text under them."""

    images: Sequence[np.ndarray]
    """Each H x W x 3 uint8, as `to_rgb` and `difference_rgb` give them."""
    caption: str = ""
    alt: str = ""
    """What a screen reader says; the caption if empty."""


def to_rgb(image: Any) -> np.ndarray:
    """C x H x W in [0, 1] (or uint8) to H x W x 3 uint8; what lies outside [0, 1] is clipped."""
    from aecore.data import to_uint8

    array = np.asarray(image)
    if array.dtype != np.uint8:
        array = to_uint8(array)
    return np.repeat(array, 3, axis=0).transpose(1, 2, 0) if len(array) == 1 else array.transpose(1, 2, 0)


def difference_rgb(difference: Any, limit: float = 1.0) -> np.ndarray:
    """Signed difference C x H x W as H x W x 3 uint8: red above zero, blue below, white at zero.

    The palette ends at -limit and limit; channels are averaged.
    """
    d = np.clip(np.asarray(difference, dtype=np.float32).mean(axis=0) / limit, -1, 1)[..., None]
    red, blue = np.array([178, 24, 43]), np.array([33, 102, 172])
    color = np.where(d > 0, red, blue)
    return (255 + (color - 255) * np.abs(d)).round().astype(np.uint8)


def png(rgb: np.ndarray) -> bytes:
    """H x W x 3 uint8 as a PNG file's bytes, at its own size."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "PNG")
    return buffer.getvalue()


def tag(rgb: np.ndarray, width: int | str, alt: str = "") -> str:
    """An <img> of that width (pixels, or a CSS length), enlarged without blur.

    A click opens it large (aecore/web/enlarge), and Enter where the keyboard reaches it, which every
    thumbnail would be a stop too many for.
    """
    size = f"{width}px" if isinstance(width, int) else width
    stop = 'tabindex="0" ' if max(rgb.shape[:2]) >= STOPS_FROM else ""
    return (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png(rgb)).decode()}" '
        f'{stop}style="width:{size};height:auto;image-rendering:pixelated;border-radius:2px">'
    )


def draw_wall(figures: Sequence[Figure], width: int = 64) -> None:
    """Draws figures in rows that wrap to the page's width; `width` is each image's in pixels."""
    cells = []
    for figure in figures:
        alt = figure.alt or figure.caption
        images = "".join(tag(image, width, alt) for image in figure.images)
        text = html.escape(figure.caption)
        cells.append(
            '<figure style="margin:0"><div style="display:flex;gap:2px">'
            f'{images}</div><figcaption style="font-size:0.8rem;opacity:0.75;text-align:center">{text}'
            "</figcaption></figure>"
        )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:14px 18px">{"".join(cells)}</div>')


def draw_rows(rows: Mapping[str, Any], side: int = 64) -> None:
    """Rows of images, each N x C x H x W in [0, 1] or uint8 under its name; `side` is the largest on screen.

    Images of one column stand under each other, and shrink with the page.
    """
    cells = []
    for name, row in rows.items():
        text = html.escape(name)
        cells.append(f'<div style="font-size:0.8rem;opacity:0.75;align-self:center">{text}</div>')
        cells += [tag(to_rgb(image), "100%", f"{name}, {i + 1}") for i, image in enumerate(row)]
    count = max(len(row) for row in rows.values())
    st.html(
        f'<div data-rows="{len(rows)}" style="display:grid;gap:4px;max-width:{104 + count * (side + 4)}px;'
        f'grid-template-columns:6.2rem repeat({count},minmax(0,{side}px))">{"".join(cells)}</div>'
    )


def mosaic(images: np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """N x C x H x W in [0, 1] or uint8 as one picture, H' x W' x 3 uint8, `columns` wide, with white gaps."""
    rgb = np.stack([to_rgb(image) for image in images])
    n, height, width, _ = rgb.shape
    rows = -(-n // columns)
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=np.uint8)
    for i, image in enumerate(rgb):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture
