"""Weights, states and pictures: tensors in a folder, as safetensors only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.files import StoreError, write_tensors
from aecore.store.folders import find_run
from aecore.store.names import EPOCHS, OPTIMIZER, PICTURES, WEIGHTS

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
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    _write_weights(path / WEIGHTS, tensors, shape, scaling, durable)


def save_kept_weights(
    path: Path, epoch: int, tensors: Mapping[str, Tensor], shape: tuple[int, int, int], scaling: Scaling
) -> None:
    """Keeps the weights after an epoch beside the last ones."""
    file = _kept_file(path, epoch)
    file.parent.mkdir(exist_ok=True)
    _write_weights(file, tensors, shape, scaling, durable=False)


def kept_epochs(path: Path) -> list[int]:
    """Epochs whose weights are kept, in order."""
    names = (file.stem for file in (path / EPOCHS).glob("*.safetensors"))
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def drop_kept_weights(path: Path, epoch: int) -> None:
    """Drops the weights of later epochs, which will be trained again."""
    for later in kept_epochs(path):
        if later > epoch:
            _kept_file(path, later).unlink(missing_ok=True)


def read_weights(path: Path, epoch: int | None = None) -> dict[str, Tensor]:
    """The tensors of the weights file by name, or those kept of an epoch."""
    return _read_tensors(_weights_file(path, epoch))


def read_weights_metadata(path: Path, epoch: int | None = None) -> dict[str, Any]:
    """`shape` and `scaling` of the weights file, whose completeness is checked without reading it."""
    from safetensors import SafetensorError, safe_open

    found = _weights_file(path, epoch)
    try:
        with safe_open(found, framework="numpy") as file:
            return {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
    except FileNotFoundError:
        raise StoreError(f"{found.name} is missing") from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise StoreError(f"{found.name} is damaged: {error}") from error


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


def _weights_file(path: Path, epoch: int | None) -> Path:
    return path / WEIGHTS if epoch is None else _kept_file(path, epoch)


def _kept_file(path: Path, epoch: int) -> Path:
    return path / EPOCHS / f"{epoch}.safetensors"


def _write_weights(
    file: Path, tensors: Mapping[str, Tensor], shape: tuple[int, int, int], scaling: Scaling, durable: bool
) -> None:
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    metadata = {"shape": json.dumps(shape), "scaling": json.dumps(scaling.to_dict())}
    write_tensors(file, tensors, metadata, durable)


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
