"""Tensors as whole multiples of one step, deflated: how the weights of shipped networks are stored.

A packed tensor stands in a file of safetensors under its own name, as bytes; its shape and its step stand in
the file's metadata. Who rounds weights, and how, is told in `aecore.gallery.rounding`.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aecore.files import LARGEST_TENSORS, StoreError, parse_json
from aecore.records import Record

if TYPE_CHECKING:
    from torch import Tensor

KEY = "packed"
"""Of the file's metadata."""
LARGEST_LEVEL = 127
"""Of an int8; levels lie from -127 to 127."""


class Levels(NamedTuple):
    """A tensor whose values are `step` times whole numbers."""

    values: Tensor
    """int8, of the tensor's shape."""
    step: float


@dataclass(frozen=True)
class Packing(Record):
    """What the metadata say of one packed tensor."""

    shape: tuple[int, ...]
    step: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(size >= 0 for size in self.shape) or 4 * math.prod(self.shape) > LARGEST_TENSORS:
            raise ValueError("the shape of a packed tensor can't be used")
        if not 0 < self.step < math.inf:
            raise ValueError(f"the step of a packed tensor must be a positive number, not {self.step}")


def pack(levels: Mapping[str, Levels]) -> tuple[dict[str, Tensor], str]:
    """What stands in the file for these tensors: bytes by name, and the entry of the metadata."""
    import numpy as np
    import torch

    packed, about = {}, {}
    for name, (values, step) in levels.items():
        content = _deflated(values.numpy().tobytes())
        packed[name] = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
        about[name] = Packing(tuple(values.shape), step).to_dict()
    return packed, json.dumps(about)


def _deflated(content: bytes) -> bytes:
    """As a stream of zlib. In weights the repetitions that it looks for are chance, and save nothing."""
    streams = []
    for strategy in (zlib.Z_HUFFMAN_ONLY, zlib.Z_DEFAULT_STRATEGY):
        stream = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
        streams.append(stream.compress(content) + stream.flush())
    return min(streams, key=len)


def packings(metadata: Mapping[str, str], source: str) -> dict[str, Packing]:
    """What a file's metadata say of its packed tensors; StoreError, naming the `source`, for bad ones."""
    values: Any = parse_json(metadata.get(KEY, "{}"), source)
    if not isinstance(values, dict):
        raise StoreError(f"{source} can't be read: {KEY} must hold a JSON object")
    try:
        return {name: Packing.from_dict(one) for name, one in values.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"{source} can't be read: {error}") from error


def unpack(content: Tensor, packing: Packing, source: str) -> Tensor:
    """The float32 tensor; StoreError where the bytes hold another number of values."""
    import numpy as np
    import torch

    size = math.prod(packing.shape)
    stream = zlib.decompressobj()
    try:
        # Never more than the tensor has, whatever the bytes would become.
        levels = stream.decompress(content.contiguous().view(torch.uint8).numpy().tobytes(), size + 1)
    except zlib.error as error:
        raise StoreError(f"{source} is damaged: {error}") from error
    if len(levels) != size:
        raise StoreError(f"{source} is damaged: a packed tensor does not hold the {size:,} values it should")
    values = np.frombuffer(levels, np.int8).astype(np.float32) * np.float32(packing.step)
    return torch.from_numpy(values.reshape(packing.shape))
