"""The dialog in which a run or a grid is made into a file for other programs: on request, beside the page.

A row of `KINDS` is a line of it. What was made is kept for a second look, until the run's weights change or
newer work takes its place (`background.KEPT`).
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from aecore import jobs, store
from aecore.jobs.control import Job
from aecore.store import GridInfo, RunInfo
from pages.shared import background
from pages.shared.background import Task
from pages.shared.plain import plain
from pages.shared.words import size

Report = Callable[[float], None]
OPEN = "_export_open"  # session key: the key of the run or grid whose dialog is open
LARGEST = 100_000_000
"""Bytes of a file that the app makes: it is held in memory until it is saved."""


@dataclass(frozen=True)
class Kind:
    """A file that a run or a grid can be made into."""

    title: str
    what_for: str
    """In one line."""
    file: str
    """Its name, with {name} for that of the folder."""
    make: Callable[[Path, Report], bytes]
    """Takes the folder; ValueError, RuntimeError or OSError in one sentence. A stop raises in the report."""
    runs: bool = True
    grids: bool = False


def _check_size(count: int, command: str) -> None:
    """ValueError where a file of that many bytes would not be made here; the command line writes it."""
    if count > LARGEST:
        raise ValueError(
            f"it has {size(count)}, and the app makes files of at most {size(LARGEST)}; "
            f"the command line writes it, aecore export {command}"
        )


def _zip_of(write: Callable[[Path, Path, Report], None], flags: str) -> Callable[[Path, Report], bytes]:
    """What is written into a folder, as the bytes of a zip; `flags` are those of the command line."""

    def make(path: Path, report: Report) -> bytes:
        with tempfile.TemporaryDirectory(prefix="aecore-export-") as temporary:
            folder, target = Path(temporary, "files"), Path(temporary, "files.zip")
            folder.mkdir()
            write(path, folder, report)
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(folder.rglob("*")):
                    if file.is_file():
                        archive.write(file, file.relative_to(folder).as_posix())
                        report(1.0)  # So that a stop is heard.
            _check_size(target.stat().st_size, f"{_key(path)} {flags}")
            return target.read_bytes()

    return make


def _key(path: Path) -> str:
    """What the command line calls the run or grid in a folder."""
    return (store.read_grid(path) if store.is_grid(path) else store.read_info(path)).key


def _onnx(path: Path, target: Path, report: Report) -> None:
    from aecore.export import onnx

    onnx.write(store.load_run(path), target, report)


def _card(path: Path, target: Path, report: Report) -> None:
    from aecore.export import card

    card.write(store.load_run(path), target, report)


def _tensorboard(path: Path, target: Path, report: Report) -> None:
    from aecore.export import tensorboard

    tensorboard.write(path, target, report)


def _tables(path: Path, target: Path, report: Report) -> None:
    from aecore.export import tables

    tables.write_all(path, target, report)


def _code(path: Path, report: Report) -> bytes:
    from aecore.export.code import pytorch_code

    run = store.load_run(path)
    return pytorch_code(run.config.model, run.shape, run.scaling, run.name).encode()


def _folder(path: Path, report: Report) -> bytes:
    # Weights hardly shrink in a zip: what its files have says how large it will be, before any is read.
    _check_size(store.packed_size(path), f"{_key(path)} --zip FILE")
    with tempfile.TemporaryDirectory(prefix="aecore-export-") as temporary:
        target = Path(temporary, "folder.zip")
        store.pack(path, target, report)
        return target.read_bytes()


KINDS: dict[str, Kind] = {
    "onnx": Kind(
        "ONNX",
        "Encoder, decoder and both for ONNX Runtime, in any language; images in [0, 1].",
        "{name}-onnx.zip",
        _zip_of(_onnx, "--onnx FOLDER"),
    ),
    "card": Kind(
        "Folder for a model hub",
        "Model card with figures and pictures, weights, and code that loads them with PyTorch alone.",
        "{name}-card.zip",
        _zip_of(_card, "--card FOLDER"),
    ),
    "code": Kind("PyTorch code", "The network as a module that runs by itself.", "{name}.py", _code),
    "tables": Kind(
        "Tables",
        "CSV: a run's epochs, layers and, where its images are here, codes with errors; a grid's members.",
        "{name}-tables.zip",
        _zip_of(_tables, "--codes FILE"),
        grids=True,
    ),
    "tensorboard": Kind(
        "TensorBoard",
        "Event files: curves, pictures and codes, for `tensorboard --logdir`.",
        "{name}-tensorboard.zip",
        _zip_of(_tensorboard, "--tensorboard FOLDER"),
        grids=True,
    ),
    "zip": Kind(
        "Zip of the folder",
        "All that is kept of it, to be taken in by Runs on another machine.",
        "{name}.zip",
        _folder,
        grids=True,
    ),
}


def draw_button(info: Job, prefix: str) -> None:
    """The button that opens the dialog; `prefix` begins its key."""
    at_work = jobs.status(info) in jobs.AT_WORK
    empty = isinstance(info, RunInfo) and not info.has_weights
    reason = "Stop it first." if at_work else "It has no weights yet." if empty else None
    st.button(
        "Export",
        key=f"{prefix}_export",
        icon=":material/output:",
        disabled=reason is not None,
        help=reason or "Makes it a file for other programs, or for another machine.",
        on_click=st.session_state.__setitem__,
        args=(OPEN, info.key),
    )
    # It stays open while the page is drawn anew, as it is when a file is made.
    if reason is None and st.session_state.get(OPEN) == info.key:
        _dialog(info)


def _closed() -> None:
    st.session_state.pop(OPEN, None)


@st.dialog("Export", width="medium", on_dismiss=_closed)
def _dialog(info: Job) -> None:
    draw(info)


def draw(info: Job) -> None:
    """A line for each file that it can be made into."""
    st.markdown(f"**{plain(info.name)}**")
    grid = isinstance(info, GridInfo)
    for name, kind in KINDS.items():
        if kind.grids if grid else kind.runs:
            _draw_kind(info, name, kind)


def _draw_kind(info: Job, name: str, kind: Kind) -> None:
    """What it is for, and the button that makes it, the bar with its stop, or what saves it."""
    stamp = (store.weights_stamp(info.path), info.progress.heartbeat, info.name)
    work = f"export {name} {info.path} {stamp}"
    left, right = st.columns([5, 3], vertical_alignment="center")
    left.markdown(f"**{kind.title}**")
    left.caption(kind.what_for)
    task = background.works().get(work)
    if task is not None and task.running:
        with right:
            background.draw_task(work, "Making it", f"export_{name}_stop")
        return
    if not isinstance(task, Task) or not isinstance(task.result, bytes):
        with left:
            background.draw_problem(work)
        right.button(
            "Make",
            key=f"export_{name}",
            icon=":material/build:",
            width="stretch",
            on_click=background.begin,
            args=(work, lambda: Task(partial(kind.make, info.path), "Not made")),
        )
        return
    right.download_button(
        f"Save, {size(len(task.result))}",
        task.result,
        kind.file.format(name=info.key.replace("/", "-")),
        key=f"export_{name}_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
