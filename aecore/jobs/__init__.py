"""Training processes: start, watch and stop them; what such a process does; the engines of a grid.

Imports no torch.
"""

from aecore.jobs.control import (
    Job,
    active,
    detached,
    is_active,
    lock_name,
    page_threads,
    require_unfinished,
    somebody_is_before,
    start,
    status,
    stop,
    submit,
    submit_grid,
    user_name,
)

__all__ = [
    "Job",
    "active",
    "detached",
    "is_active",
    "lock_name",
    "page_threads",
    "require_unfinished",
    "somebody_is_before",
    "start",
    "status",
    "stop",
    "submit",
    "submit_grid",
    "user_name",
]
