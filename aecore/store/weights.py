"""Weights, states and pictures: tensors in a folder, as safetensors only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.files import LARGEST_TENSORS, StoreError, check_tensors, parse_json, write_tensors
from aecore.store.folders import find_run
from aecore.store.names import OPTIMIZER, PICTURES, WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import Scaling


METADATA = ("shape", "scaling")
"""What stands beside the weights."""
LARGEST_STATE = 16 * LARGEST_TENSORS
"""Bytes of a state, which may be that of many members, each with its optimizer's."""


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
        check_tensors(path / WEIGHTS)
        with safe_open(path / WEIGHTS, framework="numpy") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise StoreError(f"{WEIGHTS} is missing") from None
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{WEIGHTS} is damaged: {error}") from error
    source = f"{WEIGHTS} is damaged: its metadata"
    return {key: parse_json(metadata[key], source) for key in METADATA if key in metadata}


def read_weight_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of the weights file by name, without reading the tensors."""
    from safetensors import SafetensorError, safe_open

    try:
        check_tensors(path / WEIGHTS)
        with safe_open(path / WEIGHTS, framework="numpy") as file:
            # A slice of a type that numpy lacks tells its shape all the same.
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise StoreError(f"{WEIGHTS} is missing") from None
    except (SafetensorError, OSError) as error:
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

    check_tensors(file, LARGEST_STATE if file.name == OPTIMIZER else LARGEST_TENSORS)
    try:
        return load_file(file)
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{file.name} is damaged: {error}") from error
