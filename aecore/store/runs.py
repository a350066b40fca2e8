"""Run folders: everything that is known of a run stands in the files of its folder.

Each file is written to a temporary name and renamed, so that a reader sees the old or the new one and never
a half. Weights are safetensors: nothing that a file holds is ever executed. Listing reads no weights and
imports no torch.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.config import Config
from aecore.files import StoreError
from aecore.presets import slug, title
from aecore.results import Progress, Result
from aecore.store import folders
from aecore.store.folders import Unreadable, checkpoints_root, find_run, is_grid
from aecore.store.names import CONFIG, FRAMES, HISTORY, LOOKS, OPTIMIZER, PICTURES, RESULT, WEIGHTS
from aecore.store.records import read_history, read_progress, read_result
from aecore.store.weights import has_weights, kept_epochs, read_weights, read_weights_metadata

if TYPE_CHECKING:
    from torch import Tensor

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

    @property
    def key(self) -> str:
        """What stands for the run in URLs and on the command line: its folder's name, or `<grid>/<k>`."""
        grid = self.path.parent
        return f"{grid.name}/{self.path.name}" if is_grid(grid) else self.path.name


def create_run(config: Config, name: str = "", root: Path | None = None) -> Path:
    """Makes a new run folder for `config` and returns it. `name` is what people see."""
    root = root or checkpoints_root()
    draft = folders.draft_folder(root, slug(config))
    fill_run(draft, config, name)
    return folders.claim_folder(draft, root / slug(config))


def fill_run(path: Path, config: Config, name: str = "") -> None:
    """Makes an empty folder a run's."""
    folders.write_header(path, CONFIG, {"config": config.to_dict()}, name)


def list_runs(root: Path | None = None) -> list[RunInfo | Unreadable]:
    """Every run folder under the run root, newest first; folders that can't be read come last."""
    return folders.listed(root, False, read_info, lambda info: info.created)


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
    name = header.name or title(config)
    return RunInfo(path, name, config, header.created, read_progress(path), result, weights)


def rename_run(path: Path, name: str) -> None:
    """Changes the name people see; the folder stays. ValueError for an empty name."""
    folders.rename(path, CONFIG, name, "run")


def delete_run(path: Path) -> None:
    """Removes the folder and all that is in it."""
    folders.delete(path, CONFIG, "run")


def copy_run_files(
    source: Path, target: Path, result: bool = True, state: bool = True, rows: bool = True
) -> None:
    """Copies what a training has written so far, from one run folder into another of the same network.

    `rows` are its looks at the layers and its pictures at every epoch.
    """
    names = [WEIGHTS, HISTORY, *([RESULT] if result else []), *([OPTIMIZER] if state else [])]
    for name in [*names, *([LOOKS, FRAMES] if rows else [])]:
        if (source / name).exists():
            shutil.copy2(source / name, target / name)


def copy_for_looking(source: Path, target: Path, rows: bool = True) -> None:
    """Makes `target` a run folder with what a look at `source` needs, and nothing to resume from."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copy2(source / CONFIG, target / CONFIG)
    copy_run_files(source, target, state=False, rows=rows)
    if (source / PICTURES).exists():
        shutil.copy2(source / PICTURES, target / PICTURES)


def load_run(run: str | Path, epoch: int | None = None) -> Run:
    """A trained run: a folder, its name under the run root, or `<grid>/<k>` for a grid's member.

    With an `epoch` it is as it was after that one, whose weights must have been kept. Raises StoreError in
    one sentence if there is none, it has no weights yet, or they do not fit.
    """
    path = find_run(run)
    info = read_info(path)
    if not info.has_weights:
        raise StoreError(f"{info.name} has no weights yet: its first epoch is not finished")
    if epoch is not None and epoch not in (kept := kept_epochs(path)):
        there = f"kept are {', '.join(map(str, kept))}" if kept else "none were (see train.keep_weights)"
        raise StoreError(f"{info.name} has no weights of epoch {epoch}: {there}")
    loaded = assemble_run(info, read_weights(path, epoch), read_weights_metadata(path, epoch))
    if epoch is None:
        return loaded
    history = [record for record in loaded.history if record.epoch <= epoch]
    return replace(loaded, name=f"{info.name}, epoch {epoch}", history=history, result=None)


def assemble_run(info: RunInfo, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Run:
    """A `Run` from weights in any float type, loaded strictly."""
    from aecore.data import Scaling
    from aecore.models import build
    from aecore.store.run import Run

    try:
        shape, scaling = tuple(metadata["shape"]), Scaling.from_dict(metadata["scaling"])
        model = build(info.config.model, shape)
        model.load_state_dict(dict(tensors), strict=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"the weights do not fit the config: {reason}") from error
    model.eval().requires_grad_(False)
    return Run(info.path, info.name, info.config, shape, scaling, model, read_history(info.path), info.result)
