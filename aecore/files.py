"""Files that a reader sees whole, old or new: written under a temporary name, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class StoreError(ValueError):
    """A folder that can't be read as a run; the message says why, in one sentence."""


def write_json(path: Path, value: Any, durable: bool = True) -> None:
    write_whole(path, json.dumps(value, indent=1).encode(), durable)


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None, durable: bool = True
) -> None:
    from safetensors.torch import save

    write_whole(path, save(dict(tensors), metadata), durable)


def write_whole(path: Path, content: bytes, durable: bool = True) -> None:
    """Replaces the file as a whole: temporary name in the same folder, flush, rename.

    `durable` waits until the disk has it, which what can be computed again need not. Raises OSError when
    the folder is not there or can't be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is no file; StoreError for anything else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path.name} can't be read: {error}") from error
    if not isinstance(value, dict):
        raise StoreError(f"{path.name} must hold a JSON object")
    return value
