"""Trains runs in processes that are killed at seeded moments, and says what became of them.

python -m tests.trust.kills ROOT TRIALS SEED    one JSON object a trial

The processes are copies of this one, which has imported all that a training needs: a trial takes a second.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from safetensors.numpy import load_file

from aecore import data, store
from aecore.jobs import recording, steering, worker  # noqa: F401  imported before the processes are copied
from aecore.store import names
from tests.samples import tiny_config

CONFIG = tiny_config(
    model__hidden=(64, 32), train__epochs=6, train__schedule="cosine", train__keep_weights="powers_of_two"
)
MOST_KILLS = 3
"""Kills of one run."""


def begin(path: Path) -> int:
    """Starts to train a run, from where it is; returns the pid."""
    if pid := os.fork():
        return pid
    try:
        worker.work(path, threads=1)
    finally:
        os._exit(0)


def content(path: Path) -> dict[str, bytes]:
    """What a run came to, as bytes: tensors, those of single epochs too, and the notes of its layers."""
    tensors = [path / names.WEIGHTS, path / names.OPTIMIZER, *sorted((path / names.EPOCHS).iterdir())]
    found = {name: (path / name).read_bytes() for name in (names.LOOKS, names.FRAMES)}
    for file in tensors:
        # Not the files' own bytes: the order of what stands beside the tensors is chance.
        for name, values in load_file(file).items():
            found[f"{file.relative_to(path)}: {name}"] = values.tobytes()
    # How long it took.
    found.pop(f"{names.OPTIMIZER}: seconds")
    return found


def trial(root: Path, number: int, seed: int, seconds: float, whole: dict[str, bytes]) -> dict[str, object]:
    """Kills a run some times, looks at it after each kill, and lets it come to its end."""
    chance = random.Random(f"{seed} {number}")
    path = store.create_run(CONFIG, f"trial {number}", root)
    at = []
    for _ in range(chance.randint(1, MOST_KILLS)):
        pid = begin(path)
        time.sleep(chance.uniform(0, seconds))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        progress = store.read_progress(path)
        at.append([progress.epoch, progress.step])
        # A run that was killed is a run: it is listed, and what there is of it loads.
        info = store.read_info(path)
        if info.has_weights:
            store.load_run(path)
        if info.result is not None:
            break
    if store.read_info(path).result is None:
        os.waitpid(begin(path), 0)
    store.list_runs(root)
    left = sorted(str(file.relative_to(path)) for file in path.rglob(".*"))
    finished = store.read_info(path).result is not None
    same = finished and content(path) == whole
    return {"trial": number, "killed_at": at, "finished": finished, "same": same, "left": left}


def main(root: Path, trials: int, seed: int) -> None:
    data.load(CONFIG.data.name)
    reference = store.create_run(CONFIG, "never killed", root)
    started = time.monotonic()
    os.waitpid(begin(reference), 0)
    seconds, whole = time.monotonic() - started, content(reference)
    for number in range(trials):
        print(json.dumps(trial(root, number, seed, seconds, whole)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
