"""Too little memory, told in a sentence that says what to do."""

from __future__ import annotations

import errno
import re

TOO_LITTLE = (
    "there is not enough memory for this: free some and resume or try again, or train anew with smaller "
    "batches, a smaller network, or fewer members"
)
"""What is said of it."""

_WORDS = re.compile(r"out of memory|not enough memory|(can't|cannot|unable to) allocate", re.IGNORECASE)


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was wanting: Python's, the system's, or torch's on any device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # torch has a class of its own for this on a GPU alone, and none where it is not imported.
    told = isinstance(error, RuntimeError) and _WORDS.search(str(error)) is not None
    return isinstance(error, MemoryError) or told
