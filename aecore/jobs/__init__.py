"""Training processes: start, watch, change and stop them; what such a process does; the engines of a grid.

Imports no torch.
"""

from aecore.jobs.control import (
    AT_WORK,
    Job,
    active,
    detached,
    is_active,
    jobs_before,
    lock_name,
    page_threads,
    read,
    require_unfinished,
    start,
    status,
    stop,
    submit,
    submit_grid,
    user_name,
)
from aecore.jobs.line import Place, place_of
from aecore.jobs.steering import change, go_on, pause, train_one_epoch
from aecore.processes import process_start

__all__ = [
    "AT_WORK",
    "Job",
    "Place",
    "active",
    "change",
    "detached",
    "go_on",
    "is_active",
    "jobs_before",
    "lock_name",
    "page_threads",
    "pause",
    "place_of",
    "process_start",
    "read",
    "require_unfinished",
    "start",
    "status",
    "stop",
    "submit",
    "submit_grid",
    "train_one_epoch",
    "user_name",
]
