"""The sets of one's own images that there are: size, skipped images, and the way to train or delete."""

from __future__ import annotations

import time

import streamlit as st

from aecore.own import sets
from pages.shared import permits, words
from pages.shared.plain import plain
from pages.use.own_images import making


def draw() -> None:
    """A line a set, newest first."""
    found = sets.list_sets()
    if not found:
        return
    st.subheader("Your data sets", anchor=False)
    for own in found:
        _draw_set(own)


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
            with st.popover("Delete", icon=":material/delete:", disabled=refused is not None, help=refused):
                st.caption(
                    "Removes the pixels kept here, not the images themselves. Runs trained on them stay, "
                    "without pictures until the set is made again."
                )
                st.button(
                    "Delete the set",
                    key=f"own_delete_{own.name}",
                    on_click=permits.attempt,
                    args=(_delete, own.name),
                )


def _delete(name: str) -> None:
    try:
        sets.delete_set(name)
    except (ValueError, OSError):
        # Somebody else did.
        return
