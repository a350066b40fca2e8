"""Why a button does nothing, where the server does not allow what it stands for.

Buttons that are disabled say it in a help that only a pointer finds, so the page says it as well.

The core refuses it whether a button is drawn or not (`aecore.access`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import streamlit as st

from aecore import access, limits, owners
from aecore.access import RefusedError
from pages.shared import notices
from pages.shared.plain import plain

P = ParamSpec("P")


def why_nothing() -> str | None:
    """Why nothing may be written, as Markdown; None where it may."""
    return _sentence(access.refusal())


def why_not(folder: Path) -> str | None:
    """Why whoever is asking may not change a run's or grid's folder, as Markdown; None where they may."""
    return _sentence(owners.refusal(folder))


def draw_why_nothing() -> bool:
    """Says why nothing may be written, and whether that is so."""
    reason = why_nothing()
    if reason is not None:
        st.info(reason, icon=":material/lock:")
    return reason is not None


def draw_why_not(folder: Path) -> None:
    """Says below a folder's buttons why they do nothing, where that is for whose it is."""
    # What holds for the whole server stands at the top of the page.
    if why_nothing() is None and (reason := why_not(folder)) is not None:
        st.caption(f":material/lock: {reason}")


def attempt(do: Callable[P, object], *arguments: P.args, **named: P.kwargs) -> None:
    """Does it, or says why that is refused; for callbacks."""
    try:
        do(*arguments, **named)
    except (RefusedError, OSError) as error:
        notices.say(f"{str(error)[:1].upper()}{str(error)[1:]}.", "block")


def upload_mb() -> int:
    """The largest upload in MB, of what the server takes and what the limits allow."""
    most, taken = limits.limits().upload_mb, int(st.get_option("server.maxUploadSize"))
    return max(1, min(int(most), taken)) if most else taken


def _sentence(reason: str) -> str | None:
    return plain(f"{reason[:1].upper()}{reason[1:]}.") if reason else None
