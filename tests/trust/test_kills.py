"""A training harmed at any moment is read, leaves nothing, and comes to the bits of one never harmed."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.trust.bounds import SEED, TRIALS, seconds_for, tell


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system can't copy a process.")
def test_faults_at_seeded_moments_leave_nothing_and_change_no_bit(tmp_path):
    limit = min(seconds_for(0.4), 1500)
    command = [sys.executable, "-m", "tests.trust.kills", tmp_path, TRIALS, SEED, limit]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    trials = [json.loads(line) for line in done.stdout.splitlines()]
    for fault, count in Counter(row["fault"] for row in trials).items():
        mine = [row for row in trials if row["fault"] == fault]
        begun = sum(any(position) for row in mine for position in row["at"])
        moments = sum(len(row["at"]) for row in mine)
        kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(row["kind"] for row in mine).items())
        note = f"{count} trainings ({kinds}); {begun} of {moments} after the first step"
        tell(f"{fault} while it trains", moments, sum(bool(row["wrong"]) for row in mine), note)
    bad = [row for row in trials if row["wrong"]]
    assert not bad, f"of seed {SEED}: {bad}"
    assert trials
    # Moments that lie apart: some before the first step, or in the middle.
    assert len({tuple(at) for row in trials for at in row["at"]}) > 1
