"""How much the visitors of a server may take: the limits, their variables and their defaults, in one place.

They hold for what pages ask for, whatever the mode; the command line is the machine's own, and not limited.
`python -m aecore doctor` shows them, with where each comes from.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields

from aecore import access
from aecore.access import RefusedError
from aecore.records import Record

VARIABLES = {
    "jobs": "AECORE_MOST_JOBS",
    "visitor_jobs": "AECORE_MOST_VISITOR_JOBS",
    "hours": "AECORE_MOST_HOURS",
    "memory_gb": "AECORE_MOST_MEMORY_GB",
    "disk_gb": "AECORE_MOST_DISK_GB",
    "upload_mb": "AECORE_MOST_UPLOAD_MB",
}
"""The variable of each limit; 0 in it stands for no limit."""


@dataclass(frozen=True)
class Limits(Record):
    """What pages may ask for; 0 stands for no limit."""

    jobs: int = 0
    """Trainings at work or in line, of everybody together."""
    visitor_jobs: int = 0
    """Trainings at work or in line of one visitor; in `class` alone, where they are told apart."""
    hours: float = 0.0
    """Estimated time of one training."""
    memory_gb: float = 0.0
    """Estimated memory of one training, in GB."""
    disk_gb: float = 0.0
    """Size of the run folder, in GB, above which nothing new comes into it."""
    upload_mb: float = 500.0
    """Size of what one upload brings, in MB."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in fields(self):
            self.check_range(field.name, 0)


DEFAULTS = {
    "private": Limits(),
    "class": Limits(jobs=40, visitor_jobs=2, hours=1.0, memory_gb=4.0, disk_gb=20.0, upload_mb=100.0),
    "read-only": Limits(),
}
"""What holds in each mode where a variable says nothing else."""


def limits() -> Limits:
    """The limits in force; ValueError in one sentence for a variable that holds no such number."""
    found = DEFAULTS[access.mode()]
    for name, variable in VARIABLES.items():
        if text := os.environ.get(variable, "").strip():
            try:
                value = int(text) if name.endswith("jobs") else float(text)
                found = Limits.from_dict({**found.to_dict(), name: value})
            except ValueError:
                kind = "a whole number" if name.endswith("jobs") else "a number"
                raise ValueError(f"{variable} must be {kind} from 0 on, not {text!r}") from None
    return found


def source(name: str) -> str:
    """Where the value of a limit comes from."""
    return VARIABLES[name] if os.environ.get(VARIABLES[name], "").strip() else f"default of {access.mode()}"


def require(
    amount: float, most: float, says: Callable[[str, str], str], figure: Callable[[float], str], instead: str
) -> None:
    """`RefusedError` where a page asks for more than the most; `says` tells of the two in words."""
    if access.serves_pages() and most and amount > most:
        raise RefusedError(f"{says(figure(amount), figure(most))}: {instead}")


def require_upload(size: int) -> None:
    """`RefusedError` for an upload of too many bytes."""
    require(
        size / 1e6,
        limits().upload_mb,
        lambda asked, most: f"the upload has {asked}, and at most {most} are taken here",
        lambda mb: f"{mb:,.1f} MB",
        "upload fewer or smaller files",
    )


def require_room(size: int, coming: int = 0) -> None:
    """`RefusedError` where the run folder's bytes, with those that would come, are above what it may have."""
    require(
        (size + coming) / 1e9,
        limits().disk_gb,
        lambda asked, most: f"the run folder would have {asked} with this, of {most} allowed here",
        lambda gb: f"{gb:,.3g} GB",
        "delete runs that are no longer needed, or ask whoever runs this server to make room",
    )
