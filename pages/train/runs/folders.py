"""What the lists of runs and of grids have in common: stop, resume, rename, delete, and what can't be read.

`prefix` begins the widgets' keys, so that the two lists keep theirs apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore import jobs, store
from aecore.access import RefusedError
from aecore.jobs.control import Job
from aecore.store import GridInfo, RunInfo, Unreadable
from pages.shared import exporting, permits, trash
from pages.shared.change_controls import draw_pause_buttons
from pages.shared.job_controls import draw_resume_button, stop
from pages.shared.plain import plain


def status_text(info: Job, done: int, whole: str) -> str:
    """The status, with what is done where that is not all of it: `stopped, 3 of 10 epochs`."""
    status = jobs.status(info)
    return status if status in ("finished", "queued") else f"{status}, {done} of {whole}"


def draw_actions(info: Job, prefix: str) -> None:
    """Buttons for the container they are called in."""
    status = jobs.status(info)
    at_work = status in jobs.AT_WORK
    refused = permits.why_not(info.path)
    kept = "It comes with the app, and stays as it is." if store.is_shipped(info.path) else refused
    if status in ("running", "paused") and isinstance(info, RunInfo):
        draw_pause_buttons(info, prefix, one_epoch=False)
    if at_work:
        st.button(
            "Stop",
            key=f"{prefix}_stop",
            icon=":material/stop:",
            on_click=stop,
            args=(info.path,),
            disabled=refused is not None,
            help=refused,
        )
    elif status != "finished" and store.read_failed(info.path) is None:
        draw_resume_button(info, f"{prefix}_resume")
    exporting.draw_button(info, prefix)
    with st.popover(
        "Rename", icon=":material/edit:", key=f"{prefix}_rename_popover", disabled=bool(kept), help=kept
    ):
        _rename(info, prefix)
    if st.button(
        "Delete",
        key=f"{prefix}_delete",
        icon=":material/delete:",
        disabled=at_work or bool(kept),
        help=kept or ("Stop it first." if at_work else None),
    ):
        _confirm_deletion(info, prefix)


def _rename(info: Job, prefix: str) -> None:
    """A field for the new name; Enter or the button takes it."""
    change = store.rename_grid if isinstance(info, GridInfo) else store.rename_run
    with st.form(f"{prefix}_rename_form", border=False):
        name = st.text_input("Name", info.name, key=f"{prefix}_name_{info.key}_{info.name}")
        if st.form_submit_button("Rename"):
            try:
                if len(name) > store.NAME_LENGTH:
                    raise ValueError(f"a name has at most {store.NAME_LENGTH} characters, not {len(name)}")
                change(info.path, name)
            except (OSError, ValueError, RefusedError) as error:
                st.error(f"Not renamed: {plain(error)}.")
                return
            st.rerun()


def _confirm_deletion(info: Job, prefix: str) -> None:
    is_grid = isinstance(info, GridInfo)
    holds = f"its {len(info.grid.members)} models" if is_grid else "all files in its folder"
    delete = store.delete_grid if is_grid else store.delete_run
    trash.confirm_deletion("runs", prefix, info.name, holds, info.path, lambda: delete(info.path))


def draw_unreadable(folders: Sequence[Unreadable], prefix: str) -> None:
    """Folders that can't be read, each with its reason; nothing where there are none."""
    if not folders:
        return
    many = f"{len(folders)} folders" if len(folders) > 1 else "One folder"
    st.subheader("Not readable", anchor=False)
    st.caption(f"{many} here can't be read; nothing else is affected.")
    st.dataframe(
        [{"Folder": folder.key, "Reason": folder.reason} for folder in folders],
        hide_index=True,
        key=f"{prefix}_unreadable",
        alt="Folders that can't be read, with the reason",
    )
