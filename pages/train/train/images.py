"""The images of the chosen data set: a few of them, or the button that fetches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore.access import RefusedError
from pages.shared import images, loading, permits
from pages.shared.layout import draw_classes_warning
from pages.shared.plain import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import Dataset


def draw_images(place: DeltaGenerator, dataset: Dataset) -> None:
    """One training image of each class, twelve in all; nothing where they are not on this machine."""
    from aecore.data import thumbnails

    if not dataset.is_ready():
        return
    try:
        pictures = thumbnails(loading.load_data(dataset.name), 12)
    except ValueError as error:
        place.error(plain(error))
        return
    row = "".join(images.tag(images.to_rgb(picture), "100%", dataset.name) for picture in pictures)
    style = "display:grid;grid-template-columns:repeat(12,minmax(0,32px));gap:3px"
    with place.container():
        st.html(f'<div style="{style}">{row}</div>')
        draw_classes_warning(dataset.name)


def draw_download(dataset: Dataset) -> None:
    """The sentence, the folder, and the button that fetches what is missing, with its progress."""
    from aecore.data import DataNotFoundError
    from aecore.data import download as fetch

    if permits.why_nothing() is not None:
        st.info(f"{dataset.title} is not on this server.", icon=":material/cloud_off:")
        return
    size = f"{dataset.download_bytes / 1e6:,.0f} MB"
    place = st.empty()
    place.info(
        f"{dataset.title} is not on this machine. Download it, or {plain(dataset.where_to_put())}.",
        icon=":material/cloud_download:",
    )
    if not st.button(f"Download {size}", key="train_download", icon=":material/download:"):
        return
    # Any click ends this script at the next report, and with it the download, which leaves nothing behind.
    stop = st.empty()
    stop.button("Stop the download", key="train_download_stop", icon=":material/stop:")
    bar = st.progress(0.0, "Connecting; stay on this page until it is done")

    def report(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB")

    try:
        fetch(dataset.name, report)
    except (DataNotFoundError, RefusedError) as error:
        bar.empty()
        stop.empty()
        # It says where the files belong as well.
        place.error(f"{plain(error)}.", icon=":material/cloud_off:")
        return
    st.rerun()
