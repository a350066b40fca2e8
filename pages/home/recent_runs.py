"""The newest runs as cards."""

from __future__ import annotations

import html

import streamlit as st

from aecore import store
from aecore.store import RunInfo
from pages.home.pictures import pairs
from pages.shared.plain import plain
from pages.shared.state import choose, chosen_key
from pages.shared.training_view import pca_error, squared_error

CARDS = 4
"""Runs that are shown."""


def draw_recent_runs(runs: list[RunInfo]) -> None:
    """A card each for the first runs, with a button that makes it the chosen one."""
    st.subheader("Recent runs", anchor=False)
    columns = st.columns(CARDS)
    for column, info in zip(columns, runs[:CARDS], strict=False):
        with column.container(border=True):
            try:
                st.html(pairs(info.key, store.weights_stamp(info.path), 5))
            except ValueError as error:
                st.caption(f"No picture: {plain(error)}")
            st.html(f"<b>{html.escape(info.name)}</b>")
            if (error := squared_error(info)) is not None:
                pca = pca_error(info)
                beside = "" if pca is None else f" (PCA {pca:.1f}; lower is better)"
                st.caption(f"Squared error {error:.1f}{beside}")
            else:
                st.caption("Not trained to its end yet")
            here = info.key == chosen_key()
            st.button(
                "Shown" if here else "Show this one",
                key=f"home_choose_{info.key}",
                disabled=here,
                on_click=choose,
                args=(info.key,),
                icon=":material/check:" if here else None,
                width="stretch",
                help=None if here else "Makes it the run that every page shows.",
            )
