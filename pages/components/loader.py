"""How a component of `aecore.web` becomes one of Streamlit's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore.web.sources import script, style, text

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


def component(name: str, folder: str, stem: str) -> ComponentRenderer:
    """The component made of `<stem>.html`, `<stem>.css` and `<stem>.js`, as far as the folder has them."""
    html, css = text(f"{folder}/{stem}.html"), style(f"{folder}/{stem}")
    return st.components.v2.component(name, html=html, css=css, js=script(f"{folder}/{stem}.js"))
