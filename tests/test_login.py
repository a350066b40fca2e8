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
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def test_who_has_logged_in_owns_what_they_start(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    root.mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("AECORE_MODE", "class")
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(tmp_path / "secrets.toml"))
    with provider() as people:
        server = Server(root, tmp_path / "data", tmp_path / "server.log")
        (tmp_path / "secrets.toml").write_text(people.secrets_for(server.port))
        with server:
            # Somebody who has not logged in looks, and no more.
            with Forger(server.port) as nobody:
                nobody.visit("")
                nobody.visit("train")
                nobody.visit("train", "train_start")
                assert "does not know who is asking" in "\n".join(nobody.texts)
            assert not list(root.iterdir())
            ada = log_in(server)
            with Forger(server.port, ada) as visit:
                visit.visit("")
                assert "Logged in as Ada" in visit.texts
                visit.visit("train")
                visit.visit("train", "train_start")
            hers = next(path for path in root.iterdir() if not path.name.startswith("."))
            assert json.loads((hers / FILE).read_text()) == {"key": f"login {people.url} ada", "name": "Ada"}
            people.person = "ben"
            with Forger(server.port, log_in(server)) as ben:
                ben.visit("")
                ben.visit("runs")
                ben.visit("runs", "sidebar_stop")
                assert "belongs to Ada" in "\n".join(ben.texts)
            assert not (hers / "stop").exists()
