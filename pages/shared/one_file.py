"""`Save as one file`: made beside the page, its size told before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.shared import background
from pages.shared.background import Work
from pages.shared.words import file_size

Make = Callable[[Callable[[float], None]], str]
"""Gives the text of the file, and tells the share that is done, from 0 to 1, as it goes."""


class _StopAskedForError(Exception):
    """Ends the making of a file that nobody wants any more."""


class Building(Work):
    """A file made in a thread of its own."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.share = 0.0
        self.content: bytes | None = None
        """The file, when it is done."""
        self._make = make

    def _run(self) -> None:
        try:
            self.content = self._make(self._tell).encode()
        except _StopAskedForError:
            pass
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            self.problem = f"The file could not be made: {error}."

    def _tell(self, share: float) -> None:
        self.share = share
        if self.stopping:
            raise _StopAskedForError


def draw(name: str, file_name: str, make: Make, key: str) -> None:
    """The button that makes the file, its progress with a stop, then its size and the button that saves it.

    `name` is that of the work: it has to say what is in the file, the options and the state of what is shown
    among it, as a file that was made under the same name is offered again. `key` is that of the widgets.
    """
    work = background.works().get(name)
    if isinstance(work, Building) and work.running:
        _draw_progress(name, key)
        return
    if isinstance(work, Building) and work.content is not None:
        st.markdown(f"**{file_size(len(work.content))}**, one HTML file, opened by a double click anywhere.")
        st.download_button(
            "Save",
            work.content,
            file_name=file_name,
            mime="text/html",
            key=f"{key}_save",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )
        return
    background.draw_problem(name)
    st.button(
        "Make the file",
        key=f"{key}_make",
        icon=":material/deployed_code:",
        on_click=background.begin,
        args=(name, partial(Building, make)),
        help="Its size is told before it is saved.",
    )


@st.fragment(run_every=0.5)
def _draw_progress(name: str, key: str) -> None:
    work = background.works().get(name)
    if not isinstance(work, Building) or not work.running:
        st.rerun()
    st.progress(min(work.share, 1.0), "Making the file")
    st.button("Stop", key=f"{key}_stop", on_click=work.stop, disabled=work.stopping)
