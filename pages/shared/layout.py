"""The frame of every page: title line, guards that say what is missing, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from aecore import glossary, jobs, naming, store
from pages.shared import loading
from pages.shared.plain import plain
from pages.shared.state import TRAIN_PAGE, chosen_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from altair import Chart, LayerChart
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import ImageData
    from aecore.store import RunInfo
    from aecore.store.run import Run


def draw_header(title: str, sentence: str, run: Run | RunInfo | None = None) -> None:
    """One band: the page's title, a sentence on what can be seen here, and the run that it is about."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="medium", key="page_band", wrap=False
    ):
        st.title(title, anchor=False, width="content")
        st.caption(sentence, width="stretch", help=glossary.help_for(sentence))
        if run is not None:
            config = run.config
            parts = [*naming.parts(config).values()]
            if config.train.shift:
                parts.append("trained on shifted images")
            st.caption(plain(" · ".join(parts)), width="content")


def controls(gap: Literal["small", "medium"] = "medium") -> DeltaGenerator:
    """The place of a page's controls: one row above the picture, which wraps where the window is narrow."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap=gap)


def picture_and_figures() -> tuple[DeltaGenerator, DeltaGenerator]:
    """The two columns of a page that looks: the picture, and beside it figures, words, what was chosen."""
    picture, beside = st.columns([2, 1], gap="large")
    return picture, beside


def form_and_outcome() -> tuple[DeltaGenerator, DeltaGenerator]:
    """The two columns of a page that makes something: the settings, and what comes of them."""
    form, outcome = st.columns([2, 3], gap="large")
    return form, outcome


def draw_chart(chart: Chart | LayerChart, *, alt: str, **options: Any) -> Any:
    """A chart that is given all of its height before it is drawn, so that nothing below it moves.

    `alt` is its name for a screen reader; `options` are those of `st.altair_chart`, whose value is returned.
    """
    return st.altair_chart(chart, height=chart.height, alt=alt, **options)


def require_run(title: str, sentence: str, with_data: bool = True) -> tuple[Run, ImageData | None]:
    """The chosen run, loaded, with its data set, below the page's header.

    Where there is none, or it can't be used, says why with the way out, and ends the page there.
    """
    key = chosen_key()
    if key is None:
        draw_header(title, sentence)
        st.info("There is no trained model yet: train one, and this page shows it.")
        st.page_link(TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
        st.stop()
    try:
        run = loading.load_run(key)
    except store.StoreError as error:
        draw_header(title, sentence)
        st.error(f"{plain(key)} can't be shown: {plain(error)}.")
        if _is_training(key):
            st.caption("It is being trained; its pictures come with the first finished epoch.")
        st.stop()
    draw_header(title, sentence, run)
    return run, require_images(run) if with_data else None


def require_images(run: Run) -> ImageData:
    """The run's data set, or the sentence that says why it is not to be had, and the end of the page."""
    return _or_end(loading.images_of, run)


def require_data(name: str) -> ImageData:
    """The data set, or the sentence that says where its files belong, and the end of the page."""
    return _or_end(loading.load_data, name)


def _or_end(load: Callable[[Any], ImageData], of: Any) -> ImageData:
    try:
        return load(of)
    except ValueError as error:
        st.error(plain(error))
        st.stop()


def _is_training(key: str) -> bool:
    return any(info.key == key for info in jobs.active())


def draw_known_note(data: ImageData) -> None:
    """That others are looked up among a sample of the training images, where there are too many for all."""
    if data.known_note:
        st.caption(f"Distances and nearest images are those among training images {data.known_note}.")


def draw_classes_warning(name: str) -> None:
    """Warns where the training and test images of a data set differ in their classes."""
    if text := loading.classes_warning(name):
        # The classes' names come from outside: as code, Markdown leaves them as they are.
        st.warning("Training and test images differ in their classes.", icon=":material/warning:")
        # The names of classes come from outside: they are no Markdown.
        st.text(text)
