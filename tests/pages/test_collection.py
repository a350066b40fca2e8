"""Imported libraries are left out of garbage collections."""

import gc
import sys
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
    resident = [100 << 20]
    monkeypatch.setattr(collection, "_trim", asked.append)
    monkeypatch.setattr(collection, "_least", 0)
    monkeypatch.setattr(collection, "_asked", 0.0)
    monkeypatch.setattr(collection, "EVERY", 0.0)
    about = types.SimpleNamespace(memory_info=lambda: types.SimpleNamespace(rss=resident[0]))
    monkeypatch.setattr(collection.psutil, "Process", lambda: about)
    for size, times in ((100, 0), (120, 0), (140, 1), (150, 1), (90, 1), (130, 2)):
        resident[0] = size << 20
        collection.give_back()
        assert len(asked) == times, size
    monkeypatch.setattr(collection, "EVERY", 60.0)
    resident[0] = 900 << 20
    collection.give_back()
    assert len(asked) == 2
    monkeypatch.setattr(collection, "_trim", None)
    monkeypatch.setattr(collection, "EVERY", 0.0)
    collection.give_back()


def test_freed_memory_goes_back_to_the_system():
    if collection._trim is None:
        pytest.skip("this C library keeps what is freed")
    before = psutil.Process().memory_info().rss
    # Below the size from which on each block is the system's own; the last keeps the others' place in use.
    blocks = [bytearray(60_000) for _ in range(2_000)]
    last = bytearray(60_000)
    del blocks
    collection._trim(0)
    assert psutil.Process().memory_info().rss < before + (40 << 20)
    assert len(last) == 60_000
