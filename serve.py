"""The app as it is served, for which hosts, and what browsers are told: `streamlit run serve.py`.

Streamlit itself compares the host with `server.allowedHosts` only where a page connects for its content, and
sends no header that keeps other sites from framing the app, or the app from asking other sites for anything.

For a class (see `aecore.access`) each browser gets a cookie by which it is known again; where nothing may be
written no file is taken from a browser either.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas  # noqa: F401  Streamlit's first page would wait for it.
import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aecore import access
from pages.shared import styles, visitors

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = {
    "default-src": "'self'",
    # Streamlit's page holds a script, components come as data, and Vega compiles formulas.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
"""Nothing is loaded from or sent to another site, and no other site shows the app in a frame of its own."""

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class WithHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


SIDEBARS_PLACE = """
  /* The sidebar comes with the first answer of the app, and would push aside what is already on the page. */
  @media (min-width: 768px) {
    [data-testid="stAppViewContainer"]:not(
      :has([data-testid="stSidebar"], [data-testid="stExpandSidebarButton"])
    ) {
      padding-left: 300px;
    }
  }
  /* The list of pages comes after what is below it. */
  [data-testid="stSidebarContent"]:not(:has([data-testid="stSidebarNav"]))
    [data-testid="stSidebarUserContent"] {
      margin-top: 683px;
  }
"""
"""As wide as Streamlit makes the sidebar, and as high as it makes the list of our pages."""

STYLES = [SIDEBARS_PLACE, *(path.read_text(encoding="utf-8") for path in styles.FILES)]
"""What streamlit_app.py gives with its first answer as well, from when on all would move."""

SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"
KINDS = ("Html", "Button", "Selectbox")

EARLY = [f"./static/js/{path.name}" for kind in KINDS for path in SCRIPTS.glob(f"{kind}.*.js")]
"""Streamlit's code of what every page begins with, where it has such files.

It fetches code when that is first wanted; until then a bar of 40 pixels stands in the place of each picture.
"""

HEAD_END = (
    f"<style>{''.join(STYLES)}</style>"
    f'<script type="module">{"".join(f"import({name!r});" for name in EARLY)}</script></head>'
).encode()


class WithStyles:
    """Gives Streamlit's page our styles from its beginning, and has it fetch some of its code early, so that
    little moves while a page comes up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def send_changed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html"):
                body = body.replace(b"</head>", HEAD_END, 1)
                if "content-length" in headers and body:
                    headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        # A page that was compressed could not be changed.
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, send_changed)


UPLOADS = "/_stcore/upload_file"
"""Below this Streamlit takes files, whatever the pages show."""

FOREVER = 400 * 24 * 3600
"""Seconds that a browser keeps its cookie, the most that browsers allow."""


class WithVisitors:
    """Gives a browser that asks for a page, and has none, the cookie by which it is known again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or visitors.is_secret(Request(scope).cookies.get(visitors.COOKIE, "")):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # Of all that is asked for at once only one may set it.
                if headers.get("content-type", "").startswith("text/html"):
                    cookie = Response()
                    cookie.set_cookie(
                        visitors.COOKIE,
                        visitors.new_secret(),
                        max_age=FOREVER,
                        secure=is_secure(scope),
                        httponly=True,
                        samesite="lax",
                    )
                    headers.append("set-cookie", cookie.headers["set-cookie"])
                    # It is for one browser alone.
                    headers["cache-control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks TLS, with this server or with the proxy before it."""
    return scope["scheme"] == "https" or Request(scope).headers.get("x-forwarded-proto") == "https"


class WithoutUploads:
    """Takes no file where nothing may be written."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT" and UPLOADS in scope["path"]:
            refused = PlainTextResponse(access.refusal(), status_code=403)
            await refused(scope, receive, send)
        else:
            await self.app(scope, receive, send)


try:
    MODE = access.mode()
except ValueError as error:
    sys.exit(f"aecore: {error}")
BY_MODE = {"private": [], "class": [Middleware(WithVisitors)], "read-only": [Middleware(WithoutUploads)]}

visitors.serve()

HOSTS = list(st.get_option("server.allowedHosts")) or ["*"]

app = st.App(
    "streamlit_app.py",
    middleware=[
        Middleware(WithHeaders),
        Middleware(WithStyles),
        Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        *BY_MODE[MODE],
    ],
)
