"""Pictures as the bytes of files to be saved."""

from __future__ import annotations

import io

import numpy as np

from pages.shared import images

SIDE = 112
"""Height of one picture in a saved file, at least, in pixels; whole multiples keep the pixels crisp."""


def _enlarged(picture: np.ndarray, height: int) -> np.ndarray:
    times = max(1, -(-SIDE // height))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def strip_png(*rows: np.ndarray) -> bytes:
    """Rows of T images each (T x C x H x W in [0, 1]) under each other."""
    picture = images.mosaic(np.concatenate(rows), columns=len(rows[0]))
    return images.png(_enlarged(picture, rows[0].shape[2]))


def gif(frames: np.ndarray, milliseconds: int = 40) -> bytes:
    """T images (T x C x H x W in [0, 1]) there and back, without end."""
    from PIL import Image

    pictures = [Image.fromarray(_enlarged(images.to_rgb(frame), frames.shape[2])) for frame in frames]
    buffer = io.BytesIO()
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    there_and_back[0].save(
        buffer, "GIF", save_all=True, append_images=there_and_back[1:], duration=milliseconds, loop=0
    )
    return buffer.getvalue()
