"""Where in its device's line a job waits, read from the folders, so that everybody sees the same.

Imports no torch.
"""

from __future__ import annotations

from typing import NamedTuple

from aecore.jobs.control import Job, active, lock_name
from aecore.store import is_active


class Place(NamedTuple):
    """Where in its device's line a job waits."""

    number: int
    """From 1 on, for the one whose turn is next."""
    of: int
    """Jobs in that line."""
    device: str
    """What its lock is called: cpu, cuda, cuda:0, mps."""
    behind: Job | None
    """The job whose end it waits for last; None where none is before it."""

    @property
    def text(self) -> str:
        """`2nd of 3 in line for the CPU`, without the name of the one before it."""
        kind = self.device.split(":")[0]
        device = "the CPU" if kind == "cpu" else "the GPU" if kind in ("cuda", "mps") else self.device
        return f"{ordinal(self.number)} of {self.of} in line for {device}"


def place_of(info: Job, jobs: list[Job] | None = None) -> Place | None:
    """Where a queued job is in line, None for one that does not wait; `jobs` are those of `active`."""
    if info.progress.status != "queued" or not is_active(info.progress):
        return None
    device = lock_name(info.config.train.device)
    found = active(info.path.parent) if jobs is None else jobs
    same = [job for job in found if lock_name(job.config.train.device) == device]
    line = [job for job in same if job.progress.status == "queued"]
    before = [
        j for j in same if j.path.name != info.path.name and j.progress.submitted < info.progress.submitted
    ]
    number = 1 + sum(job.progress.status == "queued" for job in before)
    return Place(number, max(len(line), number), device, before[-1] if before else None)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    last = number % 10 if number // 10 % 10 != 1 else 0
    return f"{number}{_ENDINGS.get(last, 'th')}"


_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
