"""True and false alarms of the health checks: runs made faulty in a known way, and healthy ones.

The limits of the rules were set on the `tuning` runs, so what they find there says that they can be met. The
`fresh` runs (`_alarm_runs.py`) say how often they hold for others: a hundred runs, ten of each of ten faults,
in other widths, seeds and data sets and of other sizes, and 28 healthy ones of all families. A fault is found
if its own check is an alarm; a healthy run with any alarm is convicted. Runs on MNIST are left out where it
is not there. `--quick` takes one run of each fault and four healthy ones, all fresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from aecore.analysis import health
from aecore.data import DATASETS, ImageData, load
from aecore.looks import LayerHistory
from aecore.training.single import Training
from benchmarks._alarm_runs import FRESH, TUNING, Case

SETS = {"tuning": TUNING, "fresh": FRESH}


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each fault and one for the healthy runs of each set."""
    torch.set_num_threads(1)
    rows = []
    for name in ("fresh",) if quick else SETS:
        for kind, cases in SETS[name].items():
            there = [case for case in cases if DATASETS[case.config.data.name].is_ready()]
            step = max(1, len(there) // (4 if kind == "healthy" else 1)) if quick else 1
            rows.append({"set": name, **_row(kind, there[::step])})
    return rows


def course_of(case: Case) -> health.Course:
    """The run's training, without a folder."""
    data = _data(case.config.data.name, case.images)
    training, records, looks = Training(case.config, data), [], []
    for (record,) in training.epochs():
        looks += training.take_looks()
        if record is not None:
            records.append(record)
    looks += training.take_looks()
    rows = np.concatenate([part for part in looks if len(part)])
    failed = int(training.failed[0]) or None
    figures = _baselines(case.config.data.name, case.images, case.config.model.latent_size)
    return health.Course(case.config, records, LayerHistory(training.layers, rows), figures, failed)


def _row(kind: str, cases: Sequence[Case]) -> dict[str, Any]:
    found = {case.seed: health.alarms(course_of(case)) for case in cases}
    right = [seed for seed, alarms in found.items() if (kind in alarms if kind != "healthy" else not alarms)]
    others = [name for alarms in found.values() for name in alarms if name != kind]
    return {
        "runs": kind,
        "number": len(cases),
        "judged right": len(right),
        "misjudged": ", ".join(f"seed {seed}" for seed in found if seed not in right) or "none",
        "other alarms": "; ".join(f"{n} {others.count(n)}" for n in dict.fromkeys(others)) or "none",
    }


@cache
def _data(name: str, images: int) -> ImageData:
    """A data set with at most so many training images, evenly spread over it."""
    data = load(name)
    index = torch.arange(images) * len(data.train_images) // images
    if len(index) >= len(data.train_images):
        return data
    factors = data.train_factors
    return replace(
        data,
        train_images=data.train_images[index],
        train_labels=data.train_labels[index],
        train_factors=None if factors is None else factors[index],
    )


@cache
def _baselines(name: str, images: int, latent_size: int) -> health.Baselines:
    return health.baselines(_data(name, images), latent_size)
