"""Arrays in the form in which they are sent to a browser; `fromBase64` of `common.js` reads it."""

from __future__ import annotations

import base64

import numpy as np


class Base64(str):
    """Bytes as text, told apart from other text by what sends them otherwise, as the exported file does."""

    __slots__ = ("itemsize",)

    itemsize: int
    """Bytes of one number."""

    def bytes(self) -> bytes:
        """What the text stands for."""
        return base64.b64decode(self)


def encoded(values: np.ndarray) -> Base64:
    """The array's bytes, little-endian, as base64: JSON is what a component's data goes through.

    Streamlit's components take bare bytes too, but only as all of their data, and Arrow tables only of whole
    columns.
    """
    array = np.asarray(values)
    text = Base64(base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode())
    text.itemsize = array.itemsize
    return text
