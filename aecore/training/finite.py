"""Whether anybody's loss is finite still, without waiting for an accelerator that has steps in its queue."""

from __future__ import annotations

import torch
from torch import Tensor

EVERY = 50
"""Steps between two looks."""


class FiniteWatch:
    """Looks at an epoch's losses on the device; `late` looks tell what the look before them saw."""

    def __init__(self, late: bool) -> None:
        # Into pinned memory a copy goes by itself; into other memory the program waits for it.
        pinned = late and torch.cuda.is_available()
        self._seen = torch.ones((), dtype=torch.bool, pin_memory=pinned) if late else None

    def look(self, losses: Tensor) -> bool:
        """Whether any of the losses, one or K, was finite: now, or at the look before, and true at first."""
        finite = losses.isfinite().any()
        if self._seen is None:
            return bool(finite)
        before = bool(self._seen)
        self._seen.copy_(finite, non_blocking=True)
        return before
