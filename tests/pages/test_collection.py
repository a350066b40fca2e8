"""Imported libraries are left out of garbage collections."""

import gc
import subprocess
import sys
import threading
import types

import psutil
import pytest

from pages.shared import collection


def test_imports_are_spared_once_and_again_after_new_ones(monkeypatch):
    monkeypatch.setattr(collection, "_seen", 0)
    gc.unfreeze()
    try:
        collection.spare_imports()
        spared = gc.get_freeze_count()
        assert spared > 10_000
        kept = [[] for _ in range(1000)]
        collection.spare_imports()
        assert gc.get_freeze_count() <= spared
        for i in range(collection.MODULES):
            monkeypatch.setitem(sys.modules, f"made_up_{i}", types.ModuleType(f"made_up_{i}"))
        collection.spare_imports()
        assert gc.get_freeze_count() > spared + len(kept)
    finally:
        gc.unfreeze()


def test_freed_memory_is_asked_for_once_after_the_process_has_grown(monkeypatch):
    asked: list[int] = []
    resident = [0]

    def trim(pad):
        # A page's test may have left the thread that asks as well.
        if threading.current_thread() is threading.main_thread():
            asked.append(pad)

    monkeypatch.setattr(collection, "_library", types.SimpleNamespace(malloc_trim=trim))
    about = types.SimpleNamespace(memory_info=lambda: types.SimpleNamespace(rss=resident[0]))
    monkeypatch.setattr(collection.psutil, "Process", lambda: about)
    least = 0
    for size, times in ((100, 0), (105, 0), (110, 1), (115, 1), (90, 1), (100, 2)):
        resident[0] = size << 20
        least = collection.give_back(least)
        assert len(asked) == times, size
    monkeypatch.setattr(collection, "_library", None)
    resident[0] = 900 << 20
    collection.give_back(least)
    assert len(asked) == 2


def test_freed_memory_goes_back_to_the_system():
    if collection._library is None:
        pytest.skip("this C library keeps what is freed")
    before = psutil.Process().memory_info().rss
    # Below the size from which on each block is the system's own; the last keeps the others' place in use.
    blocks = [bytearray(60_000) for _ in range(2_000)]
    last = bytearray(60_000)
    del blocks
    collection._library.malloc_trim(0)
    assert psutil.Process().memory_info().rss < before + (40 << 20)
    assert len(last) == 60_000


LARGE = """
import psutil
from pages.shared import collection

collection.keep_little()
resident = psutil.Process().memory_info
# By itself the C library takes the next pieces of a size that was freed once from its heap.
bytearray(4 << 20)
before = resident().rss
pieces = [(bytearray(3 << 20), bytearray(1000)) for _ in range(30)]
assert resident().rss - before > 80 << 20
pieces = [small for _, small in pieces]
print((resident().rss - before) >> 20)
"""


def test_large_pieces_go_back_when_they_are_freed():
    if collection._library is None:
        pytest.skip("this C library keeps what is freed")
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20
