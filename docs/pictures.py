"""The pictures of README, from the app itself with the shipped runs: `python -m docs.pictures [NAME ...]`.

It needs what the tests in the browser need: Chromium, Playwright and MNIST's files, named by `AECORE_DATA`.
Still pictures are written as WebP, `moving` as an animated one. They show the main area, without the sidebar.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from aecore.export.explorer import Options, write
from aecore.export.explorer.material import collect
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.tools import ROOT, Server, data_folder, goto, settle, wait_drawn, wait_idle
from tests.conftest import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page, ViewportSize

FOLDER = Path(__file__).parent
RUN = "mnist-post-12-s0-0af53747"
GRID = "grid-mnist-post-a1afba6a"
SLIDER = '.board input[data-axis="0"]'
OVERLAY = ".st-key-codes_map .overlay"
VIEWPORT: ViewportSize = {"width": 1400, "height": 950}
MAIN: FloatRect = {"x": 300, "y": 0, "width": 1100, "height": 900}
"""The part of the window beside the sidebar."""
STILL, MOVING = (900, 736), (880, 720)
"""Widths and heights of what is written, in pixels."""
SETTLED = 2000
"""Milliseconds in which charts are drawn anew: they give no sign that they are done."""

# A headless browser draws no pointer.
POINTER = """() => {
  const dot = document.createElement("div");
  dot.style.cssText = `position: fixed; z-index: 999999; width: 18px; height: 18px; margin: -9px; left: -99px;
    border-radius: 50%; background: #0e111655; border: 2px solid white; pointer-events: none`;
  document.body.append(dot);
  addEventListener("pointermove", event => {
    dot.style.left = event.clientX + "px";
    dot.style.top = event.clientY + "px";
  }, true);
}"""


def frame(page: Page) -> Image.Image:
    """What the page shows: of the app its main area, of a file the whole window."""
    wait_drawn(page)
    settle(page)
    part = None if page.url.startswith("file:") else MAIN
    return Image.open(io.BytesIO(page.screenshot(clip=part))).convert("RGB")


def save(image: Image.Image, name: str) -> None:
    """Write a still picture, made smaller."""
    image.resize(STILL, Image.Resampling.LANCZOS).save(FOLDER / f"{name}.webp", quality=80, method=6)


def open_choose(page: Page, server: Server) -> None:
    """Choose with the grid of the post, at its first position."""
    goto(page, server, f"choose?grid={GRID}", expect=SLIDER)
    page.locator(".board canvas").first.wait_for()
    wait_idle(page, SLIDER)
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    page.locator(SLIDER).evaluate("input => input.blur()")  # a ring is for those who use the keyboard
    page.wait_for_timeout(SETTLED)


def open_codes(page: Page, server: Server) -> None:
    """Codes with the network of the post, its map in sight."""
    goto(page, server, f"codes?run={RUN}", expect=OVERLAY)
    page.locator(f"{OVERLAY}[data-mapping]").wait_for()
    wait_idle(page, OVERLAY)


def across_the_map(page: Page, steps: int) -> Iterator[None]:
    """Move over the map of codes from left to right, step by step."""
    box = page.locator(OVERLAY).bounding_box()
    assert box is not None
    for step in range(steps):
        share = step / (steps - 1)
        x, y = 0.25 + 0.5 * share, 0.6 - 0.35 * share + 0.25 * share * share
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=4)
        yield


def choose(page: Page, server: Server) -> None:
    open_choose(page, server)
    member = page.locator(".board").get_attribute("data-member")
    page.locator(SLIDER).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.locator(SLIDER).evaluate("input => input.blur()")
    page.locator(f".board:not([data-member='{member}'])").wait_for()
    page.wait_for_timeout(SETTLED)
    wait_idle(page, SLIDER)
    save(frame(page), "choose")


def codes(page: Page, server: Server) -> None:
    open_codes(page, server)
    for _ in across_the_map(page, 8):
        page.wait_for_timeout(100)
    page.locator(".st-key-codes_map .hover canvas").wait_for()
    save(frame(page), "codes")


def reconstructions(page: Page, server: Server) -> None:
    goto(page, server, f"reconstructions?run={RUN}")
    page.locator('[data-testid="stMain"] img').first.wait_for()
    wait_idle(page)
    save(frame(page), "reconstructions")


def sparsity(page: Page, server: Server) -> None:
    goto(page, server, "sparsity", expect="[data-testid=stMain] table")
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
    page.wait_for_timeout(SETTLED)
    save(frame(page), "sparsity")


def file(page: Page, server: Server) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.html"
        write(collect(ROOT / "checkpoints" / RUN), path, Options(points=2000))
        page.set_viewport_size({"width": 1100, "height": 900})
        page.goto(path.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        page.locator("#codes").evaluate("section => section.scrollIntoView()")
        page.locator("#codes .overlay[data-mapping]").wait_for()
        page.wait_for_timeout(SETTLED)  # it may scroll smoothly
        save(frame(page), "file")
        page.set_viewport_size(VIEWPORT)


def moving(page: Page, server: Server) -> None:
    """The slider of Choose through all its positions, then the pointer over the map of Codes."""
    frames: list[Image.Image] = []
    lasts: list[int] = []

    def add(milliseconds: int) -> None:
        frames.append(frame(page).resize(MOVING, Image.Resampling.LANCZOS))
        lasts.append(milliseconds)

    open_choose(page, server)
    page.evaluate(POINTER)
    handle = page.locator(SLIDER)
    box = handle.bounding_box()
    assert box is not None
    positions = int(handle.get_attribute("max") or 0)
    thumb = 16
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + thumb / 2, y)
    add(900)
    page.mouse.down()
    for position in [*range(1, positions + 1), *range(positions - 1, 2, -1)]:
        page.mouse.move(box["x"] + thumb / 2 + (box["width"] - thumb) * position / positions, y, steps=3)
        page.wait_for_timeout(500)
        add(550)
    page.mouse.up()
    page.wait_for_timeout(SETTLED)
    add(1200)
    open_codes(page, server)
    page.evaluate(POINTER)
    for _ in across_the_map(page, 16):
        page.wait_for_timeout(150)
        add(260)
    lasts[-1] = 1500
    frames[0].save(
        FOLDER / "moving.webp",
        save_all=True,
        append_images=frames[1:],
        duration=lasts,
        loop=0,
        quality=60,
        method=4,
    )


PICTURES: dict[str, Callable[[Page, Server], None]] = {
    one.__name__: one for one in (moving, choose, codes, reconstructions, sparsity, file)
}


@contextmanager
def opened() -> Iterator[tuple[Page, Server]]:
    """A page in the light theme, and a server with a copy of the shipped runs."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "checkpoints"
        shutil.copytree(ROOT / "checkpoints", runs)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        page = browser.new_page(viewport=VIEWPORT, color_scheme="light")
        page.set_default_timeout(60_000)
        with Server(runs, data_folder(), Path(folder) / "server.log") as server:
            # The first link into a server shows Streamlit's notice that there is no such page.
            goto(page, server)
            yield page, server
        browser.close()


def main() -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", choices=[*PICTURES, []], metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names or list(PICTURES)
    with opened() as (page, server):
        for name in names:
            PICTURES[name](page, server)
            path = FOLDER / f"{name}.webp"
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
