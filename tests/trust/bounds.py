"""How much of each fault is tried, for how long, and where it is told: what `make trust` sets.

AECORE_TRUST_TRIALS     trials of a fault at seeded moments
AECORE_TRUST_EXAMPLES   configs that are drawn
AECORE_TRUST_SEED       the moments, drawn anew with another number
AECORE_TRUST_END        when no further trial begins, in seconds since 1970
AECORE_TRUST_REPORT     file that takes one JSON object for each fault
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

TRIALS = int(os.environ.get("AECORE_TRUST_TRIALS", "5"))
EXAMPLES = int(os.environ.get("AECORE_TRUST_EXAMPLES", "40"))
SEED = int(os.environ.get("AECORE_TRUST_SEED", "0"))
IS_WHOLE = "AECORE_TRUST_END" in os.environ
"""Whether this is `make trust`, and not the little that `make test` does of it."""

_END = float(os.environ.get("AECORE_TRUST_END", "inf"))
_BEGAN = time.time()


def seconds_for(share: float) -> float:
    """Seconds that one of the tests may take, which is that share of what there was at the beginning."""
    return min(share * (_END - _BEGAN), _END - time.time())


def tell(injected: str, times: int, lost: int, note: str = "") -> None:
    """Puts a line into the report of `make trust`."""
    if name := os.environ.get("AECORE_TRUST_REPORT"):
        line = {"injected": injected, "times": times, "lost": lost, "note": note}
        with Path(name).open("a") as file:
            file.write(json.dumps(line) + "\n")
