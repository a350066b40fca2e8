"""Who may change what: the one mode of the app, `AECORE_MODE`, and who is asking.

| mode        | who may write |
|-------------|---------------|
| `private`   | whoever reaches the app: one person's workshop |
| `class`     | visitors start trainings and change what is theirs; the machine's command line does anything |
| `read-only` | nobody, the command line included |

What writes is marked where it does so: with `writes` here, or with `changes` of `aecore.owners` where it
works on a folder that belongs to somebody. Pages only ask beforehand, to say why a button does nothing.

A process that serves pages says so once, by `serve`, with the function that tells who is asking. In `class`
whoever can't be told apart there may write nothing. Every other process is the machine's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Literal, ParamSpec, TypeVar, get_args

from aecore.records import Record

Mode = Literal["private", "class", "read-only"]
VARIABLE = "AECORE_MODE"

P = ParamSpec("P")
R = TypeVar("R")


class RefusedError(RuntimeError):
    """The server does not allow it; the message says what it allows, in one sentence."""


@dataclass(frozen=True)
class Visitor(Record):
    """Somebody whom a page server tells from others; what stands in a folder that belongs to them."""

    key: str
    """Says how they were recognised, and by what: nobody else has the same. No secret."""
    name: str = ""
    """What people call them; empty where that is not known."""


def mode() -> Mode:
    """What `AECORE_MODE` says, `private` where it says nothing; ValueError in one sentence otherwise."""
    return _mode(os.environ.get(VARIABLE, ""))


@cache
def _mode(text: str) -> Mode:
    word = text.strip().lower().replace("_", "-") or "private"
    for known in get_args(Mode):
        if word == known:
            return known
    raise ValueError(f"{VARIABLE} must be one of {', '.join(get_args(Mode))}, not {text!r}")


_identify: Callable[[], Visitor | None] | None = None


def serve(identify: Callable[[], Visitor | None]) -> None:
    """Says that this process serves pages, and how it is found out who is asking at this moment.

    `identify` gives None where that can't be known, as in a thread that no visitor waits for.
    """
    global _identify
    _identify = identify


def visitor() -> Visitor | None:
    """Who is asking; None for the machine's own processes, and where it is not known."""
    return _identify() if _identify is not None else None


def serves_pages() -> bool:
    """Whether this process serves pages, to whoever asks."""
    return _identify is not None


def has_guests() -> bool:
    """Whether what is done here is done for one of many visitors, who may not do everything."""
    return _identify is not None and mode() != "private"


def refusal() -> str:
    """Why nothing may be written now, in one sentence without its end; empty where it may."""
    if mode() == "read-only":
        return (
            "this server is read-only: what is here can be looked at and exported, and nothing is trained, "
            "taken in, changed or deleted; for that, run the app on a machine of your own"
        )
    if has_guests() and visitor() is None:
        return (
            "this server does not know who is asking, so it changes nothing: "
            "log in if you can, or reload the page"
        )
    return ""


def require_writing() -> None:
    """`RefusedError` where nothing may be written now."""
    if reason := refusal():
        raise RefusedError(reason)


def require_no_guests(what: str, instead: str) -> None:
    """`RefusedError` where a visitor asks for what only the machine's own people may do."""
    if has_guests():
        raise RefusedError(f"this server does not {what} for visitors: {instead}")


def writes(function: Callable[P, R]) -> Callable[P, R]:
    """Marks a function that writes into the run root or the data folder.

    It raises `RefusedError` where nothing may be written, before it does anything.
    """

    @wraps(function)
    def checked(*arguments: P.args, **named: P.kwargs) -> R:
        require_writing()
        return function(*arguments, **named)

    return checked
