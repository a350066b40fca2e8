"""What a link brings, before any widget sees it."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.errors import StreamlitAPIException


def drop_unusable_values() -> None:
    """Takes from the URL what a widget bound to it would raise on: an empty value, or a number that is none.

    Call it in the entry point before anything is drawn: where there was such a value the script starts anew.
    """
    dropped = False
    for key, value in st.query_params.to_dict().items():
        if not is_usable(value):
            try:
                del st.query_params[key]
                dropped = True
            except StreamlitAPIException:  # A widget holds it already, with a value that it has accepted.
                continue
    if dropped:
        st.rerun()


def is_usable(value: str) -> bool:
    """Whether a value of a link is a text with something in it, and finite where it is a number."""
    try:
        return math.isfinite(float(value))
    except ValueError:
        return bool(value.strip("\x00 "))
