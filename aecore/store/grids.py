"""Grid folders: `grid.json`, a run folder for each member, and the stacks' state for resuming.

    <grid>/grid.json            name, base, axes
    <grid>/progress.json        the grid's process (see `aecore.jobs.grid_worker`)
    <grid>/result.json          table of members, written last
    <grid>/probe.safetensors    the images its pictures are of (see `store.probe`)
    <grid>/<k>/                 member k, a run folder like any other
    <grid>/stacks/<s>/          members, state, progress of stack s while it trains

A member being an ordinary run folder, everything that takes a run takes `<grid>/<k>`. Imports no torch.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aecore import trash
from aecore.access import writes
from aecore.config import Config
from aecore.files import StoreError, copy_file, read_object, write_json
from aecore.grid import MAX_MEMBERS, Grid, axis_text, axis_title, grid_title
from aecore.owners import changes
from aecore.presets import architecture
from aecore.results import GridResult, Progress, Row
from aecore.store import folders
from aecore.store.folders import Unreadable, checkpoints_root, root_beside
from aecore.store.known import Known
from aecore.store.names import GRID, MEMBERS, PROBE, PROGRESS, RESULT, STACKS
from aecore.store.records import (
    has_result,
    read_beaten,
    read_failed,
    read_history,
    read_progress,
    read_record,
    read_result,
)
from aecore.store.runs import copy_for_looking, copy_run_files, create_run, fill_run
from aecore.store.weights import has_weights
from aecore.trash import Trashed


@dataclass(frozen=True)
class GridInfo:
    """What is known of a grid without loading any weights."""

    path: Path
    name: str
    grid: Grid
    created: float
    """Seconds since 1970."""
    progress: Progress
    result: GridResult | None
    """None while the grid is not finished."""

    @property
    def key(self) -> str:
        return self.path.name

    @property
    def config(self) -> Config:
        """The base config, which names the data set and the device."""
        return self.grid.base

    def member_path(self, k: int) -> Path:
        """Member k's run folder."""
        return self.path / str(k)

    def member_key(self, k: int) -> str:
        """`<grid>/<k>`, which stands for the member wherever a run is named."""
        return f"{self.key}/{k}"

    def member_title(self, k: int) -> str:
        """`<grid>: latent size 8, penalty L1`, by the member's place on the axes."""
        position = self.grid.position_of(k)
        return f"{self.name}: " + ", ".join(f"{axis_title(n)} {axis_text(n, v)}" for n, v in position.items())

    def members(self) -> list[Row]:
        """The table's rows that are there: those of the finished grid, or of its members so far."""
        if self.result is not None:
            return list(self.result.members)
        return [row for k in range(len(self.grid.members)) if (row := self.member_row(k)) is not None]

    def rows(self) -> list[Row]:
        """A row for each member: its line of the table, or while it trains its last validation figures."""
        known = {row.k: row for row in self.members()}
        return [known.get(k) or self._unfinished(k) for k in range(len(self.grid.members))]

    def _unfinished(self, k: int) -> Row:
        try:
            history = read_history(self.member_path(k))
        except StoreError:
            history = []
        validation = history[-1].validation if history else {}
        return Row(k, self.grid.position_of(k), epochs=len(history), validation=validation)

    def member_row(self, k: int) -> Row | None:
        """Member k's row of the table, None while it is being trained."""
        path, axes = self.member_path(k), self.grid.position_of(k)
        if (result := read_result(path)) is not None:
            return Row(k, axes, result)
        if (failed := read_failed(path)) is not None:
            return Row(k, axes, failed=failed)
        if (beaten := read_beaten(path)) is not None:
            return replace(self._unfinished(k), beaten=beaten)
        return None


@writes
def create_grid(grid: Grid, name: str = "", root: Path | None = None) -> Path:
    """Makes a grid folder with a run folder for each member, and returns it."""
    root = root or checkpoints_root()

    def fill(draft: Path) -> None:
        for k, config in enumerate(grid.members):
            (draft / str(k)).mkdir()
            fill_run(draft / str(k), config)
        folders.write_header(draft, GRID, grid.to_dict(), name)

    return folders.make_folder(root / grid_slug(grid), fill)


def grid_slug(grid: Grid) -> str:
    """The name of its folder."""
    base = grid.base
    return "-".join(["grid", base.data.name.replace("_", "-"), architecture(base.model), grid.hash])


def read_grid(path: Path) -> GridInfo:
    """What is known of the grid in `path`; StoreError says in one sentence why it can't be read."""
    header, values = folders.read_header(path, GRID)
    try:
        grid = Grid.from_dict(values)
    except (TypeError, ValueError) as error:
        raise StoreError(f"{GRID} can't be used: {error}") from error
    result = read_record(path / RESULT, GridResult)
    if result is not None and not {row.k for row in result.members} <= set(range(len(grid.members))):
        raise StoreError(f"{RESULT} names members that {GRID} does not have")
    return GridInfo(path, header.name or grid_title(grid), grid, header.created, read_progress(path), result)


def list_grids(root: Path | None = None) -> list[GridInfo | Unreadable]:
    """Every grid folder under the run root, newest first; those that can't be read come last."""
    return folders.listed(root, True, _KNOWN.read, lambda info: info.created)


_KNOWN = Known(read_grid, (GRID, RESULT, PROGRESS), lambda info: len(info.grid.members))
"""The files that `read_grid` looks at."""


@changes("path")
def rename_grid(path: Path, name: str) -> None:
    """Changes the name people see; the folder stays. ValueError for an empty name."""
    folders.rename(path, GRID, name, "grid")


@changes("path")
def delete_grid(path: Path) -> Trashed:
    """Moves the grid with all its members into the trash, as `delete_run` does."""
    folders.require_deletable(path, GRID, "grid")
    return trash.put(path, folders.describe)


@writes
def keep_member(path: Path, k: int, name: str = "") -> Path:
    """Copies member k to a run of its own, beside the grid (see `root_beside`), and returns its folder."""
    info = read_grid(path)
    if not has_weights(info.member_path(k)):
        raise StoreError(f"member {k} of {info.name} has no weights yet")
    target = create_run(info.grid.members[k], name or info.member_title(k), root_beside(path))
    copy_run_files(info.member_path(k), target)
    return target


@changes("target")
def copy_grid_for_looking(source: Path, target: Path) -> None:
    """Makes `target` a grid folder with what a look at the finished grid in `source` needs."""
    info = read_grid(source)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in (GRID, RESULT, PROBE):
        copy_file(source / name, target / name)
    for k in range(len(info.grid.members)):
        # Every epoch of every member would be many times the size of the grid.
        copy_for_looking(info.member_path(k), target / str(k), rows=False)


def stack_path(path: Path, s: int) -> Path:
    """Folder of stack s of the grid in `path`, for its state and progress."""
    return path / STACKS / str(s)


@changes("path")
def write_stacks(path: Path, stacks: Sequence[Sequence[int]]) -> None:
    """Notes which members train together; a resumed grid keeps to it."""
    for s, members in enumerate(stacks):
        stack_path(path, s).mkdir(parents=True, exist_ok=True)
        write_json(stack_path(path, s) / MEMBERS, {"members": list(members), "of": len(stacks)})


def read_stacks(path: Path) -> list[list[int]]:
    """What `write_stacks` noted, or an empty list where it did not come to its end."""
    stacks: list[list[int]] = []
    while (values := read_object(stack_path(path, len(stacks)) / MEMBERS)) is not None:
        members, count = values.get("members"), values.get("of")
        if (
            not isinstance(members, list)
            or not all(type(k) is int and 0 <= k < MAX_MEMBERS for k in members)
            or type(count) is not int
        ):
            raise StoreError(f"{MEMBERS} holds no list of members")
        stacks.append(members)
        if len(stacks) == count:
            return stacks
    return []


def is_stack_finished(path: Path, members: Sequence[int]) -> bool:
    """Whether all those members of the grid in `path` have their result, have failed or are beaten."""

    def is_finished(member: Path) -> bool:
        ended = read_failed(member) is not None or read_beaten(member) is not None
        return has_result(member) or ended

    return all(is_finished(path / str(k)) for k in members)
