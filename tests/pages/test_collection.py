"""Imported libraries are left out of garbage collections."""

import gc
import sys
import types

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
