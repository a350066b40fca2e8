"""Small classifiers, in whose features generated images are scored: shipped, kept, or trained on demand."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aecore import store
from aecore.cache import cache_root

if TYPE_CHECKING:
    from aecore.analysis.classifier import Classifier
    from aecore.data import ImageData

SHIPPED = ("mnist",)
"""Data sets whose classifier comes with the app; others train in seconds where they are first needed."""


def shipped_file(name: str) -> Path:
    """Where the shipped classifier of a data set lies: in this package, whatever the run root is."""
    return Path(__file__).parent / f"classifier-{name}.safetensors"


def classifier_of(data: ImageData, on_progress: Callable[[float], None] | None = None) -> Classifier:
    """The classifier of these images: the shipped one, the one kept below `cache_root()`, or a new one.

    `on_progress` is told the part of the training that is done. Raises ValueError in one sentence for images
    that none can be trained on.
    """
    from aecore.analysis import classifier

    found = _read(shipped_file(data.name), data) if data.name in SHIPPED else None
    if found is not None:
        return found
    kept = _kept(data)
    found = _read(kept, data)
    if found is None:
        found = classifier.train(data, on_progress)
        # A cache that can't be written costs time, nothing else.
        with suppress(OSError):
            store.write_classifier(kept, found.network.state_dict(), found.record)
    return found


def ship(threads: int | None = None) -> None:
    """Trains the shipped ones into this package, in half precision."""
    import torch

    from aecore.analysis import classifier
    from aecore.data import load

    if threads is not None:
        torch.set_num_threads(threads)
    for name in SHIPPED:
        found = classifier.train(load(name))
        tensors = {key: tensor.half() for key, tensor in found.network.state_dict().items()}
        store.write_classifier(shipped_file(name), tensors, found.record)
        share, count = found.record.accuracy, found.record.test_images
        print(f"{name}: {share:.2%} of {count:,} test images classified rightly", file=sys.stderr)


def _kept(data: ImageData) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", data.name.lower())[:40]
    return cache_root() / f"classifier-{name}-{data.checksum:08x}.safetensors"


def _read(path: Path, data: ImageData) -> Classifier | None:
    """The classifier of a file, None where there is none that can be used for these images."""
    from aecore.analysis import classifier

    try:
        found = store.read_classifier(path)
        if found is None or (found[1].checksum, found[1].shape) != (data.checksum, data.shape):
            return None
        return classifier.restore(*found)
    except ValueError:
        return None
