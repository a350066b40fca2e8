"""Time to quality: seconds until a lone training on MNIST reaches a given squared error of validation images.

Each training is a process of its own, with all of the machine's threads. "from start" counts from the start
of that process, imports and the reading of the images included; "from first step" from where the first step
begins. Both hold the validation after each epoch, without which nobody would know. Ours is the network of a
preset with the settings in `recipe`, all of them the Train page's own and none of them notes of layers
(`train.record`); where bfloat16 makes this machine's steps shorter, which is measured before, it is used.
Beside it stand the same network in a plain loop with `torch.optim.Adam` at 1e-3 and batches of 128 from a
DataLoader over tensors, and in PyTorch Lightning on the same tensors. These may take `PATIENCE` times as
long as our slowest on that network, and at least two minutes; what is not reached by then says so. A way that
reached nothing with the first seed is not tried with another. Ways take turns, seed by seed.

`--quick`: the post's network and one seed. `--keep FILE` adds each finished training to a file and makes none
again that stands there; `--minutes N` starts none after that many, so that a long run can be made in parts.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from aecore.config import Config
from aecore.presets import PRESETS
from benchmarks._machine import kind, spread

SEEDS = (0, 1, 2)
PATIENCE = 3
AT_LEAST = 120.0
"""Seconds that the other ways have in any case: a training of theirs takes that long on a small network."""

HERE = {"train.device": "cpu", "train.record": False}
"""Settings of all trainings."""

PUBLISHED = {
    "train.schedule": "constant",
    "train.learning_rate": 1e-3,
    "train.batch_size": 128,
    "train.shift": 0.0,
}
"""Settings of the other ways."""


@dataclass(frozen=True)
class Target:
    """A squared error, and the settings that reach it quickest of those tried (`benchmarks/NOTES.md`)."""

    preset: str
    error: float
    recipe: Mapping[str, Any] = field(default_factory=dict)


TARGETS = (
    Target(
        "post",
        13.0,
        {
            "train.optimizer": "muon",
            "train.schedule": "one_cycle",
            "train.learning_rate": 2e-2,
            "train.epochs": 2,
        },
    ),
    Target("hinton", 3.00, {"train.learning_rate": 4e-3, "train.epochs": 18}),
    Target("hinton", 2.40, {"train.epochs": 64}),
    Target("conv", 2.60, {"train.learning_rate": 8e-3, "train.epochs": 18}),
    Target("conv", 2.20, {"train.epochs": 42}),
)


@dataclass(frozen=True)
class Reached:
    """When a training was first as good as it should be."""

    from_start: float
    from_first_step: float
    cpu: float
    epochs: int


@dataclass(frozen=True)
class Trial:
    """What a training's process told: seconds since its start at each line, and what it was allowed."""

    lines: Sequence[Mapping[str, Any]]
    limit: float

    def reached(self, error: float) -> Reached | None:
        """The first epoch at whose end the validation error was at most that; None where none was."""
        for epoch, line in enumerate(self.lines):
            if epoch and line["error"] <= error:
                return Reached(line["at"], line["at"] - self.lines[0]["at"], line["cpu"], epoch)
        return None

    @property
    def best(self) -> float:
        """Least validation error; infinite where no epoch was finished."""
        return min((line["error"] for line in self.lines[1:]), default=float("inf"))


def run(quick: bool = False, keep: Path | None = None, minutes: float | None = None) -> list[dict[str, Any]]:
    """A row for each target and way; RuntimeError where a training fails."""
    trials = Trials(keep, minutes)
    targets = TARGETS[:1] if quick else TARGETS
    others = ["plain loop", *(["Lightning"] if importlib.util.find_spec("lightning") else [])]
    if "Lightning" not in others:
        print("without PyTorch Lightning, which is not installed", file=sys.stderr)
    found: dict[tuple[str, float, str], list[Trial]] = {}
    for seed in SEEDS[: 1 if quick else None]:
        for preset in dict.fromkeys(target.preset for target in targets):
            mine = [target for target in targets if target.preset == preset]
            limit = AT_LEAST
            for target in mine:
                config = _config(target, seed)
                # Its own end is that of its epochs.
                trial = trials.make("aecore", config, target.error, None)
                if trial is not None:
                    found.setdefault((preset, target.error, "aecore"), []).append(trial)
                    limit = max(limit, PATIENCE * trial.lines[-1]["at"])
            hardest = min(target.error for target in mine)
            for way in others:
                before = found.get((preset, hardest, way), [])
                if before and all(t.best > max(target.error for target in mine) for t in before):
                    continue
                config = _published(preset, seed)
                trial = trials.make(way, config, hardest, limit)
                if trial is not None:
                    # One training tells of all errors on its way.
                    for target in mine:
                        found.setdefault((preset, target.error, way), []).append(trial)
    return [
        _row(target, way, found[key], found.get((target.preset, target.error, "aecore"), []))
        for target in targets
        for way in ("aecore", *others)
        if (key := (target.preset, target.error, way)) in found
    ]


class Trials:
    """Trainings in processes, and those of them that a file keeps."""

    def __init__(self, keep: Path | None, minutes: float | None) -> None:
        self.keep = keep
        self.until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
        self.kept: dict[str, Trial] = {}
        if keep is not None and keep.exists():
            for line in keep.read_text(encoding="utf-8").splitlines():
                values = json.loads(line)
                self.kept[values["key"]] = Trial(values["lines"], values["limit"])

    def make(self, way: str, config: Config, until: float, limit: float | None) -> Trial | None:
        """The training, made now or before; None where there is no time for another."""
        key = json.dumps([kind(), way, config.to_dict(), until], sort_keys=True)
        name = f"{way}, {config.model.family} {config.model.latent_size}, seed {config.train.seed}"
        if key in self.kept:
            print(f"{name} to {until:g}: made before", file=sys.stderr)
            return self.kept[key]
        if time.monotonic() > self.until:
            print(f"{name} to {until:g}: no time left", file=sys.stderr)
            return None
        allowed = "" if limit is None else f", at most {limit:.0f} s"
        print(f"{name} to {until:g}{allowed}", file=sys.stderr)
        trial = _train(way, config, until, limit)
        if self.keep is not None:
            values = {"key": key, "lines": trial.lines, "limit": trial.limit}
            with self.keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(values) + "\n")
        return trial


def _train(way: str, config: Config, until: float, limit: float | None) -> Trial:
    given = json.dumps({"way": way, "config": config.to_dict(), "until": until})
    command = [sys.executable, "-m", "benchmarks._trial", given]
    started = time.time()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=limit, check=True)
        told = done.stdout
    except subprocess.TimeoutExpired as expired:
        told = expired.stdout or b""
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"the training of {way} ended with code {error.returncode}") from error
    lines = [json.loads(line) for line in told.decode().splitlines() if line.endswith("}")]
    lines = [line | {"at": line["at"] - started} for line in lines]
    return Trial(lines, limit or (lines[-1]["at"] if lines else 0.0))


def _config(target: Target, seed: int) -> Config:
    config = PRESETS[target.preset].with_values({**HERE, "train.seed": seed, **target.recipe})
    return config.with_values({"train.precision": faster_precision(target.preset)})


def _published(preset: str, seed: int) -> Config:
    return PRESETS[preset].with_values({**HERE, "train.seed": seed, **PUBLISHED})


_precisions: dict[str, str] = {}


def faster_precision(preset: str) -> str:
    """The arithmetic with the shorter steps on this machine: bfloat16 where that saves a tenth."""
    if preset not in _precisions:
        seconds: dict[str, list[float]] = {"float32": [], "bfloat16": []}
        for _ in range(2):
            for precision, values in seconds.items():
                values.append(_step_seconds(PRESETS[preset].with_values({"train.precision": precision})))
        gain = min(seconds["float32"]) / min(seconds["bfloat16"])
        _precisions[preset] = "bfloat16" if gain > 1.1 else "float32"
        print(f"{preset}: a step in bfloat16 is {gain:.2f} times as fast", file=sys.stderr)
    return _precisions[preset]


def _step_seconds(config: Config) -> float:
    """Median processor time of a step, of two dozen; the first ones, which allocate, are not counted."""
    from aecore.data import load
    from aecore.training.loop import Position
    from aecore.training.single import Training

    times: list[float] = []

    def on_step(_: Position) -> bool:
        times.append(time.process_time())
        return len(times) > 24

    for _ in Training(config.with_values(HERE), load("mnist"), on_step):
        pass
    return median(b - a for a, b in pairwise(times[2:]))


def _row(target: Target, way: str, trials: Sequence[Trial], ours: Sequence[Trial]) -> dict[str, Any]:
    found = [reached for trial in trials if (reached := trial.reached(target.error)) is not None]
    whole = len(found) == len(trials)
    first = [reached for trial in ours if (reached := trial.reached(target.error)) is not None]
    row: dict[str, Any] = {"network": target.preset, "squared error": target.error, "way": way}
    row["reached"] = f"{len(found)} of {len(trials)}"
    if not whole:
        row["reached"] += f" in {median(trial.limit for trial in trials):.0f} s"
    for name in ("from_start", "from_first_step", "cpu"):
        values = [getattr(reached, name) for reached in found]
        title = "CPU s" if name == "cpu" else f"{name.replace('_', ' ')} s"
        row[title] = median(values) if whole and values else ""
        if name != "cpu":
            row[f"{name.replace('_', ' ')}, range"] = spread(values) if whole else ""
    row["epochs"] = f"{median(reached.epochs for reached in found):g}" if whole and found else ""
    row["best error"] = median(trial.best for trial in trials)
    times = ""
    if first and whole and found:
        times = f"{median(r.from_start for r in found) / median(r.from_start for r in first):.2f}"
    elif first:
        times = f"> {median(t.limit for t in trials) / median(r.from_start for r in first):.1f}"
    row["times ours"] = times
    row["recipe"] = _recipe(target) if way == "aecore" else "Adam 0.001, batches of 128"
    return row


def _recipe(target: Target) -> str:
    config = _config(target, 0).train
    parts = [
        f"{config.optimizer}, {config.schedule.replace('_', '-')} to {config.learning_rate:g}",
        f"batches of {config.batch_size}",
        f"{config.epochs} epochs",
        *([f"shift {config.shift:g}"] if config.shift else []),
        config.precision,
    ]
    return ", ".join(parts)
