"""The buttons that start, stop and resume a training, wherever one is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from aecore import jobs, store
from pages.shared import notices, permits
from pages.shared.plain import plain

SILENT = "Its process lives but has said nothing for a minute: the machine may be overloaded."
"""What is said of a job whose process gives no sign of life."""

RESUME = "Goes on at the very next step, as if it had never stopped."
"""What resuming does."""


def waits_for(info: jobs.Job) -> str:
    """What a queued job waits for, as Markdown: its place in line, or a training elsewhere."""
    if (place := jobs.place_of(info)) is not None and place.behind is not None:
        paused = ", which is paused" if place.behind.progress.status == "paused" else ""
        return f"{place.text}, behind {plain(place.behind.name)}{paused}"
    if (holder := info.progress.waits_for) is not None:
        return f"waits for the device: {plain(holder.text)}"
    if info.progress.message:
        return f"waits: {plain(info.progress.message)}"
    return "starting"


def draw_start_button(
    key: str, ready: bool, start: Callable[..., None], args: tuple[Any, ...] = (), *, queued: str
) -> None:
    """Train, or Queue while others are at work; `queued` then says what becomes of it."""
    busy, refused = bool(jobs.active()), permits.why_nothing()
    st.button(
        "Queue" if busy else "Train",
        key=key,
        type="primary",
        icon=":material/playlist_add:" if busy else ":material/play_arrow:",
        disabled=not ready or refused is not None,
        on_click=start,
        args=args,
        help=refused or (queued if busy else None),
    )


def draw_stop_button(info: jobs.Job, key: str, explanation: str, width: str = "content") -> None:
    """Stop, and once that is asked for, that it is being done."""
    asked, refused = store.stop_requested(info.path), permits.why_not(info.path)
    st.button(
        "Stopping" if asked else "Stop",
        key=key,
        icon=":material/stop:",
        width=width,
        disabled=asked or refused is not None,
        on_click=stop,
        args=(info.path,),
        help=refused or explanation,
    )


def draw_resume_button(info: jobs.Job, key: str, **options: Any) -> None:
    """Resume; `options` are those of a button."""
    if (refused := permits.why_not(info.path)) is not None:
        options |= {"disabled": True, "help": refused}
    st.button("Resume", key=key, icon=":material/play_arrow:", on_click=resume, args=(info,), **options)


def stop(path: Path) -> None:
    """Asks the job to stop, or says why it may not be asked; for callbacks."""
    permits.attempt(jobs.stop, path)


def resume(info: jobs.Job) -> None:
    """Starts the job again, or says why that can't be; for callbacks."""
    try:
        jobs.start(info.path)
    except (RuntimeError, OSError, store.StoreError) as error:
        notices.say(f"{info.name} can't be resumed: {error}.", "error")
