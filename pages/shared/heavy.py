"""How much of the machine the pages take: threads of one computation, and how many long ones at once.

Streamlit runs a thread a visitor. Left alone, each would compute on all cores, so that thirty first visits
come to a multiple of the cores, and a training beside to a fraction of its speed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aecore import cores

MOST_THREADS = 4
"""Threads of one computation at most: with more, what a page computes gains little."""
PATIENCE = 30.0
"""Seconds after which a computation no longer waits for its place, whatever holds it up."""


def shares(count: int) -> tuple[int, int]:
    """Threads of one computation, and long computations at once; one core is left to a training."""
    ours = max(1, count - 1)
    threads = min(MOST_THREADS, ours)
    return threads, ours // threads


def take_share() -> None:
    """Gives the libraries of this process their threads, once; `OMP_NUM_THREADS` of a user's own stays.

    For the entry point, before torch is imported. Trainings set their own number.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    threads = shares(cores.available())[0]
    # Read by libraries that are yet to be loaded; those that are there are told.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)


_places = threading.BoundedSemaphore(shares(cores.available())[1])
_held = threading.local()


@contextmanager
def place() -> Iterator[None]:
    """Waits for its turn with a long computation.

    What is inside must not wait for another visitor's thread, as a cached function may: what it needs is
    asked for before.
    """
    if getattr(_held, "place", False):
        yield
        return
    got = _places.acquire(timeout=PATIENCE)
    _held.place = True
    try:
        yield
    finally:
        _held.place = False
        if got:
            _places.release()
