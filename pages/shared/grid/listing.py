"""Every grid as a line of a table, and what can be done with one."""

from __future__ import annotations

import time

import streamlit as st

from aecore import grid_store, jobs
from aecore.files import StoreError
from aecore.grid_store import GridInfo
from aecore.store import Unreadable
from pages.shared import state
from pages.shared.grid import board, source
from pages.shared.training_view import resume
from pages.shared.words import age


def row(info: GridInfo) -> dict[str, object]:
    """A grid as a line of the table."""
    errors = [member["test"]["squared_error"] for member in info.members() if "test" in member]
    return {
        "Name": info.name,
        "Data": info.config.data.name,
        "Axes": " x ".join(board.axis_label(name) for name in info.grid.axes) or "a list",
        "Models": len(info.grid.members),
        "Best squared error": min(errors, default=None),
        "Status": status_text(info, len(errors)),
        "Age": age(time.time() - info.created),
    }


def status_text(info: GridInfo, done: int) -> str:
    """The status, with the models done where that is not all of them."""
    status = jobs.status(info)
    if status in ("finished", "queued"):
        return status
    return f"{status}, {done} of {len(info.grid.members)} models"


def draw() -> None:
    """The table, and the selected grid's actions."""
    listed = grid_store.list_grids()
    grids = [info for info in listed if isinstance(info, GridInfo)]
    if grids:
        event = st.dataframe(
            [row(info) for info in grids],
            key=f"runs_grids_{hash(tuple(info.key for info in grids))}",
            on_select="rerun",
            selection_mode="single-row",
            selection_default={"selection": {"rows": [0]}},
            hide_index=True,
            height=min(38 + 35 * len(grids), 440),
            column_config={
                "Name": st.column_config.TextColumn(width="medium", pinned=True),
                "Best squared error": st.column_config.NumberColumn(
                    format="%.2f", help="Per test image, of the model with the lowest."
                ),
            },
            alt="Table of all grids",
        )
        rows = event["selection"]["rows"]
        if rows and rows[0] < len(grids):
            st.subheader(grids[rows[0]].name, anchor=False)
            _actions(grids[rows[0]])
    if broken := [folder for folder in listed if isinstance(folder, Unreadable)]:
        st.caption("Grids that can't be read; nothing else is affected.")
        st.dataframe(
            [{"Folder": folder.key, "Reason": folder.reason} for folder in broken],
            hide_index=True,
            key="runs_grids_unreadable",
            alt="Grids that can't be read, with the reason",
        )


def _actions(info: GridInfo) -> None:
    status = jobs.status(info)
    at_work = status in ("queued", "running", "silent")
    with st.container(horizontal=True):
        if st.button("Choose among them", key="runs_grid_choose", type="primary", icon=":material/rule:"):
            st.session_state["choose_grid"] = info.key
            st.switch_page(state.CHOOSE_PAGE)
        if st.button(
            "Axes into New grid",
            key="runs_grid_again",
            icon=":material/content_copy:",
            help="Opens New grid with this grid's settings and axes, to change and train anew.",
        ):
            st.session_state["_new_grid_from"] = info.config, info.grid.axes
            st.switch_page(state.NEW_GRID_PAGE)
        if at_work:
            st.button(
                "Stop", key="runs_grid_stop", icon=":material/stop:", on_click=jobs.stop, args=(info.path,)
            )
        elif status != "finished":
            st.button(
                "Resume",
                key="runs_grid_resume",
                icon=":material/play_arrow:",
                on_click=resume,
                args=(info,),
            )
        with st.popover("Rename", icon=":material/edit:"):
            _rename(info)
        if st.button(
            "Delete",
            key="runs_grid_delete",
            icon=":material/delete:",
            disabled=at_work,
            help="Stop it first." if at_work else None,
        ):
            _confirm_deletion(info)
    for name, values in info.grid.axes.items():
        st.caption(
            f"{board.axis_label(name)}: {', '.join(source.axis_text(name, value) for value in values)}"
        )
    if message := info.progress.get("message"):
        st.error(message)


def _rename(info: GridInfo) -> None:
    with st.form("runs_grid_rename", border=False):
        name = st.text_input("Name", info.name, max_chars=120, key=f"runs_grid_name_{info.key}_{info.name}")
        if st.form_submit_button("Rename"):
            try:
                grid_store.rename_grid(info.path, name)
            except (OSError, ValueError) as error:
                st.error(f"Not renamed: {error}.")
                return
            st.rerun()


@st.dialog("Delete this grid?")
def _confirm_deletion(info: GridInfo) -> None:
    st.write(f"**{info.name}** with its {len(info.grid.members)} models will be gone for good.")
    with st.container(horizontal=True):
        if st.button(
            "Delete",
            key="runs_grid_delete_yes",
            type="primary",
            icon=":material/delete:",
            on_click=_delete,
            args=(info,),
        ):
            st.rerun()
        if st.button("Keep it", key="runs_grid_delete_no"):
            st.rerun()


def _delete(info: GridInfo) -> None:
    try:
        grid_store.delete_grid(info.path)
    except (OSError, StoreError) as error:
        st.toast(f"Not deleted: {error}.", icon=":material/error:")
