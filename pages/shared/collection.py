"""Keeps the imported libraries out of the garbage collector's sight.

A collection of all garbage visits, with torch, Altair and pandas loaded, half a million objects which live as
long as the server does, for some 0.3 seconds in which no other thread gets on.
"""

from __future__ import annotations

import gc
import sys

MODULES = 20
"""Newly imported modules from which on it is worth the while."""

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
