"""Which members of a grid may share a stack, and how they are cut into stacks on a device.

What may differ within a stack is declared at the config's fields (`config.stacking`); members that differ
in any other field train in different stacks, so that a new field is safe until it is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import psutil
import torch

from aecore import cores, models
from aecore.config import Config, field_paths, stacking
from aecore.grid import Grid
from aecore.training.images import resolve_device

ZERO_KEEPING = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "linear", "top_k"})
"""Activations with f(0) = 0: a unit padded with zero weights stays silent and gets no gradient."""

ALONE = frozenset({"soft_threshold"})
"""Code activations that can't be stacked: a BatchNorm keeps running figures beside the parameters."""

CPU_STACK = 16
"""Largest stack on a CPU, where only small models gain by it: in `python -m benchmarks grid` the post's
network trains 1.1 to 1.8 times as fast in stacks on digits, and 1.5 times as fast alone on MNIST."""

CPU_ALONE = 100_000
"""Weights from which on a CPU's time goes into arithmetic, which stacking does not make less."""

MEMORY_PART = 0.6
"""Part of a device's free memory that a stack may be planned to take."""


def stack_key(config: Config) -> tuple[Any, ...] | None:
    """Members with equal keys may share a stack; None for one that can't be stacked at all."""
    model = config.model
    if model.code_activation in ALONE:
        return None
    padding = {model.activation, model.code_activation} <= ZERO_KEEPING
    return tuple(_key_part(config.get(path), path, padding) for path in field_paths())


def _key_part(value: Any, path: str, padding: bool) -> Any:
    rule = stacking(path)
    if rule == "any":
        return None
    if rule == "padded" and padding:
        # Depth must agree, widths need not.
        return len(value) if isinstance(value, tuple) else None
    return value


def rate_key(config: Config) -> tuple[float, float]:
    """Members with equal keys share an optimizer within a stack."""
    return (config.train.learning_rate, config.train.weight_decay)


def plan(grid: Grid, largest: Callable[[Sequence[Config]], int]) -> list[list[int]]:
    """Stacks as lists of k; members of similar size come together.

    Of members that may share a stack, `largest` says how many it is to hold. Padding costs arithmetic, so a
    stack is filled in the order of the code's and the layers' sizes, and within a stack equal rates stand
    side by side. Where members may have to stop early each is a stack of its own.
    """
    if grid.halving:
        return [[k] for k in range(len(grid.members))]
    groups: dict[Any, list[int]] = {}
    for k, config in enumerate(grid.members):
        groups.setdefault(stack_key(config) or k, []).append(k)
    stacks = []
    for members in groups.values():
        members.sort(key=lambda k: _size(grid.members[k]))
        for chunk in _chunks(members, largest([grid.members[k] for k in members])):
            stacks.append(sorted(chunk, key=lambda k: (rate_key(grid.members[k]), k)))
    return stacks


def _chunks(members: Sequence[int], largest: int) -> Iterable[Sequence[int]]:
    """Equal parts, as few as allowed: nine in parts of at most eight are 5 and 4, not 8 and 1."""
    count = -(-len(members) // max(largest, 1))
    cuts = [len(members) * i // count for i in range(count + 1)]
    return [members[a:b] for a, b in pairwise(cuts)]


def _size(config: Config) -> tuple:
    return (config.model.hidden, config.model.channels, config.model.latent_size)


def plan_stacks(
    grid: Grid, shape: tuple[int, int, int], device: str | None = None, free: int | None = None
) -> list[list[int]]:
    """Stacks as lists of k, as large as pays on the device and fits into its memory.

    On a GPU one small model leaves the chip idle, so a stack is as large as memory allows. On a CPU
    stacking saves the overhead of many small operations; large layers and convolutions gain nothing by it
    and go alone, in processes side by side. `device` and its `free` bytes are this machine's unless stated.
    """
    kind = device or resolve_device(grid.base.train.device).type
    free = free_memory(kind) if free is None else free

    def largest(configs: Sequence[Config]) -> int:
        if kind != "cpu":
            return fitting(configs, shape, free)
        kinds = {config.model for config in configs}
        if any(m.family == "conv" or models.parameter_count(m, shape) > CPU_ALONE for m in kinds):
            return 1
        # As many stacks as there are cores train at once, each of them in its share of the memory.
        at_once = cores.available()
        return min(CPU_STACK, -(-len(configs) // at_once), fitting(configs, shape, free // at_once))

    return plan(grid, largest)


def fitting(configs: Sequence[Config], shape: tuple[int, int, int], free: int) -> int:
    """Members that fit into `free` bytes, by the largest member's need; at least one."""
    return max(1, int(free * MEMORY_PART / max(member_bytes(c, shape) for c in configs)))


@lru_cache(maxsize=4096)
def member_bytes(config: Config, shape: tuple[int, int, int]) -> int:
    """Memory that a member takes while it trains: weights, gradients, optimizer state and activations.

    Six values a weight (two of them copies: where the epoch began, and the state being saved), and for each
    image of a batch four of a layer's values (before and after the activation, each with its gradient).
    """
    weights = 6 * models.parameter_count(config.model, shape)
    activations = 4 * config.train.batch_size * sum(models.layer_sizes(config.model, shape))
    return (weights + activations) * (8 if config.train.precision == "float64" else 4)


def free_memory(kind: str) -> int:
    """Free bytes on a CUDA device; for a CPU, and for MPS, which shares it, of the machine."""
    if kind == "cuda":
        return torch.cuda.mem_get_info()[0]
    return psutil.virtual_memory().available
