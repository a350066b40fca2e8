"""Weights, states and pictures: tensors in a folder, as safetensors only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.files import StoreError, write_tensors
from aecore.store.folders import find_run
from aecore.store.names import OPTIMIZER, PICTURES, WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import Scaling


def has_weights(path: Path) -> bool:
    return (path / WEIGHTS).exists()


def save_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    shape: tuple[int, int, int],
    scaling: Scaling,
    half: bool = False,
    durable: bool = True,
) -> None:
    """Writes a model's state dict with what is needed to use it without the data set.

    That is the image shape and the scaling. `half` stores floats in half precision.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    metadata = {"shape": json.dumps(shape), "scaling": json.dumps(scaling.to_dict())}
    write_tensors(path / WEIGHTS, tensors, metadata, durable)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of the weights file by name."""
    return _read_tensors(path / WEIGHTS)


def read_weights_metadata(path: Path) -> dict[str, Any]:
    """`shape` and `scaling` of the weights file, whose completeness is checked without reading it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path / WEIGHTS, framework="numpy") as file:
            return {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
    except FileNotFoundError:
        raise StoreError(f"{WEIGHTS} is missing") from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise StoreError(f"{WEIGHTS} is damaged: {error}") from error


def weights_stamp(run: str | Path) -> int:
    """Changes whenever the run's weights are written again: a cache key. 0 while there are none."""
    try:
        return (find_run(run) / WEIGHTS).stat().st_mtime_ns
    except (FileNotFoundError, StoreError):
        return 0


def save_state(path: Path, state: Mapping[str, Tensor]) -> None:
    """All that a resumed training needs, in one file, so that its parts can't come from two epochs."""
    write_tensors(path / OPTIMIZER, state)


def load_state(path: Path) -> dict[str, Tensor] | None:
    """What `save_state` wrote, or None for a run whose training has not come to its first save.

    Raises StoreError where the file is damaged, or missing beside weights (a run shipped without it):
    starting over would destroy them.
    """
    try:
        return _read_tensors(path / OPTIMIZER)
    except FileNotFoundError:
        if has_weights(path):
            raise StoreError(f"{OPTIMIZER} is missing, so this run can't be trained further") from None
        return None


def write_pictures(path: Path, pictures: Mapping[str, Tensor]) -> None:
    """`reconstruction` (uint8, n x C x H x W) and `code` (n x latent_size) of the probe images."""
    write_tensors(path / PICTURES, pictures, durable=False)


def read_pictures(path: Path) -> dict[str, Tensor] | None:
    """What `write_pictures` wrote, or None while there is none."""
    try:
        return _read_tensors(path / PICTURES)
    except FileNotFoundError:
        return None


def _read_tensors(file: Path) -> dict[str, Tensor]:
    """StoreError for a damaged file; FileNotFoundError where there is none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{file.name} is damaged: {error}") from error
