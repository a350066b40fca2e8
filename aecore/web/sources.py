"""The components' files as text that a browser can run."""

from __future__ import annotations

import base64
import re
from pathlib import Path

FOLDER = Path(__file__).parent

_IMPORTED = re.compile(r'(?<=from )"(\.{1,2}/[^"]+\.js)"')


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


def text(path: str | Path) -> str | None:
    """The text of a style or of markup below this folder; None where a component has none."""
    path = FOLDER / path
    return path.read_text(encoding="utf-8") if path.exists() else None
