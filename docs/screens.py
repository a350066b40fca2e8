"""Screenshots of every page, to be looked at: `python -m docs.screens FOLDER [PAGE ...] [--whole]`.

Each page in three forms: 1440 x 900 in the light and in the dark theme, and 400 x 850 light, as
`<page>.<form>.png`. With `--whole` the window is made as high as the page, so that nothing of it is missed.
It starts a server of its own on a copy of the shipped runs, and needs what the tests in the browser need:
Chromium, Playwright and MNIST's files, named by `AECORE_DATA`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, data_folder, goto, wait_drawn, wait_idle
from tests.conftest import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FORMS: dict[str, tuple[int, int, str]] = {
    "light": (1440, 900, "light"),
    "dark": (1440, 900, "dark"),
    "phone": (400, 850, "light"),
}
"""Width and height of the window in pixels, and the theme."""

SETTLED = 1500
"""Milliseconds in which charts and pictures are drawn: they give no sign that they are done."""
PATIENCE = 600
"""Seconds that a page may take: some compute for a minute, and longer on a busy machine."""
HIGHEST = 6000
"""Pixels after which a page shown whole is cut."""


def page_names() -> list[str]:
    """All pages by their path in the URL; Home first, by its folder's name."""
    folders = [path.parent for path in sorted((ROOT / "pages").rglob("page.py"))]
    return sorted((folder.name for folder in folders), key=lambda name: (name != "home", name))


def take(page: Page, server: Server, name: str, path: Path, whole: bool) -> None:
    """Open a page and write its screenshot once it stands still."""
    page.goto(f"{server.url}/{'' if name == 'home' else name}")
    wait_idle(page, timeout=PATIENCE)
    page.wait_for_timeout(SETTLED)
    wait_idle(page, timeout=PATIENCE)
    wait_drawn(page, timeout=PATIENCE)
    if whole:
        size = page.viewport_size
        assert size is not None
        height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": min(max(height, size["height"]), HIGHEST)})
        page.wait_for_timeout(SETTLED)
        page.screenshot(path=path)
        page.set_viewport_size(size)
    else:
        page.screenshot(path=path)


def take_form(
    browser: Browser, server: Server, form: str, names: list[str], folder: Path, whole: bool
) -> None:
    """Write the screenshots of the named pages in one form."""
    width, height, scheme = FORMS[form]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    goto(page, server)  # the first link into a server shows Streamlit's notice that there is no such page
    for name in names:
        take(page, server, name, folder / f"{name}.{form}.png", whole)
        print(f"{name}.{form}.png", flush=True)
    context.close()


def main() -> None:
    """Take the screenshots that are asked for."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", nargs="*", choices=[*page_names(), []], metavar="PAGE", help="all, if none")
    parser.add_argument("--form", action="append", choices=list(FORMS), help="may be repeated; all, if none")
    parser.add_argument("--whole", action="store_true", help="the whole page instead of its first screen")
    asked = parser.parse_intermixed_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", runs)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        with Server(runs, data_folder(), Path(folder) / "server.log") as server:
            for form in asked.form or FORMS:
                take_form(browser, server, form, asked.pages or page_names(), asked.folder, asked.whole)
        browser.close()


if __name__ == "__main__":
    main()
