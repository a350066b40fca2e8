"""A page that stands alone: one HTML file with scripts, styles and data, which asks nothing of a network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aecore.export.explorer import theme
from aecore.export.explorer.packing import packed
from aecore.files import write_whole
from aecore.web import sources

SHELL = "explorer/shell"

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""What the browser is told to refuse: every request, whatever a script might try."""


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own."""

    id: str
    """Name of its place in the page: small letters and hyphens."""
    title: str
    script: str
    """The script below `aecore/web` that draws it, such as `explorer/codes.js`.

    Its default export is called once, with `{ node, data, shared, place }`: the element to fill, this
    section's data, the data of all sections, and `place` of `shell.js`, which mounts a component.
    """
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON, where what `encoded` made arrives as a Uint8Array."""
    components: Sequence[str] = ()
    """The components that the script places, such as `code_map/map`."""
    intro: str = ""
    """A sentence under the heading."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z][a-z-]*", self.id) or self.id in ("main", "shared"):
            raise ValueError(f"a section's id is small letters and hyphens, not {self.id!r}")


def page_text(
    title: str,
    sections: Sequence[Section],
    *,
    about: str = "",
    foot: str = "",
    shared: Mapping[str, Any] | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> str:
    """The whole file. All texts are shown as they are, whatever characters they hold.

    `about` stands under the title, `foot` at the end; `shared` is data that several sections use.
    `on_progress` is told the share that is done, from 0 to 1. The same arguments give the same text.
    """
    data = {"data-shared": dict(shared or {})} | {f"data-{one.id}": one.data for one in sections}
    blocks = []
    for i, (name, content) in enumerate(data.items()):
        blocks.append(f'<script type="text/plain" id="{name}">{packed(content)}</script>')
        on_progress((i + 1) / len(data))
    body = _filled(
        str(sources.text(f"{SHELL}.html")),
        title=html.escape(title),
        about=html.escape(about),
        foot=html.escape(foot),
        links="".join(f'<a href="#{one.id}">{html.escape(one.title)}</a>' for one in sections),
        sections="".join(map(_section, sections)),
    )
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{html.escape(title)}</title>",
        f"<style>\n{theme.style()}{sources.text(f'{SHELL}.css')}</style>",
        _scripts([f"{SHELL}.js", *(one.script for one in sections)], _components(sections)),
    ]
    parts = ["<!doctype html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", body]
    parts += [_template(name) for name in _components(sections)]
    parts += [*blocks, f'<script type="module">import "{SHELL}.js";</script>', "</body>", "</html>", ""]
    return "\n".join(parts)


def write_html(
    path: Path,
    title: str,
    sections: Sequence[Section],
    *,
    about: str = "",
    foot: str = "",
    shared: Mapping[str, Any] | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Writes `page_text` and returns the file's size in bytes. OSError where the file can't be written."""
    text = page_text(title, sections, about=about, foot=foot, shared=shared, on_progress=on_progress)
    content = text.encode()
    write_whole(path, content)
    return len(content)


def _filled(template: str, **texts: str) -> str:
    """The template with its `{names}` replaced, once: braces in the texts stay."""
    return re.sub(r"\{(\w+)\}", lambda match: texts[match[1]], template)


def _section(section: Section) -> str:
    intro = f"<p>{html.escape(section.intro)}</p>" if section.intro else ""
    return (
        f'<section id="{section.id}" aria-labelledby="{section.id}-title" aria-busy="true" '
        f'data-script="{section.script}"><h2 id="{section.id}-title">{html.escape(section.title)}</h2>'
        f'{intro}<div class="content"></div></section>'
    )


def _components(sections: Sequence[Section]) -> list[str]:
    return sorted({name for section in sections for name in section.components})


def _scripts(paths: Sequence[str], components: Sequence[str]) -> str:
    """The import map: every script once, under its name."""
    modules = sources.modules([*paths, *(f"{name}.js" for name in components)])
    imports = {name: sources.data_url(text) for name, text in modules.items()}
    return f'<script type="importmap">{json.dumps({"imports": imports})}</script>'


def _template(component: str) -> str:
    markup = sources.text(f"{component}.html")
    style = f"<style>{sources.style(component)}</style>"
    return f'<template data-component="{component}">{style}{markup or ""}</template>'
