"""A server and a Chromium for the tests in this folder. They need no network: Chromium is given none.

`server` is shared by all tests and shows a copy of the shipped runs; `start_server` makes one with
folders of its own, for tests that train, delete, or restart. `browser_page` is 1440 x 900 and light;
`open_page` opens others. What a person does there (`goto`, `set_slider`, ...) is in tools.py.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.tools import ROOT, Server, screenshot
from tests.conftest import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The app has to work offline: no name resolves, so a font or script from elsewhere is missed here.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Note a failure where the page fixtures can see it."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start_server(checkpoints=None, data=None, script=streamlit_app.py)` gives a running `Server`.

    Without arguments the run root is empty and the data folder is the session's. Ends with the test,
    together with every training process begun below its run root.
    """
    servers: list[Server] = []

    def start(checkpoints: Path | None = None, data: Path | None = None, **options) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        servers.append(_server(folder, checkpoints or folder / "checkpoints", data, **options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        _end(server)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only look; its run root is a copy of the shipped runs."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(ROOT / "checkpoints", folder / "checkpoints")
    server = _server(folder, folder / "checkpoints")
    server.start()
    yield server
    _end(server)


def _server(folder: Path, checkpoints: Path, data: Path | None = None, **options) -> Server:
    checkpoints.mkdir(exist_ok=True)
    return Server(checkpoints, data or Path(os.environ["AECORE_DATA"]), folder / "server.log", **options)


def _end(server: Server) -> None:
    server.stop()
    server.end_trainers()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless, once for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """`open_page(width=1440, height=900, color_scheme="light")` gives a page with a session of its own.

    When the test fails, each page it opened is saved in test-results/.
    """
    pages: list[Page] = []

    def open_one(width: int = 1440, height: int = 900, color_scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=color_scheme, accept_downloads=True
        )
        pages.append(context.new_page())
        return pages[-1]

    yield open_one
    for number, page in enumerate(pages):
        if request.node.stash.get(_FAILED, False) and not page.is_closed():
            screenshot(page, f"failed-{re.sub('[^a-z0-9]+', '-', request.node.name.lower())}-{number}")
        page.context.close()


@pytest.fixture
def browser_page(open_page: Callable[..., Page]) -> Page:
    """A fresh 1440 x 900 page in the light theme."""
    return open_page()
