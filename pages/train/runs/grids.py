"""Every grid as a line of a table, and what can be done with one."""

from __future__ import annotations

import time

import streamlit as st

from aecore import naming, store
from aecore.grid import axis_text
from aecore.settings import axis_label
from aecore.store import GridInfo, Unreadable
from pages.shared import permits, state
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.words import age
from pages.train.runs import folders


def row(info: GridInfo) -> dict[str, object]:
    """A grid as a line of the table."""
    errors = [row.result.test.squared_error for row in info.members() if row.result]
    return {
        "Name": info.name,
        "Data": naming.data_title(info.config.data.name),
        "Axes": " x ".join(axis_label(name) for name in info.grid.axes) or "a list",
        "Models": len(info.grid.members),
        "Best squared error": min(errors, default=None),
        "Status": folders.status_text(info, len(errors), f"{len(info.grid.members)} models"),
        "Age": age(time.time() - info.created),
    }


def draw() -> None:
    """The table, and the selected grid's actions."""
    listed = store.list_grids()
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
            st.subheader(plain(grids[rows[0]].name), anchor=False)
            _actions(grids[rows[0]])
    folders.draw_unreadable([folder for folder in listed if isinstance(folder, Unreadable)], "runs_grid")


def _actions(info: GridInfo) -> None:
    with st.container(horizontal=True):
        st.button(
            "Choose among them",
            key="runs_grid_choose",
            type="primary",
            icon=":material/rule:",
            on_click=_choose,
            args=(info,),
        )
        if info.grid.axes:
            st.button(
                "Axes into New grid",
                key="runs_grid_again",
                icon=":material/content_copy:",
                on_click=_train_again,
                args=(info,),
                help="Opens New grid with this grid's settings and axes, to change and train anew.",
            )
        folders.draw_actions(info, "runs_grid")
    permits.draw_why_not(info.path)
    for name, values in info.grid.axes.items():
        st.caption(f"{axis_label(name)}: {', '.join(axis_text(name, value) for value in values)}")
    if message := info.progress.message:
        st.error(plain(message))


def _choose(info: GridInfo) -> None:
    st.session_state["choose_grid"] = info.key
    leave_for(state.CHOOSE_PAGE)


def _train_again(info: GridInfo) -> None:
    st.session_state["_new_grid_from"] = info.config, info.grid.axes
    st.session_state["_new_grid_halving"] = info.grid.halving
    leave_for(state.NEW_GRID_PAGE)
