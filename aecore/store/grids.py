"""Grid folders: `grid.json`, a run folder for each member, and the stacks' state for resuming.

    <grid>/grid.json            name, base, axes
    <grid>/progress.json        the grid's process (see `aecore.jobs.grid_worker`)
    <grid>/result.json          table of members, written last
    <grid>/probe.safetensors    the images its pictures are of (see `aecore.store.probe`)
    <grid>/<k>/                 member k, a run folder like any other
    <grid>/<k>/pictures.safetensors   reconstructions and codes of the probe images
    <grid>/stacks/<s>/          members, state, progress of stack s while it trains

A member being an ordinary run folder, everything that takes a run takes `<grid>/<k>`. Imports no torch.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.config import Config
from aecore.files import StoreError, read_object, write_json, write_tensors
from aecore.grid import Grid, axis_text, axis_title, grid_title
from aecore.presets import architecture
from aecore.store import runs
from aecore.store.runs import CONFIG, FORMAT, GRID, RESULT, Unreadable

if TYPE_CHECKING:
    from torch import Tensor

PICTURES = "pictures.safetensors"
MEMBERS = "members.json"
FAILED = "failed.json"
STACKS = "stacks"


@dataclass(frozen=True)
class GridInfo:
    """What is known of a grid without loading any weights."""

    path: Path
    name: str
    grid: Grid
    created: float
    progress: dict[str, Any]
    result: dict[str, Any] | None
    """`members` with their figures, `seconds`; None while the grid is not finished."""

    @property
    def key(self) -> str:
        return self.path.name

    @property
    def config(self) -> Config:
        """The base config, which names the data set and the device."""
        return self.grid.base

    def member_key(self, k: int) -> str:
        """`<grid>/<k>`, which stands for the member wherever a run is named."""
        return f"{self.key}/{k}"

    def members(self) -> list[dict[str, Any]]:
        """The table's rows that are there: those of the finished grid, or of its members so far."""
        if self.result is not None:
            return self.result["members"]
        rows = (read_object(self.path / str(k) / RESULT) for k in range(len(self.grid.members)))
        return [row for row in rows if row is not None]


def create_grid(grid: Grid, name: str = "", root: Path | None = None) -> Path:
    """Makes a grid folder with a run folder for each member, and returns it."""
    root = root or runs.checkpoints_root()
    base = grid.base
    slug = "-".join(["grid", base.data.name.replace("_", "-"), architecture(base.model), grid.hash])
    draft = runs.draft_folder(root, slug)
    now = time.time()
    values = {"format": FORMAT, "created": now, "name": " ".join(name.split())[:120], **grid.to_dict()}
    for k, config in enumerate(grid.members):
        (draft / str(k)).mkdir()
        member = {"format": FORMAT, "created": now, "name": "", "config": config.to_dict()}
        write_json(draft / str(k) / CONFIG, member, durable=False)
    write_json(draft / GRID, values)
    return runs.claim_folder(draft, root / slug)


def read_grid(path: Path) -> GridInfo:
    """What is known of the grid in `path`; StoreError says in one sentence why it can't be read."""
    values = read_object(path / GRID)
    if values is None:
        raise StoreError(f"there is no {GRID}, so this is not a grid folder")
    if values.get("format") != FORMAT:
        raise StoreError(f"{GRID} has format {values.get('format')!r}; this version reads {FORMAT}")
    try:
        grid = Grid.from_dict(values)
        created = float(values.get("created", 0))
    except (TypeError, ValueError) as error:
        raise StoreError(f"{GRID} can't be used: {error}") from error
    result = read_object(path / RESULT)
    if result is not None and not isinstance(result.get("members"), list):
        raise StoreError(f"{RESULT} holds no table of members")
    name = str(values.get("name") or grid_title(grid))
    return GridInfo(path, name, grid, created, runs.read_progress(path), result)


def list_grids(root: Path | None = None) -> list[GridInfo | Unreadable]:
    """Every grid folder under the run root, newest first; those that can't be read come last."""
    root = root or runs.checkpoints_root()
    if not root.is_dir():
        return []
    listed: list[GridInfo | Unreadable] = []
    for path in sorted(root.iterdir()):
        if path.name.startswith((".", "_")) or not runs.is_grid(path):
            continue
        try:
            listed.append(read_grid(path))
        except (StoreError, OSError) as error:
            listed.append(Unreadable(path, str(error)))
    return sorted(listed, key=lambda g: -g.created if isinstance(g, GridInfo) else 0)


def rename_grid(path: Path, name: str) -> None:
    """Changes the name people see; ValueError for an empty name."""
    if not name.strip():
        raise ValueError("a grid's name can't be empty")
    write_json(path / GRID, {**(read_object(path / GRID) or {}), "name": " ".join(name.split())[:120]})


def delete_grid(path: Path) -> None:
    """Removes the grid with all its members."""
    if not runs.is_grid(path):
        raise StoreError(f"{path.name} has no {GRID}: not deleted, since it may not be a grid")
    doomed = path.with_name(f".deleted-{path.name}-{time.time_ns()}")
    path.rename(doomed)
    shutil.rmtree(doomed)


def keep_member(path: Path, k: int, name: str = "") -> Path:
    """Copies member k to a run of its own, beside the grid, and returns its folder."""
    info = read_grid(path)
    source = path / str(k)
    if not (source / runs.WEIGHTS).exists():
        raise StoreError(f"member {k} of {info.name} has no weights yet")
    position = info.grid.position_of(k)
    axes = ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in position.items())
    target = runs.create_run(info.grid.members[k], name or f"{info.name}: {axes}", path.parent)
    for file in source.iterdir():
        if file.name in (runs.WEIGHTS, runs.HISTORY, RESULT, runs.OPTIMIZER):
            shutil.copy2(file, target / file.name)
    return target


def stack_path(path: Path, s: int) -> Path:
    return path / STACKS / str(s)


def write_stacks(path: Path, stacks: Sequence[Sequence[int]]) -> None:
    """Notes which members train together; a resumed grid keeps to it."""
    for s, members in enumerate(stacks):
        stack_path(path, s).mkdir(parents=True, exist_ok=True)
        write_json(stack_path(path, s) / MEMBERS, {"members": list(members), "of": len(stacks)})


def read_stacks(path: Path) -> list[list[int]]:
    """What `write_stacks` noted, or an empty list where it did not come to its end."""
    stacks = []
    while (values := read_object(stack_path(path, len(stacks)) / MEMBERS)) is not None:
        stacks.append(values["members"])
        if len(stacks) == values["of"]:
            return stacks
    return []


def is_finished(path: Path, s: int) -> bool:
    """Whether stack s of the grid in `path` has all its epochs and its members' figures."""
    return read_object(stack_path(path, s) / RESULT) is not None


def write_pictures(path: Path, pictures: Mapping[str, Tensor]) -> None:
    """Reconstructions and codes of the probe images, in a member's folder."""
    write_tensors(path / PICTURES, pictures, durable=False)


def read_pictures(path: Path) -> dict[str, Tensor] | None:
    """What `write_pictures` wrote, or None while there is none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path / PICTURES)
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{PICTURES} is damaged: {error}") from error


def table_csv(info: GridInfo) -> str:
    """The table of members as comma-separated values, one row a member, axes first."""
    import csv
    import io

    rows = [_flat(row) for row in info.members()]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            prefix = "" if name == "axes" else f"{name}."
            flat |= {f"{prefix}{inner}": _cell(v) for inner, v in value.items()}
        else:
            flat[name] = value
    return flat


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value
