"""Keeps the imported libraries out of the garbage collector's sight, and gives freed memory back.

A collection of all garbage visits, with torch, Altair and pandas loaded, half a million objects which live as
long as the server does, for some 0.3 seconds in which no other thread gets on.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable

import psutil

MODULES = 20
"""Newly imported modules from which on it is worth the while."""

GROWN = 32 << 20
"""Bytes by which the process has grown from which on it is worth asking what of them is free."""
EVERY = 10.0
"""Seconds between two such questions."""

_seen = 0
_least = 0
_asked = 0.0


def spare_imports() -> None:
    """Takes what exists now out of all later collections, if modules have been imported since the last time.

    Objects are still freed when their last reference goes; only cycles among those of such a moment stay.
    """
    global _seen
    if len(sys.modules) - _seen >= MODULES:
        _seen = len(sys.modules)
        gc.freeze()
    # Altair checks every part of a chart when it is made, and the whole once more when it is drawn.
    if (altair := sys.modules.get("altair.utils.schemapi")) is not None and altair.DEBUG_MODE:
        altair.disable_debug_mode()


def give_back() -> None:
    """Returns to the system what has been freed, if the process has grown since the last time.

    The C library keeps what is freed between two things that are still in use: after a page has worked on
    all images, sixty megabytes and more. Nothing happens where the library has no such function.
    """
    global _least, _asked
    now = time.monotonic()
    if _trim is None or now - _asked < EVERY:
        return
    _asked, resident = now, psutil.Process().memory_info().rss
    _least = min(_least, resident) or resident
    if resident - _least > GROWN:
        _trim(0)
        _least = psutil.Process().memory_info().rss


def _found_trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`."""
    try:
        return ctypes.CDLL(None).malloc_trim
    # Windows has no such library, and others than glibc no such function.
    except (AttributeError, OSError, TypeError):
        return None


_trim = _found_trim()
