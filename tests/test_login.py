"""Logging in by a provider on this machine: whoever has owns what they start, and nobody else acts."""

from __future__ import annotations

import json
from http.cookiejar import CookieJar
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from aecore.owners import FILE
from tests.browser.tools import Server
from tests.forging import Forger
from tests.provider import provider
from tests.test_forged import AT_WORK, serving

pytest.importorskip("authlib")


def log_in(server: Server) -> str:
    """The cookies of a browser that has been through the provider, as a header has them."""
    jar = CookieJar()
    with Forger(server.port) as forger:
        forger.visit("")
        forger.visit("", "sidebar_login")
        way = next(text for text in forger.texts if "/auth/login" in text)
    browser = build_opener(HTTPCookieProcessor(jar))
    browser.open(f"{server.url}{way[way.index('/auth/login') :]}", timeout=60).read()
    browser.open(f"{server.url}/_stcore/health", timeout=60).read()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def test_who_has_logged_in_is_the_owner_and_nobody_else(tmp_path, monkeypatch):
    with provider() as people, serving(tmp_path, "class", monkeypatch, people) as server:
        run = server.checkpoints / AT_WORK
        (run / FILE).write_text(json.dumps({"key": f"login {people.url} ada", "name": "Ada"}))
        # Somebody who has not logged in looks, and no more.
        with Forger(server.port) as nobody:
            nobody.visit("")
            nobody.visit("", "sidebar_stop")
            assert "does not know who is asking" in "\n".join(nobody.texts)
        people.person = "ben"
        with Forger(server.port, log_in(server)) as ben:
            ben.visit("")
            ben.visit("", "sidebar_stop")
            assert "Logged in as Ben" in ben.texts
            assert "belongs to Ada" in "\n".join(ben.texts)
        assert not (run / "stop").exists()
        people.person = "ada"
        with Forger(server.port, log_in(server)) as ada:
            ada.visit("")
            assert "Logged in as Ada" in ada.texts
            ada.visit("", "sidebar_stop")
        assert (run / "stop").exists()
