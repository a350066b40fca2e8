"""Results that take long, kept on disk under a name that holds all they were computed from.

So nothing kept is ever out of date: other weights, other images, another question or another version of this
program get another name. Whatever can't be read or written is computed, and costs time alone. Files are plain
arrays beside their check sum; what was longest unused goes when there is no room.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from aecore.cache import cache_root
from aecore.drafts import clear_drafts
from aecore.files import StoreError, read_regular, write_whole

LIMIT = 512
"""MB that all files may take together, unless AECORE_CACHE_MB says otherwise; 0 keeps none."""
LARGEST = 1 / 8
"""Share of these that one file may take."""
_SUM = 32
"""Bytes of a file's check sum, which stands before its content."""

_SKELETON = "value"
"""Name of the array that says, as JSON, how the others make a value."""

Arrays = dict[str, np.ndarray]
Value = TypeVar("Value")


def kept(name: str, made_from: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> Arrays:
    """What `compute` gives, from disk where it was computed before.

    `name` says what it is, in letters and hyphens; `made_from` is a `digest` of all that it depends on beside
    the code of this program.
    """
    path = _folder() / f"{name}-{digest(code_digest(), made_from)}"
    if (found := _read(path)) is not None:
        return found
    made = {key: np.asarray(value, order="C") for key, value in compute().items()}
    _write(path, made)
    return made


def kept_value(name: str, made_from: str, compute: Callable[[], Value], *kinds: type) -> Value:
    """As `kept`, for a value made of arrays, tensors, numbers, texts, None, tuples, lists, dictionaries and
    dataclasses; `kinds` are the dataclasses that it may hold. TypeError for anything else.
    """
    made: list[Value] = []

    def arrays() -> Arrays:
        made.append(compute())
        parts: Arrays = {}
        skeleton = json.dumps(_pack(made[0], parts, {kind.__name__ for kind in kinds})).encode()
        return parts | {_SKELETON: np.frombuffer(skeleton, np.uint8)}

    found = kept(name, made_from, arrays)
    if made:
        return made[0]
    known = {kind.__name__: kind for kind in kinds}
    return _unpack(json.loads(found[_SKELETON].tobytes()), found, known)


def _pack(value: Any, parts: Arrays, kinds: set[str]) -> Any:
    """What stands for a value in the skeleton; its arrays go to `parts`."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (tuple, list)):
        return {type(value).__name__: [_pack(part, parts, kinds) for part in value]}
    if isinstance(value, Mapping):
        return {"dict": [[_pack(part, parts, kinds) for part in pair] for pair in value.items()]}
    if is_dataclass(value) and type(value).__name__ in kinds:
        names = [field.name for field in fields(value) if field.init]
        packed = {name: _pack(getattr(value, name), parts, kinds) for name in names}
        return {"record": type(value).__name__, "fields": packed}
    kind = "array" if isinstance(value, np.ndarray) else "scalar" if isinstance(value, np.generic) else ""
    if not kind and type(value).__module__ == "torch":
        kind, value = "tensor", value.detach().cpu().numpy()
    if not kind:
        raise TypeError(f"a {type(value).__name__} can't be kept")
    parts[str(len(parts))] = np.asarray(value)
    return {kind: str(len(parts) - 1)}


def _unpack(packed: Any, parts: Arrays, kinds: dict[str, type]) -> Any:
    if not isinstance(packed, dict):
        return packed
    if "record" in packed:
        values = {name: _unpack(value, parts, kinds) for name, value in packed["fields"].items()}
        return kinds[packed["record"]](**values)
    ((kind, content),) = packed.items()
    if kind == "dict":
        return {_unpack(key, parts, kinds): _unpack(value, parts, kinds) for key, value in content}
    if kind in ("tuple", "list"):
        found = [_unpack(value, parts, kinds) for value in content]
        return tuple(found) if kind == "tuple" else found
    if kind == "scalar":
        return parts[content][()]
    # What was read stands in memory that may not be written to, which torch warns of.
    array = parts[content].copy()
    if kind == "array":
        return array
    import torch

    return torch.from_numpy(array)


def digest(*parts: object) -> str:
    """A hash of texts, numbers, arrays and tensors, which differs where one of them does."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if type(part).__module__ == "torch":
            part = part.detach().cpu().numpy()  # type: ignore[attr-defined]
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}:".encode())
            found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        else:
            text = repr(part).encode("utf-8", "surrogatepass")
            found.update(f"{type(part).__name__}{len(text)}:".encode() + text)
    return found.hexdigest()


@cache
def code_digest() -> str:
    """A hash of the sources of this package and of the versions of what computes for it."""
    from importlib.metadata import version

    folder = Path(__file__).parent
    sources = [(str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*.py"))]
    return digest(*sources, *(version(name) for name in ("numpy", "scikit-learn", "scipy", "torch")))


def _folder() -> Path:
    return cache_root() / "kept"


def _limit() -> int:
    """Bytes that all files may take; what is no number stands for the default."""
    try:
        return int(float(os.environ.get("AECORE_CACHE_MB", LIMIT)) * 1e6)
    except (ValueError, OverflowError):
        return int(LIMIT * 1e6)


def _read(path: Path) -> Arrays | None:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        whole = read_regular(os.fspath(path), int(_limit() * LARGEST) + _SUM)
        if len(whole) < _SUM or hashlib.blake2b(whole[_SUM:], digest_size=_SUM).digest() != whole[:_SUM]:
            return None
        arrays = load(whole[_SUM:])
        # What was used last goes last.
        with suppress(OSError):
            os.utime(path)
    except (OSError, StoreError, SafetensorError, KeyError):
        return None
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    from safetensors.numpy import save

    content = save(arrays)
    if len(content) > _limit() * LARGEST:
        return
    whole = hashlib.blake2b(content, digest_size=_SUM).digest() + content
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, whole, durable=False)
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Removes the files that were not used for longest until the others are within the limit."""
    clear_drafts(folder)
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another server may have removed it meanwhile.
            with suppress(FileNotFoundError):
                about = entry.stat(follow_symlinks=False)
                files.append((about.st_mtime_ns, about.st_size, entry.path))
    room = _limit() - sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if room >= 0:
            return
        with suppress(FileNotFoundError):
            os.unlink(path)
        room += size
