"""Who is asking: by login, by the cookie of their browser, or else by their session.

Where the secrets say how people log in, only those who have are known. Nothing that a page sends counts.

The cookie is a random secret that the server sets (`serve.py`), which scripts in the browser can't read; the
folders of whoever has it keep its hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore import access
from aecore.access import Visitor

COOKIE = "aecore_visitor"

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_SESSION = "_visitor"  # session key: what stands for one that has no cookie


def new_secret() -> str:
    """A cookie's value: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_secret(value: str) -> bool:
    """Whether a cookie's value is one that could be the server's."""
    return _SECRET.fullmatch(value) is not None


def serve() -> None:
    """Says that this process serves pages to whom `current` tells apart."""
    access.serve(current)


def current() -> Visitor | None:
    """Who the script, callback or fragment that runs in this thread works for.

    None in any other thread, and for those who have not logged in where people log in.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    if (user := logged_in()) is not None or has_login():
        return user
    cookie = st.context.cookies.get(COOKIE, "")
    if is_secret(cookie):
        return Visitor(f"browser {hashlib.sha256(cookie.encode()).hexdigest()}")
    # Its keys are set by the server's code alone, but for those of widgets.
    return Visitor(f"session {st.session_state.setdefault(_SESSION, secrets.token_hex(16))}")


def has_login() -> bool:
    """Whether the secrets say where people log in."""
    return "is_logged_in" in st.user


def logged_in() -> Visitor | None:
    """Who has logged in; None for everybody else."""
    user: Mapping[str, object] = st.user.to_dict()
    if user.get("is_logged_in") is not True or not user.get("sub"):
        return None
    # A subject is never given to another; an address may be, and need not have been checked.
    key = f"login {user.get('iss', '')} {user['sub']}"
    return Visitor(key, str(user.get("name") or user.get("email") or "")[:120])
