"""Keeps the imported libraries out of the garbage collector's sight, and gives freed memory back.

A collection of all garbage visits, with torch, Altair and pandas loaded, half a million objects which live as
long as the server does, for some 0.3 seconds in which no other thread gets on.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from functools import cache
from typing import Any

import psutil

MODULES = 20
"""Newly imported modules from which on it is worth the while."""

GROWN = 8 << 20
"""Bytes by which the process has grown from which on it is worth asking what of them is free."""
EVERY = 3.0
"""Seconds between two such questions."""
HEAPS = 2
"""From which the C library serves all threads; its own eight a core would each keep what it once held."""
LARGE = 1 << 20
"""Bytes from which on each piece of memory is the system's own, and goes back when it is freed."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # as <malloc.h> has them

_seen = 0


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


@cache
def keep_little() -> None:
    """From now on this process gives back what it has freed, once and for all; for the entry point.

    Nothing happens where the C library is not glibc.
    """
    if _library is None:
        return
    _library.mallopt(_M_ARENA_MAX, HEAPS)
    _library.mallopt(_M_MMAP_THRESHOLD, LARGE)
    threading.Thread(target=_give_back_at_times, name="give-back", daemon=True).start()


def _give_back_at_times() -> None:
    least = 0
    while True:
        time.sleep(EVERY)
        least = give_back(least)


def give_back(least: int) -> int:
    """Returns to the system what has been freed, if the process has grown; the new least.

    `least` are the bytes that the process held at least since it last did so, 0 to begin with.

    The C library keeps what is freed between two things that are still in use: after a page has worked on
    all images, sixty megabytes and more. Nothing happens where the library has no such function.
    """
    resident = psutil.Process().memory_info().rss
    least = min(least, resident) or resident
    if _library is None or resident - least <= GROWN:
        return least
    _library.malloc_trim(0)
    return psutil.Process().memory_info().rss


def _found_library() -> Any:
    """glibc, which has functions for what it keeps."""
    try:
        library = ctypes.CDLL(None)
        return library if library.malloc_trim and library.mallopt else None
    # Windows has no such library, and others than glibc no such functions.
    except (AttributeError, OSError, TypeError):
        return None


_library = _found_library()
