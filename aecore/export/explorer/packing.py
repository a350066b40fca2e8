"""Data for the file: JSON with its arrays as bytes beside it, compressed, as text. `unpack.js` reads it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from aecore.web.arrays import Base64


def packed(data: Mapping[str, Any]) -> str:
    """A length (uint32), the JSON of that length, the arrays' bytes; gzip, base64.

    What `aecore.web.arrays.encoded` made becomes `{"$bytes": [start, length, itemsize]}` in the JSON. The
    bytes of its numbers are laid out as all first ones, then all second ones, and so on: neighbouring numbers
    are alike in their high bytes, and stand where the compression sees it.
    """
    parts: list[bytes] = []
    length = 0

    def apart(value: Any) -> Any:
        nonlocal length
        if isinstance(value, Base64):
            raw = value.bytes()
            place = [length, len(raw), value.itemsize]
            parts.append(np.frombuffer(raw, np.uint8).reshape(-1, value.itemsize).T.tobytes())
            length += len(raw)
            return {"$bytes": place}
        if isinstance(value, Mapping):
            return {str(key): apart(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [apart(one) for one in value]
        return value

    head = json.dumps(apart(data), separators=(",", ":"), allow_nan=False).encode()
    content = b"".join([len(head).to_bytes(4, "little"), head, *parts])
    # Without the time of making: the same run gives the same file.
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
