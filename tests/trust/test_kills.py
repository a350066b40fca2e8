"""A training killed at any moment is a run that is read, and comes to the bits of one never killed."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

TRIALS = int(os.environ.get("AECORE_TRUST_TRIALS", "3"))
SEED = int(os.environ.get("AECORE_TRUST_SEED", "0"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system can't copy a process.")
def test_kills_at_seeded_moments_leave_nothing_and_change_no_bit(tmp_path):
    command = [sys.executable, "-m", "tests.trust.kills", str(tmp_path), str(TRIALS), str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    trials = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(trials) == TRIALS
    bad = [row for row in trials if row["left"] or not (row["finished"] and row["same"])]
    assert not bad, f"of seed {SEED}: {bad}"
    # Moments that lie apart: some before the first step, or in the middle.
    assert len({tuple(at) for row in trials for at in row["killed_at"]}) > 1
