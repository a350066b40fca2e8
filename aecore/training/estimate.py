"""How long an epoch will take, before anything is trained.

A few real steps are timed on random images, with the threads the job will have: per-layer overheads,
which decide for small networks, are then in the figure. A network too large to be tried in passing is
estimated from its arithmetic instead, at the speed of a matrix product measured once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import torch
from torch import nn

from aecore import models
from aecore.config import Config
from aecore.data import ImageData
from aecore.training.images import batch_slices, resolve_device
from aecore.training.loop import Position
from aecore.training.single import Training

BUDGET = 0.25
"""Seconds of trying."""

WARM_UP = 2
"""Steps that are not counted: the first ones allocate."""

CONV_BATCH = 32
"""Images at which a convolutional step is tried; its time grows in proportion to them."""

LARGEST_STEP = 1e10
"""Floating-point operations of a step up to which it is tried; above, it is estimated."""

LARGEST_MODEL = 5_000_000
"""Weights up to which a model is built to be tried."""


def epoch_seconds(config: Config, shape: tuple[int, int, int], images: int, threads: int = 1) -> float:
    """Seconds of one epoch over `images` training images of `shape` (C, H, W), validation included.

    `threads` are the CPU threads of the job. Answers at once for settings that do not change the time.
    Raises ValueError where the device is not on this machine or the network can't take such images.
    """
    train = max(1, images - round(images * config.data.validation_fraction))
    plain = config.with_values(
        {
            "data.split_seed": 0,
            "data.validation_fraction": 0.0,
            "train.seed": 0,
            "train.epochs": 1_000,
            "train.learning_rate": 1e-6,
            # Looks are rare but at the start, which is what is timed.
            "train.record": False,
            "train.batch_size": min(config.train.batch_size, train),
        }
    )
    steps = len(batch_slices(train, plain.train.batch_size))
    # The validation images only go forward, a third of a step's work.
    validation = (images - train) / plain.train.batch_size / 3
    return (steps + validation) * _step_seconds(plain, shape, threads)


def forward_operations(config: Config, shape: tuple[int, int, int]) -> int:
    """Floating-point operations (two a multiply-add) of one image through the network, by shapes alone."""
    model = models.outline(config.model, shape)
    # PyTorch's own counter would run the outline, for which it imports its compiler and a computer algebra
    # system: seconds, and 160 MB in the server of the pages.
    total, size = 0, list(shape[1:])
    for module in (*model.encoder, *model.decoder, *([model.log_variance] if model.log_variance else [])):
        if isinstance(module, nn.Unflatten):
            _, *size = module.unflattened_size
        if not isinstance(module, models.WEIGHTED):
            continue
        before, size = size, _size_after(module, size)
        places = {nn.Linear: 1, nn.Conv2d: math.prod(size), nn.ConvTranspose2d: math.prod(before)}
        total += 2 * module.weight.numel() * places[type(module)]
    return total


def _size_after(layer: nn.Module, size: Sequence[int]) -> list[int]:
    """Height and width of the map that a layer makes of one of that size; the same for a dense layer."""
    found = []
    for axis, n in enumerate(size):
        if isinstance(layer, nn.Conv2d):
            n = (n + 2 * int(layer.padding[axis]) - layer.kernel_size[axis]) // layer.stride[axis] + 1
        elif isinstance(layer, nn.ConvTranspose2d):
            n = (n - 1) * layer.stride[axis] - 2 * int(layer.padding[axis]) + layer.kernel_size[axis]
            n += layer.output_padding[axis]
        found.append(n)
    return found


@lru_cache(maxsize=256)
def _step_seconds(config: Config, shape: tuple[int, int, int], threads: int) -> float:
    # Backward is two passes' work beside the forward one.
    work = 3 * forward_operations(config, shape) * config.train.batch_size
    device = resolve_device(config.train.device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        if work > LARGEST_STEP or models.parameter_count(config.model, shape) > LARGEST_MODEL:
            return work / _speed(device)
        size = config.train.batch_size
        tried = min(size, CONV_BATCH) if config.model.family == "conv" else size
        return _tried(config.with_values({"train.batch_size": tried}), shape) * size / tried
    finally:
        torch.set_num_threads(before)


def _tried(config: Config, shape: tuple[int, int, int]) -> float:
    """Least seconds between two steps, since load from elsewhere only ever makes one longer."""
    size = config.train.batch_size
    images = torch.randint(0, 256, (max(2 * size, 4), *shape), dtype=torch.uint8)
    labels = torch.zeros(len(images), dtype=torch.int64)
    data = ImageData("random", images, labels, images[:1], labels[:1], ("any",))
    times: list[float] = []

    def on_step(position: Position) -> bool:
        if training.device.type == "cuda":
            torch.cuda.synchronize()
        # The CPU's own time: what other programs do meanwhile is no part of it.
        times.append(time.thread_time() if training.device.type == "cpu" else time.perf_counter())
        return len(times) > WARM_UP and (times[-1] - times[0] > BUDGET or len(times) > 200)

    training = Training(config, data, on_step)
    for _ in training:
        pass
    return min(b - a for a, b in pairwise(times[WARM_UP - 1 :]))


@lru_cache(maxsize=4)
def _speed(device: torch.device) -> float:
    """Floating-point operations a second in a matrix product of middling size."""
    n = 512
    a = torch.rand(n, n, device=device)
    best = math.inf
    for _ in range(5):
        started = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - started)
    return 2 * n**3 / best
