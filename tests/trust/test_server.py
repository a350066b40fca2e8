"""A page server that dies, by kill -9 or SIGTERM, takes no training along and leaves none unlisted."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from aecore import jobs
from tests.browser import tools
from tests.browser.tools import Server, wait_until
from tests.trust import kills
from tests.trust.bounds import IS_WHOLE, SEED, TRIALS, seconds_for, tell

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no such signals.")

STARTS = """
import os, threading
from pathlib import Path
from aecore import jobs
from aecore.jobs import control

control.NICE = 0
threading.Thread(target=jobs.start, args=(Path(os.environ["AECORE_TEST_STARTS"]), 1)).start()
from streamlit.web.cli import main
main()
"""
"""The server's process, which starts a training as a click on its page has it do."""

KINDS = ["lone", "grid"] if IS_WHOLE else ["lone"]
"""A grid has processes of its own, one a stack, and takes longer to come up than all else here."""


def trainers(path: Path) -> list[int]:
    """The living processes that name the folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(path) in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_outlives_the_server_that_started_it_and_comes_to_the_same_bits(
    tmp_path, kind, monkeypatch
):
    monkeypatch.setattr(tools, "STREAMLIT", STARTS)
    whole = kills.create(kind, "never harmed", tmp_path / "whole")
    assert kills.end(kills.begin(whole)) == 0
    root, ends, trials = tmp_path / "checkpoints", time.monotonic() + seconds_for(0.12), max(1, TRIALS // 10)
    done = {"kill -9": 0, "SIGTERM": 0}
    for number in range(trials):
        if number and time.monotonic() > ends:
            break
        name = list(done)[number % 2]
        path = kills.create(kind, f"trial {number}", root)
        monkeypatch.setenv("AECORE_TEST_STARTS", str(path))
        with Server(root, tmp_path / "data", tmp_path / "server.log") as server:
            wait_until("the first step", lambda path=path: any(kills.position(path)))
            time.sleep(random.Random(f"{SEED} server {kind} {number}").uniform(0, 0.5))
            os.kill(server.pid, signal.SIGKILL if name == "kill -9" else signal.SIGTERM)
            psutil.Process(server.pid).wait(timeout=tools.PATIENCE)
            # What is still at work says so in its folder, to whoever looks there.
            listed = [info.path for info in jobs.active(root)]
            assert listed in ([], [path])
            if not listed:
                wait_until("the end of processes that nobody lists", lambda path=path: not trainers(path))
            result = lambda path=path: jobs.control.read(path).result  # noqa: E731
            wait_until("the training's end", result, sign=lambda path=path: kills.position(path))
            wait_until("the end of its processes", lambda path=path: not trainers(path))
            assert kills.content(path) == kills.content(whole)
        done[name] += 1
    for name, times in done.items():
        if times:
            tell(
                f"{name} of the server while it trains", times, 0, f"{kind}: the training went on to its end"
            )
