"""Visitors of a served app without browsers: each speaks Streamlit's protocol through a websocket of its own.

One process can be many of them, at a small part of the cost of browsers. A visitor does what a browser
would that costs the server: it asks for pages, reruns the fragments that ask to be rerun, and says which
messages it keeps, so that the server need not send them again. It draws nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

DRAWN = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


@dataclass
class Visit:
    """One page as it was asked for."""

    page: str
    """Its path in the URL; empty for the first page."""
    seconds: float | None = None
    """From the question to the end of the script; None where it was not drawn in time."""
    received: int = 0
    """Bytes of all messages until then."""
    exceptions: list[str] = field(default_factory=list)
    """Messages of the exceptions that the page showed."""


class Visitor:
    """A tab: one session of the server. `open` it, `visit` pages, `close` it."""

    def __init__(self, url: str) -> None:
        """`url` is the server's, such as `http://127.0.0.1:8501`."""
        self.url = url
        self.pages: dict[str, str] = {}
        """Streamlit's name of each page by its path in the URL; known after the first visit."""
        self._socket: ClientConnection | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._drawn: asyncio.Future[None] | None = None
        self._visit = Visit("")
        self._hash = ""
        # Runs of the script at which each message that is kept was used last, as a browser counts them.
        self._kept: dict[str, int] = {}
        self._runs, self._most_runs = 0, 2

    async def open(self) -> None:
        """Connects; OSError where the server does not answer."""
        self._socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            compression=None,
            ping_interval=None,
            open_timeout=60,
        )
        self._tasks[""] = asyncio.create_task(self._listen(self._socket))

    async def close(self) -> None:
        """Leaves, as a tab that is closed."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def visit(self, page: str, query: str = "", patience: float = 60.0) -> Visit:
        """Asks for a page by its path in the URL and waits until it is drawn, `patience` seconds at most."""
        self._stop_timers()
        self._visit = visit = Visit(page)
        self._drawn = asyncio.get_running_loop().create_future()
        self._hash = self.pages.get(page, "")
        started = time.perf_counter()
        await self._ask(page=page, query=query)
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            await asyncio.wait_for(self._drawn, patience)
            visit.seconds = time.perf_counter() - started
        self._drawn = None
        # What fragments bring after that belongs to no visit.
        self._visit = Visit(page)
        return visit

    async def _ask(self, page: str = "", query: str = "", fragment: str = "") -> None:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = query
        rerun.page_script_hash = self._hash
        if not self._hash:
            rerun.page_name = page
        rerun.fragment_id = fragment
        rerun.is_auto_rerun = bool(fragment)
        rerun.cached_message_hashes.extend(self._kept)
        rerun.context_info.timezone = "UTC"
        rerun.context_info.locale = "en"
        rerun.context_info.url = f"{self.url}/{page}"
        assert self._socket is not None, "the visitor has not been opened"
        await self._socket.send(message.SerializeToString())

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                self._take(bytes(data))  # type: ignore[arg-type]
        except ConnectionClosed as error:
            if self._drawn is not None and not self._drawn.done():
                self._drawn.set_exception(error)

    def _take(self, data: bytes) -> None:
        message = ForwardMsg()
        message.ParseFromString(data)
        self._visit.received += len(data)
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._stop_timers()
            self._hash = message.new_session.page_script_hash
            if message.new_session.HasField("config"):
                self._most_runs = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {p.url_pathname if not p.is_default else "": p.page_script_hash for p in pages}
        elif kind == "delta":
            if message.delta.new_element.WhichOneof("type") == "exception":
                self._visit.exceptions.append(message.delta.new_element.exception.message)
            if message.metadata.cacheable:
                self._kept[message.hash] = self._runs
        elif kind == "ref_hash":
            self._kept[message.ref_hash] = self._runs
        elif kind == "auto_rerun":
            again = message.auto_rerun
            self._tasks[again.fragment_id] = asyncio.create_task(
                self._rerun(again.fragment_id, again.interval)
            )
        elif kind == "script_finished":
            self._finish(message.script_finished)

    def _finish(self, status: int) -> None:
        if status not in DRAWN:
            return
        self._runs += 1
        self._kept = {key: run for key, run in self._kept.items() if self._runs - run <= self._most_runs}
        if self._drawn is not None and not self._drawn.done():
            self._drawn.set_result(None)

    async def _rerun(self, fragment: str, interval: float) -> None:
        """What a browser's timer does for a fragment that asked for it."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                await self._ask(fragment=fragment)

    def _stop_timers(self) -> None:
        for name in [name for name in self._tasks if name]:
            self._tasks.pop(name).cancel()
