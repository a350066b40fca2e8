"""Text that people, links, files and other programs bring, made text for what Streamlit reads as Markdown.

Labels, captions, headings, messages, tooltips, progress texts and toasts are Markdown: in them an image is
fetched and a link is live. Tables, text fields and the entries of a selectbox are plain already.
"""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of a text that are shown."""

_LIVE = re.compile(r"[\\\\`*_\[\]<>!$~|&:#{}]|^[-+]|(?<=^\d)[.)]")
# An address needs no brackets to become a link; an invisible space that joins nothing takes it apart.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)


def plain(text: object) -> str:
    """One line of Markdown that shows the text as it is, at most `LONGEST` characters of it."""
    line = " ".join(str(text).encode(errors="replace").decode().split())
    if len(line) > LONGEST:
        line = f"{line[:LONGEST]}…"
    line = _ADDRESS.sub("\u200b", line)
    return _LIVE.sub(lambda match: "\\" + match[0], line)
