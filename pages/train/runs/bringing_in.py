"""A run or a grid from elsewhere: dropped onto the page as a zip, or named by a path on the server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import streamlit as st

from aecore import access, store
from aecore.store import Imported
from pages.shared import notices, permits
from pages.shared.plain import plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TAKEN = "_runs_taken_in"  # session key: folder of what has come in, to be shown by the next run of the script
TIMES = "_runs_imports"  # session key: how often something has come in


def draw() -> None:
    """The popover with both ways."""
    # With another key they are new ones: closed and empty.
    time = st.session_state.setdefault(TIMES, 0)
    refused = permits.why_nothing()
    with st.popover(
        "Import",
        icon=":material/input:",
        key=f"runs_import_popover_{time}",
        help=refused or "A run or grid from another machine.",
        disabled=refused is not None,
    ):
        if refused is not None:
            return
        file = st.file_uploader(
            "Drop a zip of a run or a grid",
            "zip",
            key=f"runs_import_file_{time}",
            max_upload_size=permits.upload_mb(),
            help="As “Export”, “Zip of the folder” makes it. Nothing in it is executed; files that are none "
            "of a run's are left out.",
        )
        # Visitors of a server of many see what is in its runs, and nothing else of its disk.
        typed = (
            ""
            if access.has_guests()
            else st.text_input(
                "or name a folder or zip on this machine",
                key=f"runs_import_path_{time}",
                placeholder="/home/me/checkpoints/my-run",
                help="It is checked and copied; what lies there stays as it is.",
            )
        )
        if not st.button(
            "Import it", key="runs_import", type="primary", disabled=not (file or typed.strip())
        ):
            return
        bar = st.progress(0.0, "Checking")
        try:
            found = (
                _upload(file, bar.progress)
                if file
                else store.import_run(Path(typed.strip()).expanduser(), on_progress=bar.progress)
            )
        # The last is what a path raises that no file could have.
        except (OSError, ValueError, RuntimeError) as error:
            st.error(plain(f"Not imported: {error}."), icon=":material/error:")
            return
        finally:
            bar.empty()
    take(found.path)
    st.session_state[TIMES] = time + 1
    left = f"; {len(found.left_out)} files that are none of a run's were left out" if found.left_out else ""
    notices.say(f"Imported as {found.path.name}{left}.", "check")


def _upload(file: UploadedFile, on_progress: Callable[[float], object]) -> Imported:
    """Takes the uploaded zip in, from a file of the server's own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="aecore-import-") as temporary:
        copy = Path(temporary) / "upload.zip"
        with copy.open("wb") as out:
            shutil.copyfileobj(file, out)
        called = PurePath(file.name).stem
        return store.import_run(copy, name=called, on_progress=on_progress, uploaded=True)


def take(path: Path) -> None:
    """Has the next run of the script select this run, or show this grid's table."""
    st.session_state[TAKEN] = path


def show_taken(selected: str) -> None:
    """Selects what has come in, before the widgets are drawn; `selected` is the runs' session key."""
    path = st.session_state.pop(TAKEN, None)
    if path is None:
        return
    if store.is_grid(path):
        st.session_state["runs_show"] = "Grids"
    else:
        st.session_state["runs_show"] = "Runs"
        st.session_state[selected] = path.name
