"""Work beside the pages: threads that only write plain values, which a page reads when it is drawn."""

from __future__ import annotations

import atexit
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import streamlit as st

from pages.shared.plain import plain

KEPT = 8
"""Ended works that are remembered, with what they found."""


class Work(ABC):
    """Something computed in a thread of its own, which looks at `stopping` as it goes."""

    def __init__(self) -> None:
        self.problem = ""
        """Why it came to nothing, in one sentence."""
        self._stop = threading.Event()
        # A daemon, so that a server that ends does not wait for all of it; see `_end_all`.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins; once."""
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Asks it to end at the next chance; what it has found by then is kept."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Waits for its end."""
        self._thread.join(seconds)

    @abstractmethod
    def _run(self) -> None:
        """What the thread does."""


class Steps(Work):
    """A generator taken step after step until it ends or a stop is asked for."""

    def __init__(self, total: int, steps: Callable[[], Iterator[None]], failure: str) -> None:
        """`total` steps are expected; `failure` begins the sentence of what goes wrong."""
        super().__init__()
        self.done, self.total = 0, total
        self._steps, self._failure = steps, failure

    def _run(self) -> None:
        try:
            for _ in self._steps():
                self.done += 1
                if self.stopping:
                    return
        except (ValueError, RuntimeError, MemoryError) as error:
            self.problem = f"{self._failure}: {error}."


class Task(Work):
    """One function that says how far it is; a stop ends it at its next word, and nothing is kept of it."""

    def __init__(self, do: Callable[[Callable[[float], None]], object], failure: str) -> None:
        """`do` is given a function to tell the share that is done, 0 to 1, and returns the result.

        `failure` begins the sentence of what goes wrong.
        """
        super().__init__()
        self.share = 0.0
        self.result: object = None
        """None until it is there."""
        self._do, self._failure = do, failure

    def _run(self) -> None:
        try:
            self.result = self._do(self._tell)
        except InterruptedError:
            return
        except (ValueError, RuntimeError, MemoryError, OSError) as error:
            self.problem = f"{self._failure}: {error}."

    def _tell(self, share: float) -> None:
        self.share = min(share, 1.0)
        if self.stopping:
            raise InterruptedError


@st.cache_resource(show_spinner=False)
def works() -> dict[str, Work]:
    """Every work of this process by name, running or ended, shared by all visitors."""
    found: dict[str, Work] = {}
    # A thread inside compiled code while the interpreter goes away would abort the process.
    atexit.register(_end_all, found)
    return found


def _end_all(found: dict[str, Work]) -> None:
    for work in found.values():
        work.stop()
    for work in found.values():
        work.join(5)


def begin(name: str, make: Callable[[], Work]) -> None:
    """Starts what `make` makes under that name, unless the same is running."""
    found = works()
    if (work := found.get(name)) is not None and work.running:
        return
    ended = [other for other, one in found.items() if not one.running and other != name]
    for old in ended[: max(0, len(found) - KEPT)]:
        found.pop(old, None)
    found[name] = make()
    found[name].start()


@st.fragment(run_every=1.0)
def draw_progress(name: str, what: str, draw: Callable[[], None] | None = None) -> None:
    """The bar, the count and the stop of running `Steps`, and what is there so far; at its end, the page."""
    work = works().get(name)
    if not isinstance(work, Steps) or not work.running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.progress(work.done / work.total, f"{what} · {work.done} of {work.total}")
        st.button(
            "Stopping" if work.stopping else "Stop and keep",
            key="background_stop",
            on_click=work.stop,
            disabled=work.stopping,
        )
    if draw is not None:
        draw()


@st.fragment(run_every=0.5)
def draw_task(name: str, what: str, key: str) -> None:
    """The bar and the stop of a running `Task`, `key` being the button's; at its end, the page."""
    task = works().get(name)
    if not isinstance(task, Task) or not task.running:
        st.rerun()
    st.progress(task.share, what)
    st.button("Stopping" if task.stopping else "Stop", key=key, on_click=task.stop, disabled=task.stopping)


def draw_problem(name: str) -> None:
    """Says why the work of that name came to nothing, if it did."""
    if (work := works().get(name)) is not None and work.problem:
        st.warning(plain(work.problem))
