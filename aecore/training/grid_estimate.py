"""What a grid will cost, before anything is trained: stacks, time and memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aecore.config import Config
from aecore.grid import Grid
from aecore.training.estimate import epoch_seconds
from aecore.training.images import resolve_device
from aecore.training.stacking import member_bytes, plan_stacks

STACKED = 0.8
"""Time of a member in a stack on a CPU, as a part of its time alone (`python -m benchmarks grid`)."""

TRIED = 4
"""Different members whose steps are timed; the others take their neighbours' time."""


@dataclass(frozen=True)
class GridEstimate:
    """What training a grid will take."""

    members: int
    stacks: int
    side_by_side: int
    """Stacks that train at the same time."""
    seconds: float
    bytes: int
    """Memory of the stacks that train at the same time."""


def estimate_grid(grid: Grid, shape: tuple[int, int, int], images: int, threads: int) -> GridEstimate:
    """Estimates a grid over `images` training images of `shape` (C, H, W) with `threads` processes on a CPU.

    On a CPU a member costs what the largest of its stack does, since the others are padded to it; on an
    accelerator a stack counts as one model, which it is as long as the chip is not full. ValueError
    where the device is not on this machine or a network can't take such images.
    """
    stacks = [[grid.members[k] for k in members] for members in plan_stacks(grid, shape)]
    on_cpu = resolve_device(grid.base.train.device).type == "cpu"
    largest = [max(stack, key=lambda config: member_bytes(config, shape)) for stack in stacks]
    times = _epochs(largest, shape, images)
    work = []
    for stack, seconds in zip(stacks, times, strict=True):
        members = len(stack) * (STACKED if len(stack) > 1 else 1.0) if on_cpu else 1.0
        work.append(members * seconds * stack[0].train.epochs)
    side_by_side = min(threads, len(stacks)) if on_cpu else 1
    total = max(max(work), sum(work) / side_by_side)
    memory = sorted((sum(member_bytes(config, shape) for config in stack) for stack in stacks), reverse=True)
    return GridEstimate(len(grid.members), len(stacks), side_by_side, total, sum(memory[:side_by_side]))


def _epochs(configs: list[Config], shape: tuple[int, int, int], images: int) -> list[float]:
    """Seconds of an epoch of each config; only `TRIED` of them, spread over the sizes, are timed."""
    different = sorted(set(configs), key=lambda config: member_bytes(config, shape))
    step = max(1, math.ceil(len(different) / TRIED))
    # With one thread: that is what a stack gets on a CPU.
    tried = {config: epoch_seconds(config, shape, images) for config in different[::step]}
    times = {config: tried[different[i - i % step]] for i, config in enumerate(different)}
    return [times[config] for config in configs]
