"""The components' files as text that a browser can run."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
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
        imported = script(path.parent / match[1])
        return f'"{data_url(imported)}"'

    return _IMPORTED.sub(address, path.read_text(encoding="utf-8"))


def modules(paths: Iterable[str]) -> dict[str, str]:
    """Scripts and all that they import: their names below this folder, and their texts, in order of the name.

    Imports are by those names (`from "decoder/decoder.js"`), for a page with an import map: each text stands
    there once, where `script` repeats it in everything that imports it.
    """
    found: dict[str, str] = {}
    waiting = list(paths)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = FOLDER / name
        imported: list[str] = []

        def named(match: re.Match[str], path: Path = path, imported: list[str] = imported) -> str:
            imported.append((path.parent / match[1]).resolve().relative_to(FOLDER.resolve()).as_posix())
            return f'"{imported[-1]}"'

        found[name] = _IMPORTED.sub(named, path.read_text(encoding="utf-8"))
        waiting += imported
    return dict(sorted(found.items()))


def data_url(script: str) -> str:
    """The address of a script that is its text."""
    return f"data:text/javascript;base64,{base64.b64encode(script.encode()).decode()}"


def style(component: str) -> str:
    """The style of a component, such as `board/board`, after what all have alike."""
    return (text("common.css") or "") + (text(f"{component}.css") or "")


def text(path: str | Path) -> str | None:
    """The text of a style or of markup below this folder; None where a component has none."""
    path = FOLDER / path
    return path.read_text(encoding="utf-8") if path.exists() else None
