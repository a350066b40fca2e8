"""A step of training: its share of what the machine's arithmetic allows, and its most expensive operators.

For the post's network, the dense and the convolutional recipe, at batches of 128 and 1,024, in float32 and in
bfloat16: the time of a step of `Training` on MNIST, the operations of its matrix products and convolutions
per second, forward and backward (counted by `torch.utils.flop_counter`), and the share of the roofline,
which is the rate of one large matrix product in the same arithmetic, measured right before the steps it is
the measure of. Steps and products take turns, so that a busy machine slows both alike; each figure is a
median over turns of medians, with least and largest of the turns where it is a share. Below them are, for
each network at 128, the operators in which a step spends most of its time, by `torch.profiler`, "itself"
without the operators that it calls; the shares are of all operators' time.

`--quick`: two turns, batches of 128 and float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from aecore.batch import Noise
from aecore.config import Config
from aecore.data import ImageData, load
from aecore.presets import PRESETS
from aecore.training.loop import Position
from aecore.training.single import Training
from benchmarks._machine import product_rate, spread

NETWORKS = ("post", "hinton", "conv")
OPERATORS = 10
STEPS = {128: 40, 1024: 10}
"""Steps of a turn, by batch."""
WARM_UP = 4
"""Steps of a turn that are not counted: the first ones allocate."""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row for each network, batch and arithmetic, then one for each of the most expensive operators."""
    data = load("mnist")
    turns, batches = (2, (128,)) if quick else (5, (128, 1024))
    precisions = ("float32",) if quick else ("float32", "bfloat16")
    rows = [
        _share(name, config(name, batch, precision), data, turns)
        for name in NETWORKS
        for batch in batches
        for precision in precisions
    ]
    return rows + [row for name in NETWORKS for row in _operators(name, config(name, 128, "float32"), data)]


def config(name: str, batch: int, precision: str) -> Config:
    """A preset at that batch and arithmetic, without the looks at its layers, which are few but costly."""
    values = {"train.batch_size": batch, "train.precision": precision}
    return PRESETS[name].with_values({**values, "train.device": "cpu", "train.record": False})


def _share(name: str, config: Config, data: ImageData, turns: int) -> dict[str, Any]:
    operations = step_operations(config, data)
    steps, rates, shares = [], [], []
    for _ in range(turns):
        roof = product_rate(config.train.precision)
        seconds = median(step_seconds(config, data, STEPS[config.train.batch_size]))
        steps.append(1000 * seconds)
        rates.append(operations / seconds / 1e9)
        shares.append(operations / seconds / roof)
    return {
        "network": name,
        "batch": config.train.batch_size,
        "precision": config.train.precision,
        "operator": "a step",
        "ms": median(steps),
        "calls": 1,
        "GFLOP/s": median(rates),
        "share": median(shares),
        "range": spread(shares),
    }


def step_operations(config: Config, data: ImageData) -> int:
    """Floating-point operations of a step's products and convolutions, two a multiply-add."""
    training = Training(config, data)
    index = training.images.train_index[: config.train.batch_size]
    batch = training.images.batch(index, Noise(0, 0, 0))
    with FlopCounterMode(display=False) as counter:
        training.set_gradients(training.compute_terms(batch, 0.0)["loss"])
    return counter.get_total_flops()


def step_seconds(
    config: Config, data: ImageData, steps: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Seconds between one step and the next, of that many."""
    training, times = _prepared(config, data, steps, clock)
    for _ in training:
        pass
    return [b - a for a, b in pairwise(times[WARM_UP:])]


def _prepared(
    config: Config, data: ImageData, steps: int, clock: Callable[[], float]
) -> tuple[Training, list[float]]:
    """A training that ends after the warm-up, a step more and that many, and the times at their ends."""
    times: list[float] = []

    def on_step(_: Position) -> bool:
        times.append(clock())
        return len(times) > WARM_UP + steps

    return Training(config, data, on_step), times


def _operators(name: str, config: Config, data: ImageData) -> list[dict[str, Any]]:
    """The operators of most time by themselves, of a profile of some steps."""
    training, times = _prepared(config, data, STEPS[config.train.batch_size], time.perf_counter)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in training:
            pass
    steps = len(times)
    events = sorted(profiled.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return [
        {
            "network": name,
            "batch": config.train.batch_size,
            "precision": config.train.precision,
            "operator": event.key[:40],
            "ms": event.self_cpu_time_total / steps / 1000,
            "calls": event.count / steps,
            "GFLOP/s": "",
            "share": event.self_cpu_time_total / total,
            "range": "",
        }
        for event in events[:OPERATORS]
    ]
