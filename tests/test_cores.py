"""As many cores as this process may use, of those that there are."""

import os
import subprocess
import sys

import pytest

from aecore import cores
from tests.conftest import ROOT


def test_at_least_one_and_no_more_than_the_machine_has():
    assert 1 <= cores.available() <= os.cpu_count()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="This system has no affinity of a process.")
def test_a_process_that_is_bound_to_one_core_has_one():
    bound = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code = bound + "from aecore import cores; print(cores.available())"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "1\n"
