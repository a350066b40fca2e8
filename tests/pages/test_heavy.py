"""The pages' share of the machine: enough for one visitor, and no more for thirty."""

import os
import subprocess
import sys
import threading
import time

import pytest
import torch

from pages.shared import heavy
from tests.conftest import ROOT


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 16, 64, 200])
def test_computations_together_leave_a_core_where_there_are_two(cores):
    threads, places = heavy.shares(cores)
    assert threads >= 1
    assert places >= 1
    assert threads * places <= max(1, cores - 1)


def test_no_more_computations_than_places_run_at_once(monkeypatch):
    monkeypatch.setattr(heavy, "_places", threading.BoundedSemaphore(2))
    running, most, done = [], [], []

    def compute(number: int) -> None:
        with heavy.place(), heavy.place():  # One inside another needs no second place.
            running.append(number)
            most.append(len(running))
            time.sleep(0.01)
            running.remove(number)
        done.append(number)

    threads = [threading.Thread(target=compute, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(done) == list(range(8))
    assert max(most) == 2


def test_place_is_given_back_after_an_error(monkeypatch):
    monkeypatch.setattr(heavy, "_places", threading.BoundedSemaphore(1))
    for _ in range(3):
        with pytest.raises(ValueError, match="wrong"), heavy.place():
            raise ValueError("wrong")
    assert heavy._places.acquire(blocking=False)


def test_who_waits_in_vain_goes_on(monkeypatch):
    monkeypatch.setattr(heavy, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(heavy, "PATIENCE", 0.01)
    heavy._places.acquire()
    with heavy.place():
        pass
    assert not heavy._places.acquire(blocking=False)


SCRIPT = """
import numpy
from aecore import cores
from pages.shared import heavy
cores.available = lambda: 3
heavy.take_share()
import torch
from threadpoolctl import threadpool_info
import threading
found = [torch.get_num_threads()]
thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
thread.start(); thread.join()
print(found, {one["num_threads"] for one in threadpool_info()})
"""


def test_every_library_keeps_to_the_share():
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert said.stdout.strip() == "[2, 2] {2}", said.stderr


def test_a_users_own_number_of_threads_stays(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = torch.get_num_threads()
    heavy.take_share()
    assert (os.environ["OMP_NUM_THREADS"], torch.get_num_threads()) == ("7", before)
