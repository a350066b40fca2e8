"""Training a run again, from its seed and its events, and comparing what came out bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aecore import store
from aecore.access import writes
from aecore.files import StoreError


@dataclass(frozen=True)
class Comparison:
    """How the weights of two runs of one network differ."""

    tensors: int
    different: tuple[str, ...]
    """Names of those that are not the same bit by bit."""
    largest: float
    """The largest difference of two weights."""

    @property
    def same(self) -> bool:
        return not self.different


@writes
def create_replay(path: Path, name: str = "", root: Path | None = None) -> Path:
    """Makes a new run that does again what the run in `path` did, ready to be started.

    It has its settings, its events and, for a branch, the weights that it began with. StoreError in one
    sentence where that run is not finished, or was trained in a stack, which rounds in its own way.
    """
    info = store.read_info(path)
    if store.is_grid(path.parent):
        raise StoreError(f"{info.key} was trained together with others, so it can't be trained again alone")
    if info.result is None:
        raise StoreError(f"{info.name} has not come to its end: resume it first")

    def fill(folder: Path) -> None:
        store.copy_beginning(path, folder)
        if info.origin is not None:
            store.copy_past(path, folder, info.origin.epoch)

    return store.create_run(info.config, name or f"{info.name}, again", root, fill)


def compare(one: Path, other: Path) -> Comparison:
    """Compares the last weights of two runs; StoreError where their networks are of different sizes."""
    a, b = store.read_weights(one), store.read_weights(other)
    if {name: t.shape for name, t in a.items()} != {name: t.shape for name, t in b.items()}:
        raise StoreError(f"{one.name} and {other.name} are networks of different sizes")
    different = tuple(name for name, t in a.items() if not _is_same(t, b[name]))
    gaps = [(a[name].double() - b[name].double()).abs().max().item() for name in different]
    return Comparison(len(a), different, max(gaps, default=0.0))


def _is_same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and torch.equal(a, b)
