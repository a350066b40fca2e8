"""A server and a Chromium for the tests in this folder. They need no network: Chromium is given none.

`server` is shared by all tests and shows a copy of the shipped runs; `start_server` gives one with an
empty run root, for tests that train, delete, or restart. `browser_page` is 1440 x 900 and light;
`open_page` opens others. What a person does there (`goto`, `set_slider`, ...) is in tools.py.
Whatever a test waits for, it fails after `tools.PATIENCE` seconds, and the failure shows every open page:
its address, its text, and the path of a screenshot.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.tools import PATIENCE, ROOT, Server, data_folder, screenshot
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
    """Add what the test's pages show to the report of its failure."""
    report = yield
    if report.failed and report.when == "call":
        for number, page in enumerate(item.stash.get(_PAGES, [])):
            report.sections.append((f"Page {number}", _seen(page, f"failed-{item.name}-{number}")))
    return report


def _seen(page: Page, name: str) -> str:
    """Address, screenshot and visible text of a page."""
    from playwright.sync_api import Error

    try:
        path = screenshot(page, re.sub("[^a-z0-9]+", "-", name.lower()))
        return f"{page.url}\nScreenshot: {path}\n{page.locator('body').inner_text()[:3000]}"
    except Error as error:
        return f"It can't be shown: {error}"


_PAGES = pytest.StashKey[list["Page"]]()


@pytest.fixture(scope="session")
def _lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is lent to one test after another, each time with an empty run root.

    It has imported by then what a first page waits for, for some ten seconds of a core.
    """
    folder = tmp_path_factory.mktemp("lent")
    (folder / "checkpoints").mkdir()
    with Server(folder / "checkpoints", data_folder(), folder / "server.log") as server:
        yield server


@pytest.fixture
def start_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start_server()` gives a running `Server` with an empty run root and the session's data folder.

    With `fresh` it has served nobody, as every second one of a test, and one whose test has changed the
    environment. Every training process begun below its run root ends with the test.
    """
    environment, lent = _environment(), []
    with ExitStack() as servers:

        def start(fresh: bool = False) -> Server:
            if not (fresh or lent or _environment() != environment):
                server = request.getfixturevalue("_lent")
                lent.append(server)
                servers.callback(server.empty)
                return server
            folder = Path(tempfile.mkdtemp(prefix="server-", dir=tmp_path))
            (folder / "checkpoints").mkdir()
            return servers.enter_context(Server(folder / "checkpoints", data_folder(), folder / "server.log"))

        yield start


def _environment() -> dict[str, str]:
    """What a server that is started now would find around it."""
    return {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only look; its run root is a copy of the shipped runs."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(ROOT / "checkpoints", folder / "checkpoints")
    with Server(folder / "checkpoints", data_folder(), folder / "server.log") as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless, once for all tests."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """`open_page(width=1440, height=900, **options)` gives a page with a session of its own.

    `options` are those of Playwright's `new_context`, such as `color_scheme="dark"`.
    """
    pages = request.node.stash.setdefault(_PAGES, [])
    with ExitStack() as contexts:

        def open_one(width: int = 1440, height: int = 900, **options) -> Page:
            options = {"color_scheme": "light", "viewport": {"width": width, "height": height}} | options
            context = contexts.enter_context(browser.new_context(**options))
            context.set_default_timeout(PATIENCE * 1000)
            pages.append(context.new_page())
            return pages[-1]

        yield open_one


@pytest.fixture
def browser_page(open_page: Callable[..., Page]) -> Page:
    """A fresh 1440 x 900 page in the light theme."""
    return open_page()
