"""Visitors without a browser, as `python -m benchmarks crowd` has them, see the pages that browsers see."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from benchmarks._visitor import Visitor
from tests.browser.tools import PATIENCE
from tests.pages.test_every_page import PAGES


def run(visits):
    """What the coroutine returns, run in a thread of its own: Playwright's loop is at work in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, visits()).result()


def test_a_visitor_goes_from_page_to_page_and_is_not_sent_again_what_it_keeps(server):
    async def visits():
        visitor = Visitor(server.url)
        await visitor.open()
        try:
            # A server's first visitor waits for what it imports, long where the machine is busy.
            first = await visitor.visit("", patience=3 * PATIENCE)
            return first, [await visitor.visit("units") for _ in range(2)], set(visitor.pages)
        finally:
            await visitor.close()

    first, (new, again), pages = run(visits)
    assert pages == {"" if (name := page.split("/")[-2]) == "home" else name for page in PAGES}
    for visit in (first, new, again):
        assert visit.exceptions == []
        assert visit.seconds is not None
    assert 0 < again.received < new.received / 2


def test_visitors_at_once_are_each_drawn_their_own_page(server):
    asked = ["units", "runs", "questions", "units"]

    async def one(page):
        visitor = Visitor(server.url)
        await visitor.open()
        try:
            return [await visitor.visit("", patience=3 * PATIENCE), await visitor.visit(page)]
        finally:
            await visitor.close()

    async def visits():
        return await asyncio.gather(*map(one, asked))

    for page, (home, seen) in zip(asked, run(visits), strict=True):
        assert (home.page, seen.page) == ("", page)
        assert home.seconds is not None
        assert seen.seconds is not None
        assert home.exceptions == seen.exceptions == []
