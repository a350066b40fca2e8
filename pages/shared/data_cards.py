"""The data sets as cards, in a dialog: what each holds, whether it is on this machine, and a few pictures."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import images
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.data import Dataset

PICTURES = 8
"""Pictures in a card's strip."""
COLUMNS = 3


def draw_button(key: str, chosen: str, choose: Callable[[str], None]) -> None:
    """The button that opens the cards; `choose` is called with the name of the set that is clicked there."""
    st.button(
        "All data sets",
        key=f"{key}_cards",
        icon=":material/grid_view:",
        on_click=_open,
        args=(key,),
        help="Each as a card: how many images of which size, their classes, their source, and some of them.",
    )
    if st.session_state.pop(f"_{key}_cards_open", False):
        _draw_cards(key, chosen, choose)


def _open(key: str) -> None:
    st.session_state[f"_{key}_cards_open"] = True


@st.dialog("Data sets", width="large")
def _draw_cards(key: str, chosen: str, choose: Callable[[str], None]) -> None:
    from aecore.data import datasets

    st.html(Path(__file__).with_name("data_cards.css"))
    there, places = datasets(), {}
    columns = []
    for i, (name, dataset) in enumerate(there.items()):
        if i % COLUMNS == 0:
            # A row at a time, so that the order is the same where columns stack.
            columns = st.columns(COLUMNS)
        with columns[i % COLUMNS].container(border=True, key=f"data_card_{key}_{i}", gap="xsmall"):
            places[name] = st.empty()
            st.html(facts(dataset))
            taken = st.button(
                "Chosen" if name == chosen else "Choose",
                key=f"{key}_card_{name}",
                icon=":material/check:" if name == chosen else None,
                on_click=choose,
                args=(name,),
                width="stretch",
            )
            if taken:
                st.rerun()
    # Last, since a set that nobody has opened yet is read for them.
    for name, dataset in there.items():
        if dataset.is_ready():
            _draw_strip(places[name], dataset)


def facts(dataset: Dataset) -> str:
    """What the catalogue knows of a set, as HTML."""
    channels, height, width = dataset.shape
    classes = dataset.known_classes
    lines = [
        f"{dataset.train_size:,} training and {dataset.test_size:,} test images",
        f"{height} × {width} pixels, {'grey' if channels == 1 else 'colour'}; "
        + (f"{len(classes)} classes" if classes else "classes not known"),
        dataset.origin or "your own images",
    ]
    size = f", {dataset.download_bytes / 1e6:,.0f} MB to download" if dataset.download_bytes else ""
    state = "on this machine" if dataset.is_ready() else f"not on this machine{size}"
    text = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
    title = f'<b style="font-size:1rem">{html.escape(dataset.title)}</b>'
    return (
        f'<div style="font-size:0.85rem;line-height:1.45">{title}{text}'
        f'<div style="font-weight:600">{html.escape(state)}</div></div>'
    )


def _draw_strip(place: st.delta_generator.DeltaGenerator, dataset: Dataset) -> None:
    try:
        place.html(_strip(dataset.name, dataset.title))
    except ValueError as error:
        place.caption(f"No pictures: {plain(error)}")


@st.cache_data(max_entries=64, show_spinner=False)
def _strip(name: str, title: str) -> str:
    """A few training images side by side, as HTML. The set is read for them, and not kept in memory."""
    from aecore.data import load, thumbnails

    row = images.mosaic(thumbnails(load(name), PICTURES).numpy(), PICTURES)
    return images.tag(row, "100%", f"training images of {title}")
