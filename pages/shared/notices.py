"""What a button's callback has to say, shown by the run of the script that follows it.

A callback that draws is wrong inside a fragment, whose own run would be the only one to follow: the sidebar
would keep what it showed.
"""

from __future__ import annotations

import streamlit as st

from pages.shared.plain import plain

_SAID = "_notices"


def say(sentence: str, icon: str) -> None:
    """Shows the sentence and runs the whole page; for callbacks. `icon` is the name of a Material icon."""
    st.session_state.setdefault(_SAID, []).append((sentence, icon))
    st.rerun()


def draw() -> None:
    """Shows what was said since the last run; for the entry point."""
    for sentence, icon in st.session_state.pop(_SAID, []):
        st.toast(plain(sentence), icon=f":material/{icon}:")
