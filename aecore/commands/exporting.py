"""Out: a run or a grid for other programs, a flag and a row of `EXPORTS` each. And in: from elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aecore import store
from aecore.command_flags import Export, Import
from aecore.export import tables
from aecore.records import shown

Report = Callable[[float], None]
"""Is told the share that is done, from 0 to 1."""


@dataclass(frozen=True)
class Kind:
    """What one flag writes."""

    write: Callable[[Path, Path, Export, Report], str]
    """Takes the run's folder and what the flag names; returns what is to be said of it, or nothing."""
    folder: bool = False
    """Whether the flag names a folder, which is made first, and not a file."""
    grids: bool = False
    """Whether it takes a whole grid too."""
    runs: bool = True
    """Whether it takes a run or a member."""
    suffixes: tuple[str, ...] = ()
    """What a file's name must end in, where its kind goes by that."""


def export(command: Export) -> int:
    """Writes each file or folder that a flag names, once all of them may be written."""
    from tqdm import tqdm

    path = store.find_run(command.run, command.out)
    wanted = {flag: Path(found) for flag in EXPORTS if (found := getattr(command, flag)) is not None}
    if not wanted:
        raise ValueError(
            f"nothing to write: give one or more of {', '.join(f'--{flag}' for flag in EXPORTS)}"
        )
    if command.points is not None and store.is_grid(path):
        raise ValueError("--points is for the map of a run; a grid's page has none")
    if command.images is not None and not store.is_grid(path):
        raise ValueError("--images is for the page of a grid; a run's takes --points")
    if command.sliders and not store.is_grid(path):
        raise ValueError("--sliders is for the page of a grid; a run's has them always")
    for flag, target in wanted.items():
        _check(flag, path, target, command.force)
    with tqdm(total=1, disable=command.json or not sys.stderr.isatty(), bar_format="{desc} {bar}") as bar:
        for flag, target in wanted.items():
            bar.set_description_str(f"--{flag}")

            def report(share: float) -> None:
                bar.n = share
                bar.refresh()

            report(0.0)
            kind, before = EXPORTS[flag], _files(target)
            (target if kind.folder else target.parent).mkdir(parents=True, exist_ok=True)
            note = kind.write(path, target, command, report)
            after = _files(target)
            sizes = {str(file): stat[0] for file, stat in after.items() if before.get(file) != stat}
            row = {"run": str(path), "export": flag, "to": str(target), "bytes": sum(sizes.values())}
            if command.json:
                print(json.dumps({**row, "files": sizes, "note": note}), flush=True)
                continue
            many = f"{len(sizes)} files, " if kind.folder else ""
            bar.write(f"{target}: {many}{sum(sizes.values()):,} bytes{f'; {note}' if note else ''}")
    return 0


def bring_in(command: Import) -> int:
    """Takes a run or grid in, and says where it is now."""
    from tqdm import tqdm

    with tqdm(total=1, disable=command.json or not sys.stderr.isatty(), bar_format="{desc} {bar}") as bar:

        def report(share: float) -> None:
            bar.n = share
            bar.refresh()

        found = store.import_run(command.path.expanduser(), command.out, on_progress=report)
    if command.json:
        print(json.dumps({"run": str(found.path), "left_out": found.left_out}))
        return 0
    print(found.path)
    if found.left_out:
        print(f"left out, as no file of a run: {', '.join(map(shown, found.left_out[:10]))}", file=sys.stderr)
    return 0


def _check(flag: str, path: Path, target: Path, force: bool) -> None:
    """Refuses in one sentence what can't be written, before anything is."""
    kind = EXPORTS[flag]
    if store.is_grid(path) and not kind.grids:
        raise ValueError(
            f"{path.name} is a grid, and --{flag} takes a run: name one of its members, {path.name}/0"
        )
    if not store.is_grid(path) and not kind.runs:
        raise ValueError(f"{path.name} is a run, and --{flag} takes a grid")
    if kind.suffixes and target.suffix.lower() not in kind.suffixes:
        ending = target.suffix or "a file without ending"
        raise ValueError(f"--{flag} must end in {' or '.join(kind.suffixes)}, not {ending}")
    if kind.folder and target.exists() and not target.is_dir():
        raise ValueError(f"--{flag} needs a folder, and {target} is a file")
    if not kind.folder and target.is_dir():
        raise ValueError(f"--{flag} needs a file, and {target} is a folder")
    if force or not target.exists() or (kind.folder and not any(target.iterdir())):
        return
    there = "holds files already" if kind.folder else "is there already"
    raise ValueError(f"{target} {there}: name another, or --force replaces files of the same names")


def _files(target: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of a file, or of every file in a folder."""
    found = [target] if target.is_file() else [file for file in target.rglob("*") if file.is_file()]
    return {file: ((about := file.stat()).st_size, about.st_mtime_ns) for file in found}


def _onnx(path: Path, target: Path, command: Export, report: Report) -> str:
    from aecore.export import onnx

    return onnx.write(store.load_run(path), target, report).text


def _card(path: Path, target: Path, command: Export, report: Report) -> str:
    from aecore.export import card

    card.write(store.load_run(path), target, report)
    return ""


def _zip(path: Path, target: Path, command: Export, report: Report) -> str:
    draft = target.with_name(f".{target.name}.part")
    try:
        store.pack(path, draft, report)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return "`aecore import` takes it in"


def _html(path: Path, target: Path, command: Export, report: Report) -> str:
    from aecore.export.explorer import Options, write_run
    from aecore.export.explorer.grid import GridOptions, write_grid

    if store.is_grid(path):
        images = GridOptions.images if command.images is None else command.images
        write_grid(path, target, GridOptions(images, command.pictures, command.sliders), report)
    elif command.points is None:
        write_run(path, target, Options(pictures=command.pictures), report)
    else:
        write_run(path, target, Options(command.points, command.pictures), report)
    return ""


def _history(path: Path, target: Path, command: Export, report: Report) -> str:
    history = store.read_history(path)
    if not history:
        raise ValueError(f"{path.name} has no history: its first epoch is not finished")
    tables.write_table(tables.history_table(history), target)
    return f"{len(history):,} epochs"


def _layers(path: Path, target: Path, command: Export, report: Report) -> str:
    looks = store.read_looks(path)
    if not looks:
        raise ValueError(f"{path.name} has no looks at its layers (see train.record)")
    tables.write_table(tables.layer_table(looks), target)
    return f"{len(looks):,} looks at {len(looks.layers)} layers"


def _table(path: Path, target: Path, command: Export, report: Report) -> str:
    info = store.read_grid(path)
    table = tables.member_table(info)
    tables.write_table(table, target)
    return f"{len(table):,} of {len(info.grid.members):,} members"


def _codes(path: Path, target: Path, command: Export, report: Report) -> str:
    from aecore import data

    run = store.load_run(path)
    table = tables.code_table(run, data.load(run.config.data.name), on_progress=report)
    tables.write_table(table, target)
    return f"{len(table):,} test images"


def _tensorboard(path: Path, target: Path, command: Export, report: Report) -> str:
    from aecore.export import tensorboard

    return tensorboard.write(path, target, report)


EXPORTS: dict[str, Kind] = {
    "html": Kind(_html, grids=True),
    "onnx": Kind(_onnx, folder=True),
    "card": Kind(_card, folder=True),
    "zip": Kind(_zip, grids=True),
    "history": Kind(_history, suffixes=tables.TABLES),
    "layers": Kind(_layers, suffixes=tables.TABLES),
    "table": Kind(_table, grids=True, runs=False, suffixes=tables.TABLES),
    "codes": Kind(_codes, suffixes=tables.TABLES),
    "tensorboard": Kind(_tensorboard, folder=True, grids=True),
}
"""By the name of the flag, which is a field of `command_flags.Export`."""
