"""Images in named rows, as one picture: for a file, a card or a notebook."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from aecore.data import to_uint8

SIDE = 64
"""Pixels of an image's side in the picture, at least."""
GAP = 4


def picture(rows: Mapping[str, np.ndarray | torch.Tensor], side: int = SIDE) -> Image.Image:
    """Rows of images below each other, each with its name before it.

    A row is N x C x H x W, uint8 or float in [0, 1] (what lies outside is clipped). Images are enlarged by a
    whole factor, without blur. ValueError for rows of other shapes or of different sizes.
    """
    arrays = {name: _uint8(name, images) for name, images in rows.items()}
    sizes = {array.shape[2:] for array in arrays.values()}
    if len(sizes) != 1:
        raise ValueError("a picture needs one row of images or more, all of one size")
    ((height, width),) = sizes
    times = max(1, -(-side // height))
    high, wide = height * times, width * times
    font = ImageFont.load_default(15)
    left = round(max(font.getlength(name) for name in arrays)) + 20
    most = max(map(len, arrays.values()))
    found = Image.new("RGB", (left + (wide + GAP) * most, (high + GAP) * len(arrays) + GAP), "white")
    pen = ImageDraw.Draw(found)
    for i, (name, images) in enumerate(arrays.items()):
        top = GAP + i * (high + GAP)
        pen.text((left - 10, top + high // 2), name, "#23272e", font, anchor="rm")
        for j, image in enumerate(images):
            rgb = np.repeat(image, 3, axis=0) if len(image) == 1 else image
            enlarged = rgb.transpose(1, 2, 0).repeat(times, axis=0).repeat(times, axis=1)
            found.paste(Image.fromarray(enlarged), (left + j * (wide + GAP), top))
    return found


def _uint8(name: str, images: np.ndarray | torch.Tensor) -> np.ndarray:
    array = np.asarray(images)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or not array.size:
        raise ValueError(f"the row {name} must be images N x C x H x W, grey or in colour, not {array.shape}")
    return array if array.dtype == np.uint8 else to_uint8(array)
