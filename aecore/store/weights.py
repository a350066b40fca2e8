"""Weights, states and pictures: tensors in a folder, as safetensors only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.files import LARGEST_TENSORS, StoreError, check_tensors, parse_json, write_tensors
from aecore.owners import changes
from aecore.store import packed
from aecore.store.folders import find_run
from aecore.store.names import EPOCHS, OPTIMIZER, PICTURES, START, WEIGHTS
from aecore.store.packed import Levels

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import Scaling


METADATA = ("shape", "scaling")
"""What stands beside the weights."""
LARGEST_STATE = 16 * LARGEST_TENSORS
"""Bytes of a state, which may be that of many members, each with its optimizer's."""


def has_weights(path: Path) -> bool:
    return (path / WEIGHTS).exists()


@changes("path")
def save_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    shape: tuple[int, int, int],
    scaling: Scaling,
    durable: bool = True,
    levels: Mapping[str, Levels] | None = None,
) -> None:
    """Writes a model's state dict with what is needed to use it without the data set.

    That is the image shape and the scaling. `levels` are tensors that stand in the file as multiples of a
    step, in place of those of that name.
    """
    _write_weights(path / WEIGHTS, tensors, shape, scaling, durable, levels)


@changes("path")
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


@changes("path")
def drop_kept_weights(path: Path, epoch: int) -> None:
    """Drops the weights of later epochs, which will be trained again."""
    for later in kept_epochs(path):
        if later > epoch:
            _kept_file(path, later).unlink(missing_ok=True)


def read_weights(path: Path, epoch: int | None = None) -> dict[str, Tensor]:
    """The tensors of the weights file by name, or those kept of an epoch."""
    file = _weights_file(path, epoch)
    tensors, about = _read_tensors(file), _packings(file)
    for name in about.keys() & tensors.keys():
        tensors[name] = packed.unpack(tensors[name], about[name], file.name)
    return tensors


def is_packed(path: Path) -> bool:
    """Whether tensors of the run's weights are stored as multiples of a step."""
    return bool(_packings(path / WEIGHTS))


def read_weights_metadata(path: Path, epoch: int | None = None) -> dict[str, Any]:
    """`shape` and `scaling` of the weights file, whose completeness is checked without reading it."""
    found = _weights_file(path, epoch)
    metadata, source = _read_metadata(found), f"{found.name} is damaged: its metadata"
    return {key: parse_json(metadata[key], source) for key in METADATA if key in metadata}


def read_weight_shapes(path: Path, epoch: int | None = None) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of the weights file by name, without reading the tensors."""
    from safetensors import SafetensorError, safe_open

    found = _weights_file(path, epoch)
    about = _packings(found)
    try:
        check_tensors(found)
        with safe_open(found, framework="numpy") as file:
            # A slice of a type that numpy lacks tells its shape all the same.
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise StoreError(f"{found.name} is missing") from None
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{found.name} is damaged: {error}") from error
    return shapes | {name: about[name].shape for name in about.keys() & shapes.keys()}


def weights_stamp(run: str | Path) -> int:
    """Changes whenever the run's weights are written again: a cache key. 0 while there are none."""
    try:
        return (find_run(run) / WEIGHTS).stat().st_mtime_ns
    except (FileNotFoundError, StoreError):
        return 0


@changes("path")
def save_state(path: Path, state: Mapping[str, Tensor]) -> None:
    """All that a resumed training needs, in one file, so that its parts can't come from two epochs."""
    write_tensors(path / OPTIMIZER, state)


def load_state(path: Path) -> dict[str, Tensor] | None:
    """What `save_state` wrote; until a branch has come to its first save, what `save_start` wrote.

    None for another run that has not come to it. Raises StoreError where the file is damaged, or missing
    beside weights (a run shipped without it): starting over would destroy them.
    """
    try:
        return _read_tensors(path / OPTIMIZER)
    except FileNotFoundError:
        if has_weights(path):
            raise StoreError(f"{OPTIMIZER} is missing, so this run can't be trained further") from None
        return load_start(path)


def state_position(path: Path) -> tuple[int, int] | None:
    """Epochs done and steps of the next one where the saved state stands, None where there is none.

    Reads no other tensor. Raises StoreError for a damaged file.
    """
    from safetensors import SafetensorError, safe_open

    file = path / OPTIMIZER
    try:
        check_tensors(file, LARGEST_STATE)
        with safe_open(file, framework="numpy") as found:
            epoch, step = found.get_tensor("position").tolist()
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, ValueError) as error:
        raise StoreError(f"{file.name} is damaged: {error}") from error
    return int(epoch), int(step)


@changes("path")
def save_start(path: Path, state: Mapping[str, Tensor]) -> None:
    """The state that a branch begins with, which stays, so that it can be trained again from there."""
    write_tensors(path / START, state)


def has_start(path: Path) -> bool:
    return (path / START).exists()


def load_start(path: Path) -> dict[str, Tensor] | None:
    """What `save_start` wrote, or None for a run that began with new weights."""
    try:
        return _read_tensors(path / START)
    except FileNotFoundError:
        return None


@changes("path")
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
    file: Path,
    tensors: Mapping[str, Tensor],
    shape: tuple[int, int, int],
    scaling: Scaling,
    durable: bool,
    levels: Mapping[str, Levels] | None = None,
) -> None:
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    metadata = {"shape": json.dumps(shape), "scaling": json.dumps(scaling.to_dict())}
    if levels:
        content, metadata[packed.KEY] = packed.pack(levels)
        tensors |= content
    write_tensors(file, tensors, metadata, durable)


def _read_metadata(file: Path) -> dict[str, str]:
    """StoreError for a file that is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        check_tensors(file)
        with safe_open(file, framework="numpy") as found:
            return found.metadata() or {}
    except FileNotFoundError:
        raise StoreError(f"{file.name} is missing") from None
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{file.name} is damaged: {error}") from error


def _packings(file: Path) -> dict[str, packed.Packing]:
    return packed.packings(_read_metadata(file), f"{file.name} is damaged: its metadata")


def _read_tensors(file: Path) -> dict[str, Tensor]:
    """StoreError for a damaged file; FileNotFoundError where there is none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    check_tensors(file, LARGEST_STATE if file.name in (OPTIMIZER, START) else LARGEST_TENSORS)
    try:
        return load_file(file)
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{file.name} is damaged: {error}") from error
