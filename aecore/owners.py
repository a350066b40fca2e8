"""Whose a folder is: who started what is in it.

The owner stands in a file of the folder from before anybody sees it. A folder without it, as of an older
version, from the command line or with the app, belongs to the machine alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from aecore import access
from aecore.access import RefusedError, Visitor
from aecore.files import read_object, write_json

FILE = "owner.json"

P = ParamSpec("P")
R = TypeVar("R")


def write_owner(folder: Path) -> None:
    """Notes that whoever is asking owns a folder that has just been made; nothing for the machine itself."""
    owner = access.visitor() if access.mode() == "class" else None
    if owner is not None:
        write_json(folder / FILE, owner.to_dict(), durable=False)


def read_owner(folder: Path) -> Visitor | None:
    """Who owns a folder, a member's or stack's being its grid's; None where nobody but the machine does."""
    folder = Path(folder).resolve()
    # <grid>/<k> and <grid>/stacks/<s>
    for place in (folder, folder.parent, folder.parent.parent):
        try:
            if (values := read_object(place / FILE)) is not None:
                return Visitor.from_dict(values)
        except (OSError, ValueError):
            return None
    return None


def refusal(folder: Path) -> str:
    """Why whoever is asking may not change a folder, in one sentence without its end; empty if they may."""
    if reason := access.refusal():
        return reason
    if not access.has_guests():
        return ""
    owner, asking = read_owner(folder), access.visitor()
    if owner is not None and asking is not None and owner.key == asking.key:
        return ""
    whose = "the people who run this server" if owner is None else owner.name or "another visitor"
    return (
        f"“{folder.name}” belongs to {whose}, and only its owner may stop, change, rename or delete it here; "
        "you may look at it, export it, and train the same settings as a run of your own"
    )


def require_owner(folder: Path) -> None:
    """`RefusedError` where whoever is asking may not change the folder."""
    if reason := refusal(folder):
        raise RefusedError(reason)


def changes(argument: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a function that changes the folder in that argument.

    It raises `RefusedError` for all but its owner, and where nothing may be written, before it does anything.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def checked(*arguments: P.args, **named: P.kwargs) -> R:
            access.require_writing()
            if access.has_guests():
                require_owner(Path(_signature(function).bind(*arguments, **named).arguments[argument]))
            return function(*arguments, **named)

        return checked

    return mark


@cache
def _signature(function: Callable[..., object]) -> inspect.Signature:
    return inspect.signature(function)
