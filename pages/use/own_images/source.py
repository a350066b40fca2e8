"""Where the images come from: dropped onto the page, or named by a path on the server's machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aecore import access
from aecore.jobs import image_job
from aecore.own.opening import require_uploaded
from pages.shared import permits
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.own.source import Source

KINDS = ["zip", "npz", "npy", "csv", "tsv", "jsonl", "parquet"]
PICTURES = ["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "ppm", "pgm"]
UPLOAD = "_own_upload"  # session key: (what was uploaded, folder of its job)


@dataclass(frozen=True)
class Brought:
    """Images somebody has brought."""

    path: Path
    stamp: tuple[int, int]
    """Size and time of change: another file under the same name is another."""
    folder: Path | None
    """Of the job that keeps the upload; None for a path."""


def choose() -> Brought | None:
    """The images that are to be used; None while there are none, or with the sentence that says why."""
    if permits.draw_why_nothing():
        return None
    left, right = st.columns(2, gap="large")
    with left:
        files = st.file_uploader(
            "Drop a zip, an array, a table, or image files",
            [*KINDS, *PICTURES],
            accept_multiple_files=True,
            key="own_files",
            max_upload_size=permits.upload_mb(),
            help="A zip with a folder for each class (or none), with train and test folders or a "
            "metadata.csv where there are such; .npz with x and y; .npy; .csv or .parquet with pixels. "
            "Nothing in them is executed.",
        )
    with right:
        # Visitors of a server of many see nothing else of its disk.
        typed = (
            ""
            if access.has_guests()
            else st.text_input(
                "or name a folder or file on this machine",
                key="own_path",
                placeholder="/home/me/photos",
                persist_state="session",
                help="It is read from where it is; nothing is copied but the pixels.",
            )
        )
    try:
        if files:
            return _uploaded(files)
        _drop_upload()
        return _at(Path(typed.strip()).expanduser(), None) if typed.strip() else None
    # The last two are what a path raises that no file could have.
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        st.error(plain(f"{typed or 'The upload'} can't be read: {reason}."))
        return None


def _uploaded(files: list) -> Brought:
    identity = hashlib.sha256(repr([(f.file_id, f.name) for f in files]).encode()).hexdigest()
    kept = st.session_state.get(UPLOAD)
    if kept is None or kept[0] != identity or not kept[1].is_dir():
        _drop_upload()
        with st.spinner("Keeping the upload"):
            folder = image_job.upload((f.name, f) for f in files)
        kept = st.session_state[UPLOAD] = (identity, folder)
    return _at(Path(image_job.read(kept[1]).path), kept[1])


def _drop_upload() -> None:
    """Nothing of an upload stays once another takes its place, unless a set is being made of it."""
    kept = st.session_state.pop(UPLOAD, None)
    if kept is not None and kept[1] not in [folder for folder, _ in image_job.listed()]:
        image_job.forget(kept[1])


def _at(path: Path, folder: Path | None) -> Brought:
    require_uploaded(path)
    about = path.stat()
    return Brought(path, (about.st_size, about.st_mtime_ns), folder)


@st.cache_resource(max_entries=4, show_spinner="Looking at what is there")
def opened(path: Path, stamp: tuple[int, int]) -> Source:
    """What lies at the path; SourceError in one sentence."""
    from aecore.own.opening import open_source

    return open_source(path)
