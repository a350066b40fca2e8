"""Which process is which, across a machine's whole life: a pid alone is given again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil


def process_start(pid: int) -> float:
    """When a process started, in seconds; psutil.NoSuchProcess where there is none with that pid.

    On Linux since the machine's start, elsewhere since 1970: psutil has Linux's from the clock of today, so
    that it moves whenever the clock is set, and a living process would seem to be another.
    """
    if sys.platform != "linux":
        return psutil.Process(pid).create_time()
    try:
        about = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        raise psutil.NoSuchProcess(pid) from None
    # The second field is the program's name in brackets, which may hold anything; the start is the 22nd.
    return int(about.rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def lives(pid: int, started: float) -> bool:
    """Whether the process with that pid still is the one that `process_start` told to have started then."""
    try:
        same = abs(process_start(pid) - started) < 1
        return same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    # The last two are what a number that can be no pid raises.
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False
