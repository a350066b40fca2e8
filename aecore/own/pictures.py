"""An image file's bytes to pixels of one size.

By Pillow, which does in a few milliseconds of import what torchvision's transforms do with the same images
after seconds: a resize here is torchvision's `Resize` with `CenterCrop` or `Pad`, to the bit.
"""

from __future__ import annotations

import io
import warnings
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from aecore.own.limits import LARGEST_FILE, LARGEST_IMAGE
from aecore.own.source import Unreadable

Fit = Literal["crop", "pad", "stretch"]

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".ico")

TURNED = ("JPEG", "MPO", "TIFF", "WEBP")
"""Formats that say which side is up in data of their own."""

# Images larger than Pillow warns of are refused by `LARGEST_IMAGE`; odd but readable files are read.
warnings.filterwarnings("ignore", module=r"PIL\.")

COLOURED = 8
"""Grey levels by which a pixel's channels must differ for an image to be called coloured: JPEG makes grey
ones differ by a few."""


def decode(content: bytes) -> Image.Image | Unreadable:
    """An image file as mode L or RGB, upright; the reason where it can't be read.

    Of an animation the first picture; transparent parts on white; 16 bits as 8.
    """
    if not content:
        return Unreadable("the file is empty")
    if len(content) > LARGEST_FILE:
        return Unreadable(f"the file has {len(content) >> 20} MiB, and at most {LARGEST_FILE >> 20} are read")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        width, height = image.size
        if width * height > LARGEST_IMAGE:
            return Unreadable(
                f"it is {width:,} x {height:,} pixels, and at most {LARGEST_IMAGE // 10**6} million are read"
            )
        # To ask a file that has no such data takes as long as to decode a small image.
        turned = image.format in TURNED or "exif" in image.info
        return _plain(ImageOps.exif_transpose(image) if turned else image)
    # Pillow's decoders raise whatever a damaged file leads them to.
    except Exception as error:
        return Unreadable(_reason(error))


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:120]
    if "cannot identify" in text:
        return "it is no image of a known kind, or it is damaged"
    return f"it is damaged: {text}" if text else "it is damaged"


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB"):
        image.load()
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith(("I", "F")):
        return _narrowed(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        clear = image.convert("RGBA")
        page = Image.new("RGBA", clear.size, "white")
        plain = Image.alpha_composite(page, clear).convert("RGB")
        return plain.convert("L") if image.mode == "LA" else plain
    return image.convert("RGB")


def _narrowed(image: Image.Image) -> Image.Image:
    """16 bits (or 32, or floats) a pixel as 8: a file says no range but its type's, of which 16 bits is the
    usual one; floats are taken for shares of white where they stay within 0 and 1."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ValueError("it holds values that are no numbers")
    if image.mode == "F":
        white = 1.0 if values.max(initial=0) <= 1 else 255.0 if values.max(initial=0) <= 255 else 65535.0
    else:
        white = 65535.0 if values.max(initial=0) > 255 or image.mode.startswith("I;16") else 255.0
    return Image.fromarray((np.clip(values / white, 0, 1) * 255).round().astype(np.uint8))


def is_coloured(image: Image.Image) -> bool:
    """Whether an image has pixels that are plainly not grey."""
    if image.mode != "RGB":
        return False
    small = np.asarray(image.resize((min(image.width, 64), min(image.height, 64)))).astype(np.int16)
    return bool(((small.max(-1) - small.min(-1)) > COLOURED).mean() > 0.01)


def fitted(image: Image.Image, size: tuple[int, int], channels: int, fit: Fit) -> np.ndarray:
    """An image (mode L or RGB) as uint8 C x H x W of the given (height, width)."""
    pixels = np.asarray(of_size(image, size, channels, fit))
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def of_size(image: Image.Image, size: tuple[int, int], channels: int, fit: Fit) -> Image.Image:
    """An image (mode L or RGB) in grey or colour, of the given (height, width).

    crop: resized until it covers that size, and the middle cut out; pad: resized until it fits in, on black;
    stretch: resized without regard to its proportions. All bilinear, smoothed where it shrinks.
    """
    height, width = size
    mode = "L" if channels == 1 else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if (image.height, image.width) != size:
        if fit == "stretch":
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        elif fit == "crop":
            image = _cropped(image, height, width)
        else:
            image = _padded(image, height, width)
    return image


def _cropped(image: Image.Image, height: int, width: int) -> Image.Image:
    scale = max(height / image.height, width / image.width)
    inner = (max(width, int(image.width * scale)), max(height, int(image.height * scale)))
    if image.size != inner:
        image = image.resize(inner, Image.Resampling.BILINEAR)
    left, top = round((inner[0] - width) / 2), round((inner[1] - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _padded(image: Image.Image, height: int, width: int) -> Image.Image:
    scale = min(height / image.height, width / image.width)
    inner = (min(width, max(1, int(image.width * scale))), min(height, max(1, int(image.height * scale))))
    if image.size != inner:
        image = image.resize(inner, Image.Resampling.BILINEAR)
    page = Image.new(image.mode, (width, height))
    page.paste(image, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return page


def from_array(pixels: np.ndarray) -> Image.Image:
    """uint8 H x W x C with one or three channels as an image of mode L or RGB."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else np.ascontiguousarray(pixels))
