"""The sets of one's own images: size, skipped images, the way to train or delete, and what was deleted."""

from __future__ import annotations

import time
from functools import partial

import streamlit as st

from aecore.own import sets
from pages.shared import permits, trash, words
from pages.shared.plain import plain
from pages.use.own_images import making

PAGE = "own"


def draw() -> None:
    """A line a set, newest first, and after them what was deleted."""
    if found := sets.list_sets():
        st.subheader("Your data sets", anchor=False)
        for own in found:
            _draw_set(own)
    trash.draw(PAGE, sets.trashed(), "Deleted data sets")


def draw_offer() -> None:
    """Offers back what was deleted last."""
    trash.draw_offer(PAGE)


def _draw_set(own: sets.OwnSet) -> None:
    height, width = own.height, own.width
    classes = f" · {len(own.class_names)} classes" if own.labelled else ""
    with st.container(border=True):
        about, actions = st.columns([3, 2], vertical_alignment="center")
        about.markdown(
            f"**{plain(own.title)}** · {own.train_size + own.test_size:,} images of {width} × {height} pixels"
            f"{', colour' if own.channels == 3 else ''}{classes} · {making.words_of_bytes(own.bytes)} · "
            f"{words.age(time.time() - own.made)}"
        )
        about.caption(plain(f"{own.source}; {own.treatment}. Called {own.name} in settings."))
        with actions.container(horizontal=True, horizontal_alignment="right"):
            making.draw_train_button(own, f"own_train_{own.name}")
            if own.skipped:
                st.download_button(
                    f"{own.skipped:,} skipped",
                    sets.skipped_table(own),
                    f"{own.name}-skipped.csv",
                    "text/csv",
                    key=f"own_skipped_{own.name}",
                    icon=":material/download:",
                    on_click="ignore",
                    help="The images that could not be read, and why.",
                )
            refused = permits.why_not(own.folder)
            if st.button(
                "Delete",
                key=f"own_delete_{own.name}",
                icon=":material/delete:",
                disabled=refused is not None,
                help=refused,
            ):
                trash.confirm_deletion(
                    PAGE,
                    f"own_{own.name}",
                    own.title,
                    "all images in it",
                    own.folder,
                    partial(sets.delete_set, own.name),
                    "The images it was made of stay where they are. Runs trained on it stay too, without "
                    "pictures until it is back.",
                )
