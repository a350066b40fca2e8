"""Training processes: start, watch and stop them; what such a process does; the engines of a grid.

Imports no torch.
"""

from aecore.jobs.control import (
    Job,
    active,
    detached,
    is_active,
    jobs_before,
    lock_name,
    page_threads,
    process_start,
    read,
    require_unfinished,
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
    "jobs_before",
    "lock_name",
    "page_threads",
    "process_start",
    "read",
    "require_unfinished",
    "start",
    "status",
    "stop",
    "submit",
    "submit_grid",
    "user_name",
]
