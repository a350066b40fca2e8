"""Run folders: everything that is known of a run stands in the files of its folder.

Each file is written to a temporary name and renamed, so that a reader sees the old or the new one and never
a half. Weights are safetensors: nothing that a file holds is ever executed. Listing reads no weights and
imports no torch.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore import trash
from aecore.access import writes
from aecore.config import Config, ModelConfig
from aecore.files import StoreError, copy_file
from aecore.naming import title
from aecore.owners import changes
from aecore.presets import slug
from aecore.records import shown
from aecore.results import Origin, Progress, Result
from aecore.store import folders
from aecore.store.folders import Unreadable, checkpoints_root, find_run, is_grid
from aecore.store.known import Known
from aecore.store.names import (
    CONFIG,
    EVENTS,
    FRAMES,
    HISTORY,
    LOOKS,
    OPTIMIZER,
    ORIGIN,
    PICTURES,
    PROGRESS,
    RESULT,
    START,
    WEIGHTS,
)
from aecore.store.records import read_history, read_origin, read_progress, read_result, truncate_history
from aecore.store.rows import truncate_rows
from aecore.store.weights import (
    has_weights,
    kept_epochs,
    read_weight_shapes,
    read_weights,
    read_weights_metadata,
)
from aecore.trash import Trashed

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import Scaling
    from aecore.models import AutoEncoder
    from aecore.store.run import Run


@dataclass(frozen=True)
class RunInfo:
    """What is known of a run without loading its weights."""

    path: Path
    name: str
    config: Config
    created: float
    """Seconds since 1970."""
    progress: Progress
    result: Result | None
    """None until the run is finished."""
    has_weights: bool
    origin: Origin | None = None
    """Where a branch has its first weights from."""

    @property
    def key(self) -> str:
        """What stands for the run in URLs and on the command line: its folder's name, or `<grid>/<k>`."""
        grid = self.path.parent
        return f"{grid.name}/{self.path.name}" if is_grid(grid) else self.path.name


@writes
def create_run(
    config: Config, name: str = "", root: Path | None = None, fill: Callable[[Path], None] | None = None
) -> Path:
    """Makes a new run folder for `config` and returns it. `name` is what people see.

    `fill` puts what else it is to hold into the folder, before anybody sees it.
    """

    def fill_whole(draft: Path) -> None:
        fill_run(draft, config, name)
        if fill is not None:
            fill(draft)

    return folders.make_folder((root or checkpoints_root()) / slug(config), fill_whole)


@changes("path")
def fill_run(path: Path, config: Config, name: str = "") -> None:
    """Makes an empty folder a run's."""
    folders.write_header(path, CONFIG, {"config": config.to_dict()}, name)


def list_runs(root: Path | None = None) -> list[RunInfo | Unreadable]:
    """Every run folder under the run root, newest first; folders that can't be read come last."""
    return folders.listed(root, False, _KNOWN.read, lambda info: info.created)


def read_info(path: Path) -> RunInfo:
    """What is known of the run in `path`; StoreError says in one sentence why it can't be read."""
    header, values = folders.read_header(path, CONFIG)
    try:
        config = Config.from_dict(values.get("config"))
    except ValueError as error:
        raise StoreError(f"{CONFIG} can't be used: {error}") from error
    result, weights = read_result(path), has_weights(path)
    if weights:
        read_weights_metadata(path)
    elif result is not None:
        raise StoreError(f"{WEIGHTS} is missing")
    name, progress, origin = header.name or title(config), read_progress(path), read_origin(path)
    return RunInfo(path, name, config, header.created, progress, result, weights, origin)


_KNOWN = Known(read_info, (CONFIG, RESULT, WEIGHTS, PROGRESS, ORIGIN))
"""The files that `read_info` looks at."""


@changes("path")
def rename_run(path: Path, name: str) -> None:
    """Changes the name people see; the folder stays. ValueError for an empty name."""
    folders.rename(path, CONFIG, name, "run")


@changes("path")
def delete_run(path: Path) -> Trashed:
    """Moves the folder into the trash beside it (`aecore.trash`); StoreError where that may not be."""
    folders.require_deletable(path, CONFIG, "run")
    return trash.put(path, folders.describe)


@changes("target")
def copy_run_files(
    source: Path, target: Path, result: bool = True, state: bool = True, rows: bool = True
) -> None:
    """Copies what a training has written so far, from one run folder into another of the same network.

    `rows` are its looks at the layers and its pictures at every epoch.
    """
    names = [WEIGHTS, HISTORY, EVENTS, ORIGIN, *([RESULT] if result else [])]
    names += [OPTIMIZER, START] if state else []
    for name in [*names, *([LOOKS, FRAMES] if rows else [])]:
        if (source / name).exists():
            copy_file(source / name, target / name)


@changes("target")
def copy_beginning(source: Path, target: Path) -> None:
    """Copies what a training is done again from beside its config: where a branch begins, and the events."""
    for name in (EVENTS, ORIGIN, START):
        if (source / name).exists():
            copy_file(source / name, target / name)


@changes("target")
def copy_past(source: Path, target: Path, epoch: int, looks: bool = True) -> None:
    """Copies what a run has noted up to the end of an epoch, for one that goes on from there.

    The looks at its layers are placed by their steps, so they count for batches of the same size alone.
    """
    for name in (HISTORY, FRAMES, *([LOOKS] if looks else [])):
        if (source / name).exists():
            copy_file(source / name, target / name)
    truncate_history(target, epoch)
    truncate_rows(target, epoch, 0)


@changes("target")
def copy_for_looking(source: Path, target: Path, rows: bool = True) -> None:
    """Makes `target` a run folder with what a look at `source` needs, and nothing to resume from."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    copy_file(source / CONFIG, target / CONFIG)
    copy_run_files(source, target, state=False, rows=rows)
    if (source / PICTURES).exists():
        copy_file(source / PICTURES, target / PICTURES)


def load_run(run: str | Path, epoch: int | None = None) -> Run:
    """A trained run: a folder, its name under the run root, or `<grid>/<k>` for a grid's member.

    With an `epoch` it is as it was after that one, whose weights must have been kept. Raises StoreError in
    one sentence if there is none, it has no weights yet, or they do not fit.
    """
    from aecore.store.run import Run

    path = find_run(run)
    info = read_info(path)
    if not info.has_weights:
        raise StoreError(f"{info.name} has no weights yet: its first epoch is not finished")
    if epoch is not None and epoch not in (kept := kept_epochs(path)):
        there = f"kept are {', '.join(map(str, kept))}" if kept else "none were (see train.keep_weights)"
        raise StoreError(f"{info.name} has no weights of epoch {epoch}: {there}")
    model, shape, scaling = _empty_model(info.config.model, read_weights_metadata(path, epoch))
    _check_shapes(model, read_weight_shapes(path, epoch))
    _fill(model, read_weights(path, epoch))
    loaded = Run(path, info.name, info.config, shape, scaling, model, read_history(path), info.result)
    if epoch is None:
        return loaded
    history = [record for record in loaded.history if record.epoch <= epoch]
    return replace(loaded, name=f"{info.name}, epoch {epoch}", history=history, result=None)


def check_weights(info: RunInfo) -> None:
    """StoreError unless the weights, those of kept epochs too, fit the config; the tensors are not read."""
    for epoch in [*([None] if info.has_weights else []), *kept_epochs(info.path)]:
        model, _, _ = _empty_model(info.config.model, read_weights_metadata(info.path, epoch))
        _check_shapes(model, read_weight_shapes(info.path, epoch))


def _empty_model(
    config: ModelConfig, metadata: Mapping[str, Any]
) -> tuple[AutoEncoder, tuple[int, int, int], Scaling]:
    """The network that the config names, without memory for its weights; the images' shape and scaling."""
    from aecore.data import Scaling
    from aecore.models import outline

    try:
        shape, scaling = metadata["shape"], Scaling.from_dict(metadata["scaling"])
        if not isinstance(shape, list) or len(shape) != 3 or not all(type(n) is int and n > 0 for n in shape):
            raise ValueError(f"the images' shape must be three whole numbers, not {shown(shape)}")
        if len(scaling.mean) != shape[0]:
            raise ValueError(f"the scaling has {len(scaling.mean)} channels and the images have {shape[0]}")
        return outline(config, tuple(shape)), tuple(shape), scaling
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise _misfit(error) from error


def _check_shapes(model: AutoEncoder, found: Mapping[str, tuple[int, ...]]) -> None:
    """StoreError unless the weights file holds exactly the model's tensors; nothing large is read before."""
    wanted = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    for name in dict.fromkeys([*wanted, *found]):
        if name not in found:
            raise _misfit(f"{name} is missing")
        if name not in wanted:
            raise _misfit(f"{shown(name)} is no part of the network")
        if found[name] != wanted[name]:
            sizes = [" x ".join(map(str, shape)) or "a number" for shape in (found[name], wanted[name])]
            raise _misfit(f"{name} is {sizes[0]}, and the config makes it {sizes[1]}")


def _fill(model: AutoEncoder, tensors: Mapping[str, Tensor]) -> None:
    """Gives the model its weights, which may be of any float type; StoreError where they are not finite."""
    kinds = {name: t.dtype for name, t in model.state_dict().items()}
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise StoreError(f"the weights can't be used: {name} holds values that are not finite numbers")
    try:
        model.load_state_dict({name: t.to(kinds[name]) for name, t in tensors.items()}, assign=True)
    except (KeyError, RuntimeError) as error:
        raise _misfit(error) from error
    model.eval().requires_grad_(False)


def _misfit(reason: object) -> StoreError:
    return StoreError(f"the weights do not fit the config: {' '.join(str(reason).split())[:200]}")
