"""The dialog in which a run or a grid is made into a file for other programs: on request, with a bar.

A row of `KINDS` is a line of it. What was made is kept for a second look, until the run's weights change.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from aecore import jobs, store
from aecore.jobs.control import Job
from aecore.store import GridInfo, RunInfo
from pages.shared.plain import plain
from pages.shared.words import size

Report = Callable[[float], None]
ASKED = "_exports_asked"  # session key: what this person has asked for


@dataclass(frozen=True)
class Kind:
    """A file that a run or a grid can be made into."""

    title: str
    what_for: str
    """In one line."""
    file: str
    """Its name, with {name} for that of the folder."""
    make: Callable[[Path, Report], bytes]
    """Takes the folder; ValueError or RuntimeError in one sentence."""
    runs: bool = True
    grids: bool = False


def _zip_of(write: Callable[[Path, Path, Report], None]) -> Callable[[Path, Report], bytes]:
    """What is written into a folder, as the bytes of a zip."""

    def make(path: Path, report: Report) -> bytes:
        with tempfile.TemporaryDirectory(prefix="aecore-export-") as temporary:
            write(path, Path(temporary), report)
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(Path(temporary).rglob("*")):
                    if file.is_file():
                        archive.write(file, file.relative_to(temporary).as_posix())
            return buffer.getvalue()

    return make


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
    buffer = io.BytesIO()
    store.pack(path, buffer, report)
    return buffer.getvalue()


KINDS: dict[str, Kind] = {
    "onnx": Kind(
        "ONNX",
        "Encoder, decoder and both for ONNX Runtime, in any language; images in [0, 1].",
        "{name}-onnx.zip",
        _zip_of(_onnx),
    ),
    "card": Kind(
        "Folder for a model hub",
        "Model card with figures and pictures, weights, and code that loads them with PyTorch alone.",
        "{name}-card.zip",
        _zip_of(_card),
    ),
    "code": Kind("PyTorch code", "The network as a module that runs by itself.", "{name}.py", _code),
    "tables": Kind(
        "Tables",
        "CSV: a run's epochs, layers and, where its images are here, codes with errors; a grid's members.",
        "{name}-tables.zip",
        _zip_of(_tables),
        grids=True,
    ),
    "tensorboard": Kind(
        "TensorBoard",
        "Event files: curves, pictures and codes, for `tensorboard --logdir`.",
        "{name}-tensorboard.zip",
        _zip_of(_tensorboard),
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
    if st.button(
        "Export",
        key=f"{prefix}_export",
        icon=":material/output:",
        disabled=at_work or empty,
        help=reason or "Makes it a file for other programs, or for another machine.",
    ):
        _dialog(info)


@st.dialog("Export", width="medium")
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
    """What it is for, and the button that makes it, or saves what is made."""
    stamp = hash((store.weights_stamp(info.path), info.progress.heartbeat, info.name))
    asked: set[tuple[str, str, int]] = st.session_state.setdefault(ASKED, set())
    this = (name, info.key, stamp)
    left, right = st.columns([5, 3], vertical_alignment="center")
    left.markdown(f"**{kind.title}**")
    left.caption(kind.what_for)
    content = None
    if this in asked:
        try:
            with left:
                content = _made(name, info.path, stamp)
        except (OSError, RuntimeError, ValueError) as error:
            asked.discard(this)
            left.error(plain(f"Not made: {error}."))
    if content is None:
        right.button(
            "Make",
            key=f"export_{name}",
            icon=":material/build:",
            width="stretch",
            on_click=asked.add,
            args=(this,),
        )
        return
    right.download_button(
        f"Save, {size(len(content))}",
        content,
        kind.file.format(name=info.key.replace("/", "-")),
        key=f"export_{name}_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


@st.cache_resource(max_entries=6, show_spinner=False)
def _made(name: str, path: Path, stamp: int) -> bytes:
    """The file's content; drawn with a bar while it is made."""
    bar = st.progress(0.0, "Making it")
    try:
        return KINDS[name].make(path, lambda share: bar.progress(min(share, 1.0), "Making it"))
    finally:
        bar.empty()
