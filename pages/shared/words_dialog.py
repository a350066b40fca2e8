"""The words of the pages, explained: a dialog that every page's sidebar opens."""

from __future__ import annotations

import streamlit as st

from aecore import glossary


def draw_button() -> None:
    """The button in the sidebar."""
    if st.button(
        "Words",
        key="sidebar_words",
        icon=":material/dictionary:",
        type="tertiary",
        help="What the words here mean",
    ):
        _words()


@st.dialog("Words", width="medium")
def _words() -> None:
    wanted = st.text_input("Find", key="words_find", placeholder="code, Hoyer, PSNR ...").strip().lower()
    found = [word for word in glossary.WORDS if wanted in f"{word.name} {word.also} {word.meaning}".lower()]
    st.markdown("\n\n".join(map(glossary.explained, found)) or "No word here has that in it.")
