"""A page server that dies, by kill -9 or SIGTERM, takes no training along and leaves none unlisted."""

import json
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from aecore import jobs, store
from tests.browser import tools
from tests.browser.tools import Server, wait_until
from tests.forging import Forger
from tests.trust import kills
from tests.trust.bounds import IS_WHOLE, SEED, TRIALS, seconds_for, tell

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no such signals.")

STARTS = """
import os, threading
from pathlib import Path
from aecore import jobs, store
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


def wait_for_step(path: Path) -> None:
    """Waits until a training has done one more."""
    before = kills.position(path)
    wait_until("a step", lambda: kills.position(path) > before)


AT_ONCE = 20
"""Seconds within which a server ends that is told to, on a busy machine: one is usual."""

TOLD = {"Ctrl-C": (signal.SIGINT, (0, 1)), "SIGTERM": (signal.SIGTERM, (-signal.SIGTERM,))}
"""What tells it, and what its process ends with: of Ctrl-C with 0 or click's 1, both were seen; the signal
itself by uvicorn."""


def test_a_server_told_to_end_does_and_the_training_of_its_page_goes_on_and_is_listed_by_the_next(
    tmp_path, monkeypatch
):
    # In a group of its own, as a shell starts it: Ctrl-C goes to all in the terminal's group.
    monkeypatch.setattr(tools, "STREAMLIT", f"import os; os.setpgrp(); {tools.STREAMLIT}")
    root, data, log = tmp_path / "checkpoints", tmp_path / "data", tmp_path / "server.log"
    root.mkdir()
    data.mkdir()
    settings = {"data.name": "digits", "train.epochs": 100_000, "train.batch_size": 16}
    link = urlencode({"draft": json.dumps({"settings": settings})})
    server, path, done = Server(root, data, log), None, dict.fromkeys(TOLD, 0)
    rounds, ends = len(TOLD) * max(1, TRIALS // 20), time.monotonic() + seconds_for(0.1)
    with server:
        for number in range(rounds):
            if number >= len(TOLD) and time.monotonic() > ends:
                break
            if number:
                server.start()
            name = list(TOLD)[number % len(TOLD)]
            which, codes = TOLD[name]
            # Somebody has a page open all the while.
            with Forger(server.port, link=link) as visitor:
                if path is None:
                    visitor.visit("train")
                    visitor.visit("train", "train_start")
                    (info,) = wait_until("a run", lambda: store.list_runs(root))
                    path = info.path
                else:
                    visitor.visit("")
                    assert any(key.endswith("-sidebar_stop") for key in visitor.ids), "no training is listed"
                wait_for_step(path)
                time.sleep(random.Random(f"{SEED} told {number}").uniform(0, 0.5))
                os.killpg(server.pid, which)
                assert server.wait(AT_ONCE) in codes
            assert "Traceback" not in log.read_text(), log.read_text()
            assert [job.path for job in jobs.active(root)] == [path]
            wait_for_step(path)
            done[name] += 1
        jobs.stop(path)
        wait_until("the end of its process", lambda: not trainers(path))
        stopped = kills.read(path)
        assert (stopped.progress.status, jobs.active(root)) == ("stopped", [])
    for name, times in done.items():
        if times:
            note = f"begun on a page: the server ended within {AT_ONCE} s, the next one lists the training"
            tell(f"{name} of the server while it trains", times, 0, note)
