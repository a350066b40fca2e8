"""What every component is made with: its files, and arrays in the form in which they are sent to it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent

_IMPORTED = re.compile(r'(?<=from )"(\.{1,2}/[^"]+\.js)"')


def component(name: str, folder: str, stem: str) -> ComponentRenderer:
    """The component made of `<stem>.html`, `<stem>.css` and `<stem>.js`, as far as the folder has them."""
    html, css, js = (FOLDER / folder / f"{stem}.{kind}" for kind in ("html", "css", "js"))
    return st.components.v2.component(
        name,
        html=html.read_text(encoding="utf-8") if html.exists() else None,
        css=css.read_text(encoding="utf-8") if css.exists() else None,
        js=script(js) if js.exists() else None,
    )


def script(path: str | Path) -> str:
    """The text of a script below this folder, such as `decoder/decoder.js`, that a browser can run.

    Streamlit serves scripts by their paths for installed packages only; from an app's folder it takes their
    text, which the browser then runs as a module without an address, so that `import ... from "./x.js"` leads
    nowhere. Here each such path becomes the imported script's own text as a `data:` URL. A browser keeps one
    module an address: components that import the same script share it, with its state.
    """
    path = FOLDER / path

    def address(match: re.Match[str]) -> str:
        imported = script(path.parent / match[1]).encode()
        return f'"data:text/javascript;base64,{base64.b64encode(imported).decode()}"'

    return _IMPORTED.sub(address, path.read_text(encoding="utf-8"))


def encoded(values: np.ndarray) -> str:
    """The array's bytes, little-endian, as base64: JSON is what a component's data goes through.

    Components take bare bytes too, but only as all of their data, and Arrow tables only of whole columns.
    """
    array = np.asarray(values)
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
