"""Run folders: create, list, save, load. The only module that knows their file names.

A run is a folder; everything that is known of it stands in its files, each written to a temporary name
and renamed, so that a reader sees the old or the new one and never a half. Weights are safetensors:
nothing that a file holds is ever executed. Listing reads no weights and imports no torch.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.config import Config
from aecore.files import StoreError, read_object, write_json, write_tensors, write_whole
from aecore.presets import slug, title

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import Scaling
    from aecore.store.run import Run

FORMAT = 1
"""Version of the folder's layout, raised when older code could misread it."""

CONFIG = "config.json"
GRID = "grid.json"
WEIGHTS = "weights.safetensors"
OPTIMIZER = "optimizer.safetensors"
HISTORY = "history.jsonl"
PROGRESS = "progress.json"
RESULT = "result.json"
STOP = "stop"
LOCK = "lock"
LOG = "log.txt"


@dataclass(frozen=True)
class RunInfo:
    """What is known of a run without loading its weights."""

    path: Path
    name: str
    config: Config
    created: float
    """Seconds since 1970."""
    progress: dict[str, Any]
    """The trainer's last words; see `aecore.jobs.worker`. Empty for a run that came without."""
    result: dict[str, Any] | None
    """`test`, `seconds`, `parameters`, ...; None until the run is finished."""
    has_weights: bool

    @property
    def key(self) -> str:
        """What stands for the run in URLs and on the command line: its folder's name, or `<grid>/<k>`."""
        grid = self.path.parent
        return f"{grid.name}/{self.path.name}" if is_grid(grid) else self.path.name


@dataclass(frozen=True)
class Unreadable:
    """A folder under the run root that is no readable run."""

    path: Path
    reason: str

    @property
    def key(self) -> str:
        return self.path.name


def checkpoints_root() -> Path:
    """Where runs live: AECORE_CHECKPOINTS, or `checkpoints/` beside the package."""
    named = os.environ.get("AECORE_CHECKPOINTS")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "checkpoints"


def create_run(config: Config, name: str = "", root: Path | None = None) -> Path:
    """Makes a new run folder for `config` and returns it. `name` is what people see."""
    root = root or checkpoints_root()
    root.mkdir(parents=True, exist_ok=True)
    return create_folder(root, slug(config), {"name": _name(name), "config": config.to_dict()})


def create_folder(root: Path, folder: str, values: Mapping[str, Any]) -> Path:
    """Makes `root/folder` (with -2, -3 ... where that exists) holding a config file with `values`."""
    draft = draft_folder(root, folder)
    write_json(draft / CONFIG, {"format": FORMAT, "created": time.time(), **values})
    return claim_folder(draft, root / folder)


def draft_folder(root: Path, folder: str) -> Path:
    """A hidden folder to fill before `claim_folder` gives it its name."""
    draft = root / f".{folder}-{os.getpid()}-{time.time_ns()}"
    draft.mkdir(parents=True)
    return draft


def claim_folder(draft: Path, wanted: Path) -> Path:
    """Renames a draft to the wanted name, or that with -2, -3 ..., and returns it."""
    for number in range(1, 10_000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        # Renaming onto an existing folder fails unless it is empty, so two creators never share one.
        if not path.exists():
            with contextlib.suppress(OSError):
                draft.rename(path)
                return path
    raise StoreError(f"{wanted.parent} holds too many folders named {wanted.name}")


def find_run(run: str | Path, root: Path | None = None) -> Path:
    """The folder that `run` means: a path, or a folder name under the run root."""
    for path in (Path(run), (root or checkpoints_root()) / run):
        if path.is_dir():
            return path
    raise StoreError(f"there is no run {str(run)!r}; `python -m aecore runs` lists those there are")


def list_runs(root: Path | None = None) -> list[RunInfo | Unreadable]:
    """Every folder under the run root, newest first; folders that can't be read come last."""
    root = root or checkpoints_root()
    if not root.is_dir():
        return []
    listed: list[RunInfo | Unreadable] = []
    for path in sorted(root.iterdir()):
        if not path.is_dir() or path.name.startswith((".", "_")) or is_grid(path):
            continue
        try:
            listed.append(read_info(path))
        except (StoreError, OSError) as error:
            listed.append(Unreadable(path, str(error)))
    return sorted(listed, key=lambda r: -r.created if isinstance(r, RunInfo) else 0)


def is_grid(path: Path) -> bool:
    """Whether a folder holds a grid of runs (see `aecore.store.grids`) instead of one."""
    return (path / GRID).exists()


def read_info(path: Path) -> RunInfo:
    """What is known of the run in `path`; StoreError says in one sentence why it can't be read."""
    values = read_config(path)
    try:
        config = Config.from_dict(values["config"])
        created = float(values.get("created", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{CONFIG} can't be used: {error}") from error
    result = _read_result(path)
    has_weights = (path / WEIGHTS).exists()
    if has_weights:
        read_weights_metadata(path)
    elif result is not None:
        raise StoreError(f"{WEIGHTS} is missing")
    name = str(values.get("name") or title(config))
    return RunInfo(path, name, config, created, read_progress(path), result, has_weights)


def read_config(path: Path) -> dict[str, Any]:
    """The config file of a run or grid folder, its format checked."""
    if not (path / CONFIG).exists():
        raise StoreError(f"there is no {CONFIG}, so this is not a run folder")
    values = read_object(path / CONFIG) or {}
    if values.get("format") != FORMAT:
        raise StoreError(
            f"{CONFIG} has format {values.get('format')!r}, another version's; this one reads {FORMAT}"
        )
    return values


def rename_run(path: Path, name: str) -> None:
    """Changes the name people see; the folder stays. ValueError for an empty name."""
    if not name.strip():
        raise ValueError("a run's name can't be empty")
    write_json(path / CONFIG, {**read_config(path), "name": _name(name)})


def delete_run(path: Path) -> None:
    """Removes the folder and all that is in it."""
    if not (path / CONFIG).exists():
        raise StoreError(f"{path.name} has no {CONFIG}: not deleted, since it may not be a run")
    # Out of sight first, so that no listing meets a half-deleted run.
    doomed = path.with_name(f".deleted-{path.name}-{time.time_ns()}")
    path.rename(doomed)
    shutil.rmtree(doomed)


def read_history(path: Path) -> list[dict[str, Any]]:
    """Epoch records in order, up to the first line that is none: a crash may cut the last one short."""
    try:
        lines = (path / HISTORY).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{HISTORY} can't be read: {error}") from error
    records = []
    for line in lines:
        try:
            record = json.loads(line)
            usable = isinstance(record["epoch"], int) and isinstance(record["train"], dict)
        except (ValueError, KeyError, TypeError, RecursionError):
            break
        if not usable:
            break
        records.append(record)
    return records


def append_history(path: Path, record: Mapping[str, Any], durable: bool = True) -> None:
    with (path / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        if durable:
            os.fsync(file.fileno())


def truncate_history(path: Path, epochs: int) -> None:
    """Drops records after `epochs`: those of an epoch whose weights were never saved."""
    kept = [r for r in read_history(path) if r["epoch"] <= epochs]
    write_whole(path / HISTORY, "".join(json.dumps(r) + "\n" for r in kept).encode())


def read_progress(path: Path) -> dict[str, Any]:
    """The trainer's last words, or nothing: they are written in haste, and no run is lost with them."""
    try:
        return read_object(path / PROGRESS) or {}
    except StoreError:
        return {}


def write_progress(path: Path, progress: Mapping[str, Any]) -> None:
    write_json(path / PROGRESS, progress, durable=False)


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    write_json(path / RESULT, result)


def clear_result(path: Path) -> None:
    """A finished run that is trained further is not finished any more."""
    (path / RESULT).unlink(missing_ok=True)


def request_stop(path: Path) -> None:
    (path / STOP).touch()


def stop_requested(path: Path) -> bool:
    return (path / STOP).exists()


def clear_stop(path: Path) -> None:
    (path / STOP).unlink(missing_ok=True)


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


def load_run(run: str | Path) -> Run:
    """The run in hand: a folder, its name under the run root, or `<grid>/<k>` for a grid's member.

    Raises StoreError in one sentence if there is none, it has no weights yet, or they do not fit.
    """
    from safetensors.torch import load_file

    path = find_run(run)
    info = read_info(path)
    if not info.has_weights:
        raise StoreError(f"{info.name} has no weights yet: its first epoch is not finished")
    return assemble_run(info, load_file(path / WEIGHTS), read_weights_metadata(path))


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


def save_state(path: Path, state: Mapping[str, Tensor]) -> None:
    """All that a resumed training needs, in one file, so that its parts can't come from two epochs."""
    write_tensors(path / OPTIMIZER, state)


def load_state(path: Path) -> dict[str, Tensor] | None:
    """What `save_state` wrote, or None for a run whose training has not come to its first save.

    Raises StoreError where the file is damaged, or missing beside weights (a run shipped without it):
    starting over would destroy them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path / OPTIMIZER)
    except FileNotFoundError:
        if (path / WEIGHTS).exists():
            raise StoreError(f"{OPTIMIZER} is missing, so this run can't be trained further") from None
        return None
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{OPTIMIZER} is damaged: {error}") from error


def _name(name: str) -> str:
    """One line of at most 120 characters."""
    return " ".join(name.split())[:120]


def _read_result(path: Path) -> dict[str, Any] | None:
    result = read_object(path / RESULT)
    if result is not None:
        test = result.get("test")
        if not isinstance(test, dict) or not isinstance(test.get("squared_error"), (int, float)):
            raise StoreError(f"{RESULT} holds no squared error on the test images")
    return result
