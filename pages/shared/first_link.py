"""A link to a page as a server's very first request, which Streamlit takes for a page that is not there.

Where a folder is called `pages`, a fresh server looks for its pages in it before it has run the script that
names them, and shows "Page not found" over the page that is found a moment later. Whoever has a tab open when
a server is restarted would see it. The browser then loads the page once more.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

_reload = st.components.v2.component(
    "first_link", html="<span></span>", js="export default function () { window.location.reload(); }"
)


@st.cache_resource(show_spinner=False)
def _seen() -> set[str]:
    """What this server has seen: one mark."""
    return set()


def draw() -> None:
    """Loads the page again if it is the server's first run and the link names a page; for the entry point."""
    seen = _seen()
    first = not seen
    seen.add("a run")
    if first and urlsplit(st.context.url or "").path.strip("/"):
        _reload(key="first_link")
