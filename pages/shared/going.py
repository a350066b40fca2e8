"""What a page says where a run, a grid or images went or changed while it was being drawn.

A page looks into a folder more than once, and another hand may rename, delete or spoil it in between.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from aecore.files import StoreError
from pages.shared.plain import plain

P = ParamSpec("P")


def telling(draw: Callable[P, object]) -> Callable[P, None]:
    """The same drawing, which ends with one sentence where a folder can't be read or has no images any more.

    For whole pages and for fragments, which are drawn by themselves.
    """

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> None:
        try:
            draw(*arguments, **named)
        except ValueError as error:
            # Brings torch, which the first page does not wait for.
            from aecore.data import DataNotFoundError

            if not isinstance(error, StoreError | DataNotFoundError):
                raise
            st.error(
                f"The page ends here: {plain(error)}. Reload it, or choose another run.",
                icon=":material/error:",
            )

    return drawn
