"""What a training pays for its notes: the post's network on MNIST with `train.record` and without, in pairs.

Both ways go through the path that a page's training takes, folder and all. They take turns, so that a busy
machine slows both alike; the times are the processor's own, and the ratio is the median of the pairs' ratios.
`--quick` takes two pairs, as long: the first hundred steps, all looked at, weigh more in a short run.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from aecore import store
from aecore.data import ImageData, load
from aecore.jobs.recording import Recording, updates
from aecore.presets import PRESETS


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each way."""
    torch.set_num_threads(1)
    data = load("mnist")
    epochs, pairs = PRESETS["post"].train.epochs, 2 if quick else 5
    times: dict[bool, list[float]] = {False: [], True: []}
    sizes = {False: 0, True: 0}
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(pairs):
            # The first of a pair is now the one, now the other.
            for record in (False, True) if pair % 2 else (True, False):
                seconds, sizes[record] = _train(Path(folder), data, epochs, record)
                times[record].append(seconds)
    ratios = [b / a for a, b in zip(times[False], times[True], strict=True)]
    return [
        {
            "notes": "with" if record else "without",
            "epochs": epochs,
            "pairs": pairs,
            "CPU seconds": median(times[record]),
            "least": min(times[record]),
            "kB of notes": sizes[record] / 1000,
            "times as long": median(ratios) if record else 1.0,
            "from": f"{min(ratios):.3f} to {max(ratios):.3f}" if record else "",
        }
        for record in (False, True)
    ]


def _train(root: Path, data: ImageData, epochs: int, record: bool) -> tuple[float, int]:
    """CPU seconds of a whole training into a folder, and the bytes of its notes."""
    values = {"train.epochs": epochs, "train.record": record, "train.device": "cpu"}
    path = store.create_run(PRESETS["post"].with_values(values), "", root)
    recording = Recording.of_run(path, data)
    before = time.process_time()
    for update in updates(recording.configs, data, recording.resume()):
        recording.take(update)
    seconds = time.process_time() - before
    return seconds, sum(store.rows_stamp(path))
