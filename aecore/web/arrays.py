"""Arrays in the form in which they are sent to a browser; `fromBase64` of `common.js` reads it."""

from __future__ import annotations

import base64

import numpy as np


def encoded(values: np.ndarray) -> str:
    """The array's bytes, little-endian, as base64: JSON is what a component's data goes through.

    Streamlit's components take bare bytes too, but only as all of their data, and Arrow tables only of whole
    columns.
    """
    array = np.asarray(values)
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
