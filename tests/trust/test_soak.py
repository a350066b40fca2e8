"""A minute of `tests.trust.soak`, which runs for hours: nothing is left behind and no page falls over."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT, find_chromium
from tests.trust.bounds import IS_WHOLE, SEED, tell


# Not marked as a browser's, which `make test` may not skip.
@pytest.mark.skipif(not IS_WHOLE, reason="It takes a minute: `make trust` has it.")
@pytest.mark.skipif(find_chromium() is None, reason="There is no Chromium on the PATH.")
def test_a_minute_of_everything_at_once_leaves_nothing():
    command = [sys.executable, "-m", "tests.trust.soak", "--minutes", "1", "--seed", str(SEED), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["done"]["started"] > 0
    acts = sum(found["done"].values())
    tell(
        "a minute of everything at once",
        acts,
        0,
        ", ".join(f"{n} {what}" for what, n in found["done"].items()),
    )
