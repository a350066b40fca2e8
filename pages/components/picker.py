"""Two ways to choose an image in the browser: a click on one of many, and drawing one by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from aecore.web.arrays import encoded
from pages.components.loader import component

_thumbnails = component("thumbnails", "picker", "thumbnails")
_canvas = component("drawing", "picker", "draw")
_opener = component("opener", "picker", "opener")


def thumbnails(
    images: np.ndarray, numbers: Sequence[int], chosen: int, *, key: str, on_pick: Callable[[], None]
) -> None:
    """Images uint8 N x C x H x W as buttons; a click puts its number into the state at `key`, as `picked`."""
    data = {
        "images": encoded(images),
        "shape": list(images.shape[1:]),
        "numbers": list(numbers),
        "chosen": chosen,
    }
    _thumbnails(data=data, key=key, on_picked_change=on_pick)


def drawing_canvas(ink: str, side: int, *, key: str) -> str | None:
    """A canvas to draw on, white on black; returns what is drawn, None before the first stroke.

    The ink is side x side bytes as base64, empty where nothing is drawn; `ink` is what a canvas starts with.
    """
    return _canvas(data={"ink": ink, "side": side}, key=key, on_ink_change=lambda: None).ink


def opened_image(*, key: str) -> int | None:
    """The number in `data-open` of what was clicked on the page since its last run; None for nothing."""
    number = _opener(key=key, on_opened_change=lambda: None).opened
    return number if isinstance(number, int) else None
