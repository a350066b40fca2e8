"""Save as one file: a grid as an HTML file that opens by a double click, with its size said before."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from aecore import store
from aecore.store import GridInfo
from pages.shared import background, grid_source
from pages.shared.background import Task
from pages.shared.one_file import PICTURES
from pages.shared.words import size

ABOUT = (
    "One HTML file with the sliders, the pictures, the charts and the table of all models, and each one's "
    "settings. It opens in a browser by a double click, without this app and without a network."
)


def draw_save(info: GridInfo) -> None:
    """The button, and what it opens: how much goes in, how large that is, and the file."""
    panel = st.popover(
        "Save as one file",
        icon=":material/download:",
        key="choose_one_file",
        on_change="rerun",
        help="The grid as a file to send to somebody, who can explore it in a browser.",
    )
    if panel.open:
        with panel:
            _draw_panel(info)


def _draw_panel(info: GridInfo) -> None:
    from aecore.export.explorer.grid import GridOptions, text

    st.caption(ABOUT)
    kept = grid_source.pictures(info).images.shape[1]
    images = 1
    if kept > 1:
        images = st.slider("Images of each model", 1, kept, kept, key=f"choose_file_images_{info.key}")
    pictures = st.segmented_control(
        "Their pictures",
        tuple(PICTURES),
        default="full",
        format_func=PICTURES.get,
        required=True,
        key="choose_file_pictures",
        persist_state="session",
    )
    sliders = st.toggle(
        "Unit sliders",
        key="choose_file_sliders",
        help="Each model's decoder comes along, as far as it runs in a browser: most of the file's size.",
    )
    options = GridOptions(images, pictures, sliders)
    epochs = sum(row.epochs for row in info.rows())
    name = f"one file {info.path} {store.pictures_stamp(info)} {epochs} {options}"

    def make(tell: Callable[[float], None]) -> bytes:
        return text(info.path, options, tell).encode()

    # It takes a few seconds at most, so that its size is known by making it.
    if name not in background.works():
        background.begin(name, lambda: Task(make, "There is no file of this grid"))
    task = background.works()[name]
    if task.running:
        background.draw_task(name, "Making the file", "choose_file_stop")
        return
    background.draw_problem(name)
    if not isinstance(task, Task) or not isinstance(task.result, bytes):
        if not task.problem:
            st.button("Make the file", key="choose_file_make", on_click=background.works().pop, args=(name,))
        return
    st.download_button(
        f"Download ({size(len(task.result))})",
        task.result,
        file_name=f"{info.key}.html",
        mime="text/html",
        key="choose_file_download",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
