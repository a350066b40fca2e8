"""Trains runs and grids, does them harm at seeded moments, and says what became of them.

python -m tests.trust.kills ROOT TRIALS SEED SECONDS    one JSON object a trial, at most so long

The processes are copies of this one, which has imported all that a training needs: a trial takes a second.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from safetensors.numpy import load_file

from aecore import data, files, jobs, store
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.jobs import grid_worker, process, recording, steering, worker  # noqa: F401  before copies are made
from aecore.store import names
from tests.engines import InProcess
from tests.samples import tiny_config

RECORDED = {
    "train__batch_size": 64,
    "train__epochs": 6,
    "train__schedule": "cosine",
    "train__keep_weights": "powers_of_two",
}
LONE = tiny_config(model__hidden=(64, 32), **RECORDED)
VARIATIONAL = {
    "model.variational": True,
    "data.normalization": "zero_one",
    "model.output_activation": "sigmoid",
    "loss.reconstruction": "bce",
    "train.binarize": True,
}
MEMBERS = tiny_config(**(RECORDED | {"train__epochs": 4}))
KINDS = {
    "lone": LONE,
    "bfloat16": LONE.with_values({"train.precision": "bfloat16"}),
    "variational": LONE.with_values(VARIATIONAL),
    "stack": Grid(MEMBERS, {"model.latent_size": [2, 3], "train.seed": [0, 1]}),
    "grid": Grid(MEMBERS, {"model.hidden": [(8,), (8, 6)], "model.latent_size": [2, 3]}),
}
"""What is trained: three runs alone, a stack of four, and a grid of two stacks."""
STACKS = {"stack": [[0, 1, 2, 3]], "grid": [[0, 1], [2, 3]]}
MOST = 3
"""Faults of one run."""


def create(kind: str, name: str, root: Path) -> Path:
    trained = KINDS[kind]
    if not isinstance(trained, Grid):
        return store.create_run(trained, name, root)
    path = store.create_grid(trained, name, root)
    # Otherwise they would depend on the machine's cores.
    store.write_stacks(path, STACKS[kind])
    return path


def begin(path: Path, harm: Callable[[], object] = lambda: None) -> int:
    """Starts to train what lies in a folder, from where it is; returns the pid."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        # Nobody waits a second for the device of a process that was killed.
        process.QUEUE_PAUSE = 0.02
        # Where a training is, is known to within a few steps.
        process.HEARTBEAT = 0.01
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for the rest of this process
        harm()
        if store.is_grid(path):
            grid_worker.work(path, 1, engine=InProcess())
        else:
            worker.work(path, threads=1)
        code = 0
    finally:
        os._exit(code)


def end(pid: int) -> int:
    """Waits for a process; returns its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def is_alive(pid: int) -> bool:
    """Whether a process has not ended; one that has keeps its code for `end`."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def parts(path: Path) -> list[Path]:
    """The folders whose files a training writes."""
    if not store.is_grid(path):
        return [path]
    return [*(path / str(k) for k in range(4)), *sorted((path / names.STACKS).iterdir())]


def content(path: Path) -> dict[str, bytes]:
    """What a training came to, as bytes: tensors, those of single epochs too, figures, looks at layers."""
    found = {}
    for part in parts(path):
        for name in (names.LOOKS, names.FRAMES):
            if (part / name).exists():
                found[str((part / name).relative_to(path))] = (part / name).read_bytes()
        figures = [[record.train, record.validation] for record in store.read_history(part)]
        # By name: in which order sums come back from a state is chance.
        found[f"{part.relative_to(path)} figures"] = json.dumps(figures, sort_keys=True).encode()
        kept = (part / names.EPOCHS).iterdir() if (part / names.EPOCHS).exists() else ()
        for file in (part / names.WEIGHTS, part / names.OPTIMIZER, *sorted(kept)):
            # Not the files' own bytes: the order of what stands beside the tensors is chance.
            for name, values in load_file(file).items() if file.exists() else ():
                # How long it took.
                if name != "seconds":
                    found[f"{file.relative_to(path)}: {name}"] = values.tobytes()
    return found


def position(path: Path) -> list[float]:
    """How far what lies in a folder has come: epochs and steps, of all that trains together."""
    told = [store.read_progress(part) for part in parts(path)]
    return [sum(progress.epoch for progress in told), sum(progress.step for progress in told)]


def read(path: Path) -> jobs.control.Job:
    """What is known of it, and whether its weights load: a run that was harmed is a run."""
    info = jobs.control.read(path)
    for run in [path] if not store.is_grid(path) else [path / str(k) for k in range(4)]:
        if store.read_info(run).has_weights:
            store.load_run(run)
    return info


def kill(path: Path, chance: random.Random, seconds: float) -> None:
    _after_a_while(path, chance, seconds, signal.SIGKILL)


def ask_to_stop(path: Path, chance: random.Random, seconds: float) -> None:
    _after_a_while(path, chance, seconds, signal.SIGTERM)


def _after_a_while(path: Path, chance: random.Random, seconds: float, which: int) -> None:
    before, trains = position(path), chance.random() < 0.85
    pid = begin(path)
    # Of a busy machine half of the time would go by before the first step, where little can be lost.
    while trains and position(path) <= before and is_alive(pid):
        time.sleep(0.01)
    time.sleep(chance.uniform(0, seconds))
    os.kill(pid, which)
    code = end(pid)
    assert code in (0, -which), f"a process that was sent {which} ended with {code}"


NO_ROOM, NO_RIGHT = 28, 30  # ENOSPC, EROFS


def full(path: Path, chance: random.Random, seconds: float) -> None:
    _failing_disk(path, chance, NO_ROOM, "is full: free some space there")


def read_only(path: Path, chance: random.Random, seconds: float) -> None:
    _failing_disk(path, chance, NO_RIGHT, "is read-only: make it writable")


def _failing_disk(path: Path, chance: random.Random, code: int, says: str) -> None:
    """No file can be written from a drawn call on: before anything of it is, or when it all is."""
    at, before = chance.randint(1, 60), chance.random() < 0.5
    tell = files.telling_of_a_full_disk

    def harm() -> None:
        calls = 0

        @contextmanager
        def failing(where: Path) -> Iterator[None]:
            nonlocal calls
            calls += 1
            with tell(where):
                if calls > at and before:
                    raise OSError(code, os.strerror(code))
                yield
                if calls > at:
                    raise OSError(code, os.strerror(code))

        files.telling_of_a_full_disk = failing
        store.rows.telling_of_a_full_disk = failing

    pid = begin(path, harm)
    if end(pid) == 0:
        return  # it had come to its end before
    message = jobs.control.read(path).progress.message
    assert says in message, f"it is told as {message!r}"
    assert "\n" not in message


def clock_set_back(path: Path, chance: random.Random, seconds: float) -> None:
    """The clock jumps back by a day, and forth by an hour, while it trains."""
    jumps = [chance.randint(1, 40), chance.randint(41, 80)]
    now = time.time

    def harm() -> None:
        calls = 0

        def told() -> float:
            nonlocal calls
            calls += 1
            return now() - 86_400 * (calls > jumps[0]) + 3600 * (calls > jumps[1])

        time.time = told

    assert end(begin(path, harm)) == 0


def two_trainers(path: Path, chance: random.Random, seconds: float) -> None:
    """Two processes for one folder: one trains, the other is refused."""
    pids = [begin(path), begin(path)]
    codes = sorted(end(pid) for pid in pids)
    assert codes in ([0, 1], [0, 0]), f"they ended with {codes}"


def renamed(path: Path, chance: random.Random, seconds: float) -> None:
    """Another name while it trains."""
    pid = begin(path)
    time.sleep(chance.uniform(0, seconds))
    (store.rename_grid if store.is_grid(path) else store.rename_run)(path, "a new name")
    assert end(pid) == 0
    assert jobs.control.read(path).name == "a new name"


def edited(path: Path, chance: random.Random, seconds: float) -> None:
    """Its settings become nonsense while it trains, and are put right afterwards."""
    file = path / (names.GRID if store.is_grid(path) else names.CONFIG)
    before = file.read_bytes()
    pid = begin(path)
    time.sleep(chance.uniform(0, seconds))
    file.write_bytes(before[: chance.randrange(len(before))])
    end(pid)
    found = [*store.list_runs(path.parent), *store.list_grids(path.parent)]
    told = {info.path: info for info in found}[path]
    assert isinstance(told, store.Unreadable), "nonsense is read as settings"
    file.write_bytes(before)


FAULTS = {
    "kill -9": kill,
    "SIGTERM": ask_to_stop,
    "full disk": full,
    "read-only": read_only,
    "clock": clock_set_back,
    "two trainers": two_trainers,
    "renamed": renamed,
    "edited": edited,
}


def trial(
    root: Path, number: int, seed: int, times: dict[str, float], whole: dict[str, dict[str, bytes]]
) -> dict[str, object]:
    """Harms a training some times, looks at it after each, and lets it come to its end."""
    chance = random.Random(f"{seed} {number}")
    # Every kind meets every fault; two of three are kills, as they are in life.
    kind = list(KINDS)[number % len(KINDS)]
    others = list(FAULTS)[2:]
    turn = number // len(KINDS)
    fault = ("kill -9", "SIGTERM", others[(number + turn // 3) % len(others)])[
        turn % 3 if turn else number % 3
    ]
    path = create(kind, f"trial {number}", root)
    at, wrong = [], ""
    try:
        for _ in range(
            chance.randint(1, MOST) if FAULTS[fault] in (kill, ask_to_stop, full, read_only) else 1
        ):
            FAULTS[fault](path, chance, times[kind])
            at.append(position(path))
            info = read(path)
            assert not jobs.active(root), "a process is left that is listed as at work"
            assert not psutil.Process().children(), "a process is left"
            if info.result is not None:
                break
        if jobs.control.read(path).result is None:
            assert end(begin(path)) == 0, "it can't be resumed"
        store.list_runs(root), store.list_grids(root)
        # Links and the like are none of a training's.
        left = sorted(str(file.relative_to(path)) for file in path.rglob(".*"))
        assert not left, f"left behind: {left}"
        assert jobs.control.read(path).result is not None, "it has no result"
        found = content(path)
        other = sorted(
            name for name in whole[kind].keys() | found.keys() if whole[kind].get(name) != found.get(name)
        )
        assert not other, f"other bits than of one never harmed: {other[:3]}"
    except (AssertionError, StoreError, OSError, RuntimeError) as error:
        wrong = f"{type(error).__name__}: {error}"
    return {"trial": number, "kind": kind, "fault": fault, "at": at, "wrong": wrong}


def main(root: Path, trials: int, seed: int, limit: float) -> None:
    ends = time.monotonic() + limit
    data.load(LONE.data.name)
    times, whole = {}, {}
    for kind in list(KINDS)[:trials]:
        path = create(kind, "never harmed", root)
        started = time.monotonic()
        assert end(begin(path)) == 0
        times[kind], whole[kind] = time.monotonic() - started, content(path)
    for number in range(trials):
        if time.monotonic() > ends:
            break
        print(json.dumps(trial(root, number, seed, times, whole)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
