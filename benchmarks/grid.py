"""Training a grid: stacks beside members alone and beside a DataLoader loop for each.

Sixteen members of the post's network that differ in their seed, trained on MNIST in each of the ways there
are. "seconds an epoch" is the wall-clock time of training all of them, divided by members and epochs and
scaled to 60,000 images; "times as fast" is to the usual loop with a DataLoader on all threads, which trains
one member at a time; "models a minute" are models of the preset's own number of epochs. The ways take
turns, so that a busy machine slows all alike. "squared error" is the mean over members of the error on the
test images after the last epoch; alone and stacked see the same seeds, so that the two can be compared.
Further rows do the same for digits and for the convolutional network. Where there is a GPU, 64 members are
trained on it as one stack.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any

import numpy as np
import torch

from aecore import cores, losses, models
from aecore.config import Config
from aecore.data import ImageData, load
from aecore.data import scaling as data_scaling
from aecore.presets import PRESETS
from aecore.training.grids import open_training
from benchmarks.training import EPOCH, data_loader_epoch

Weights = dict[str, np.ndarray]

MEMBERS = 16
GPU_MEMBERS, GPU_EPOCHS = 64, 10


def run(quick: bool) -> list[dict[str, Any]]:
    """Rows of every way, for the post's network, for digits and for the convolutional network."""
    processes = cores.available()
    images, epochs, turns = (3_840, 1, 1) if quick else (EPOCH, 5, 3)
    # Fresh processes, one thread each: what a grid's stacks get. The clock starts when all are up.
    context = multiprocessing.get_context("spawn")
    ready = (context.Barrier(processes),)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_make_ready, initargs=ready) as pool:
        list(pool.map(abs, range(processes)))
        rows = _post(pool, processes, images, epochs, turns)
        rows += _others(pool, "digits, post", PRESETS["post"], "digits", 1_797, 2 if quick else 20)
        rows += _others(pool, "mnist, conv", PRESETS["conv"], "mnist", 768 if quick else 6_400, 1)
    return rows + (_gpu() if torch.cuda.is_available() else [])


def _post(
    pool: ProcessPoolExecutor, processes: int, images: int, epochs: int, turns: int
) -> list[dict[str, Any]]:
    configs = _members(PRESETS["post"], "mnist", epochs)
    loader = data_loader_epoch(images)
    half = -(-MEMBERS // processes)
    ways: dict[str, Callable[[], tuple[float, list[float]]]] = {
        f"DataLoader, {processes} threads": lambda: (loader() * MEMBERS * epochs, []),
        f"alone, {processes} threads": lambda: _here(configs[:1], images, MEMBERS),
        f"alone, {processes} processes": lambda: _side_by_side(pool, configs, 1, images),
        f"stacks of 4, {processes} processes": lambda: _side_by_side(pool, configs, 4, images),
        f"stacks of {half}, {processes} processes": lambda: _side_by_side(pool, configs, half, images),
        f"stack of {MEMBERS}, {processes} threads": lambda: _here(configs, images, 1),
    }
    return _rows("mnist, post", ways, MEMBERS * epochs * images / EPOCH, turns, PRESETS["post"].train.epochs)


def _others(
    pool: ProcessPoolExecutor, title: str, preset: Config, data: str, images: int, epochs: int
) -> list[dict[str, Any]]:
    """Alone and in stacks of eight, for a network or data set where another answer is to be expected."""
    configs = _members(preset, data, epochs)
    ways = {
        "alone, in processes": lambda: _side_by_side(pool, configs, 1, images),
        "stacks of 8, in processes": lambda: _side_by_side(pool, configs, 8, images),
    }
    scale = 1.0 if data == "digits" else images / EPOCH
    return _rows(title, ways, MEMBERS * epochs * scale, 1, preset.train.epochs)


def _rows(
    title: str,
    ways: dict[str, Callable[[], tuple[float, list[float]]]],
    epochs: float,
    turns: int,
    of_a_model: int,
) -> list[dict[str, Any]]:
    """A row a way. `epochs`: those of all members, of full size, in a way's seconds; `of_a_model`: of one."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    errors: dict[str, list[float]] = {}
    for _ in range(turns):
        for way, train in ways.items():
            spent, found = train()
            seconds[way].append(spent / epochs)
            errors[way] = found
    first = median(next(iter(seconds.values())))
    return [
        {
            "what": title,
            "way": way,
            "seconds an epoch": median(values),
            "fastest": min(values),
            "models a minute": 60 / (median(values) * of_a_model),
            "times as fast": first / median(values),
            "squared error": sum(errors[way]) / len(errors[way]) if errors[way] else "",
        }
        for way, values in seconds.items()
    ]


def _members(preset: Config, data: str, epochs: int) -> list[Config]:
    values = {"data.name": data, "data.validation_fraction": 0.0, "train.device": "cpu"}
    base = preset.with_values(values | {"train.epochs": epochs})
    return [base.with_values({"train.seed": seed}) for seed in range(MEMBERS)]


def _side_by_side(
    pool: ProcessPoolExecutor, configs: Sequence[Config], size: int, images: int
) -> tuple[float, list[float]]:
    """Seconds of training all members in stacks of `size`, and their errors."""
    stacks = [configs[i : i + size] for i in range(0, len(configs), size)]
    started = time.perf_counter()
    found = list(pool.map(_train, stacks, [images] * len(stacks)))
    spent = time.perf_counter() - started
    return spent, _errors(configs, [weights for stack in found for weights in stack])


def _here(configs: Sequence[Config], images: int, times: int) -> tuple[float, list[float]]:
    """Seconds of training in this process with all its threads, scaled to `times` as many members."""
    _load(configs[0].data.name)
    started = time.perf_counter()
    weights = _train(configs, images)
    spent = time.perf_counter() - started
    # One member's error is no mean over seeds.
    return spent * times, _errors(configs, weights) if times == 1 else []


def _make_ready(barrier: Barrier) -> None:
    torch.set_num_threads(1)
    for name in ("mnist", "digits"):
        _load(name)
    barrier.wait()


@cache
def _load(name: str) -> ImageData:
    return load(name)


def _train(configs: Sequence[Config], images: int) -> list[Weights]:
    """Trains a stack on the first `images` images; returns each member's weights.

    As numpy arrays, which cross from one process to another by value.
    """
    data = _load(configs[0].data.name)
    part = replace(data, train_images=data.train_images[:images], train_labels=data.train_labels[:images])
    training = open_training(configs, part)
    for _ in training.epochs():
        pass
    members = [training.member(i) for i in range(len(configs))]
    return [{name: t.numpy() for name, t in member.items()} for member in members]


@torch.no_grad()
def _errors(configs: Sequence[Config], weights: Sequence[Weights]) -> list[float]:
    """Squared error of each member on the test images."""
    data, errors = _load(configs[0].data.name), []
    scaling = data_scaling(configs[0].data.normalization, data)
    x = scaling.normalize(data.test_images)
    for config, arrays in zip(configs, weights, strict=True):
        model = models.build(config.model, data.shape).eval()
        model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        errors.append(losses.squared_error(model(x).reconstruction, x, float(scaling.std[0])).item())
    return errors


def _gpu() -> list[dict[str, Any]]:
    """64 members on the GPU as one stack, beside 64 times one member alone by either loop."""
    base = PRESETS["post"].with_values({"data.validation_fraction": 0.0, "train.device": "cuda"})
    configs = [base.with_values({"train.seed": s, "train.epochs": GPU_EPOCHS}) for s in range(GPU_MEMBERS)]
    loader = data_loader_epoch(EPOCH, "cuda")
    ways = {
        "DataLoader": lambda: (loader() * GPU_MEMBERS * GPU_EPOCHS, []),
        "alone": lambda: _here(configs[:1], EPOCH, GPU_MEMBERS),
        f"stack of {GPU_MEMBERS}": lambda: _here(configs, EPOCH, 1),
    }
    return _rows(
        f"mnist, post on {torch.cuda.get_device_name()}", ways, GPU_MEMBERS * GPU_EPOCHS, 1, GPU_EPOCHS
    )
