"""Save as one file: a run as an HTML file that opens by a double click, with its size said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from pages.shared import background, loading
from pages.shared.background import Task
from pages.shared.plain import plain
from pages.shared.words import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from aecore.export.explorer import Sizes
    from aecore.export.explorer.material import Material

POINTS = (500, 1000, 2000, 5000, 10_000)
"""Numbers of points that are offered, where there are more images than that."""
PICTURES = {"full": "full size", "half": "half size"}

ABOUT = (
    "One HTML file with the reconstructions, the map of codes, unit sliders, interpolation and, for grey "
    "images, a drawing pad. It opens in a browser by a double click, without this app and without a network."
)


def draw(key: str, prefix: str, disabled: bool = False) -> None:
    """The button for the run of that key; `prefix` begins the keys of what it opens."""
    panel = st.popover(
        "Save as one file",
        icon=":material/download:",
        key=f"{prefix}_one_file",
        on_change="rerun",
        disabled=disabled,
    )
    if panel.open:
        with panel:
            _draw_panel(key, f"{prefix}_file")


def _draw_panel(key: str, prefix: str) -> None:
    st.caption(ABOUT)
    name = f"one file {key} {store.weights_stamp(key)}"
    try:
        _begin(name, key)
    except ValueError as error:
        st.warning(plain(f"There is no file of this run: {error}."))
        return
    look = background.works()[name]
    if look.running:
        background.draw_task(name, "Looking at what goes into it", f"{prefix}_look_stop")
        return
    background.draw_problem(name)
    if look.result is None:
        if not look.problem:
            st.button("Look again", key=f"{prefix}_look", on_click=background.works().pop, args=(name,))
        return
    _draw_choice(key, prefix, name, *look.result)


def _begin(name: str, key: str) -> None:
    """Looks at the run, unless that is being done or has been."""
    if name in background.works():
        return
    run = loading.load_run(key)
    data = loading.images_of(run)
    created = store.read_info(run.path).created

    def do(tell: Callable[[float], None]) -> tuple[Material, Sizes]:
        from aecore.export.explorer import measure
        from aecore.export.explorer.material import gather

        material = gather(run, data, created, lambda share: tell(0.6 * share))
        return material, measure(material, on_progress=lambda share: tell(0.6 + 0.4 * share))

    background.begin(name, lambda: Task(do, "There is no file of this run"))


def _draw_choice(key: str, prefix: str, name: str, material: Material, sizes: Sizes) -> None:
    """What is chosen, the size that follows, and the file when it is asked for."""
    from aecore.export.explorer import Options

    counts = [*(count for count in POINTS if count < sizes.available), sizes.available][: len(POINTS)]
    points = st.selectbox(
        "Points on the map",
        counts,
        index=len(counts) - 1,
        format_func=lambda count: f"{count:,}" + (" (all)" if count == sizes.available else ""),
        key=f"{prefix}_points_{key}",
        help="Test images that the file holds, each with its small picture.",
    )
    pictures = st.segmented_control(
        "Their pictures",
        tuple(PICTURES),
        default="full",
        format_func=PICTURES.get,
        required=True,
        key=f"{prefix}_pictures",
        persist_state="session",
    )
    options = Options(max(points, 10), pictures)
    making = f"{name} {points} {pictures}"
    task = background.works().get(making)
    if task is not None and task.running:
        background.draw_task(making, "Making the file", f"{prefix}_make_stop")
        return
    background.draw_problem(making)

    def make(tell: Callable[[float], None]) -> bytes:
        from aecore.export.explorer.run import text

        return text(material, options, tell).encode()

    if task is None or task.result is None:
        st.caption(f"The file will have about {size(sizes.about(options))}.")
        st.button(
            "Make the file",
            key=f"{prefix}_make",
            type="primary",
            on_click=background.begin,
            args=(making, lambda: Task(make, "The file was not made")),
        )
        return
    st.download_button(
        f"Download ({size(len(task.result))})",
        task.result,
        file_name=f"{key.replace('/', '-')}.html",
        mime="text/html",
        key=f"{prefix}_download",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
