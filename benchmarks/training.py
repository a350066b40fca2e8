"""Training the post's network on MNIST: our loop beside a DataLoader with transforms.

Both train the same network on the same images with Adam at batch 128. "DataLoader" is the usual loop:
`torchvision.datasets.MNIST` with ToTensor and Normalize, a shuffling DataLoader without worker processes,
zero_grad, backward, step. Ours takes no notes of its layers, whose price is `recording`'s. Repetitions
alternate after a first one that is not counted, so that a busy machine slows both alike; the seconds are
those of training alone, without validation or set-up, scaled to 60,000 images; the ratio is that of the
medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import MNIST

from aecore.data import ImageData, data_root, load
from aecore.models import build
from aecore.presets import PRESETS
from aecore.training.single import Training

EPOCH = 60_000
"""Images that the seconds refer to."""


def run(quick: bool) -> list[dict[str, Any]]:
    """Seconds an epoch, images per second and the ratio, for one thread and for all."""
    data = load("mnist")
    images, repetitions = (6_400, 3) if quick else (EPOCH, 5)
    cores = torch.get_num_threads()
    rows = []
    for threads in sorted({1, cores}):
        torch.set_num_threads(threads)
        rows += _compare(data, images, repetitions, threads)
    torch.set_num_threads(cores)
    return rows


def _compare(data: ImageData, images: int, repetitions: int, threads: int) -> list[dict[str, Any]]:
    loops: dict[str, Callable[[], float]] = {
        "DataLoader with transforms": data_loader_epoch(images),
        "aecore": _ours(data, images),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for epoch in loops.values():
        epoch()
    for _ in range(repetitions):
        for name, epoch in loops.items():
            seconds[name].append(epoch() * EPOCH / images)
    slow = median(seconds["DataLoader with transforms"])
    return [
        {
            "loop": name,
            "threads": threads,
            "seconds an epoch": median(values),
            "fastest": min(values),
            "images a second": EPOCH / median(values),
            "times as fast": slow / median(values),
        }
        for name, values in seconds.items()
    ]


def data_loader_epoch(images: int, device: str = "cpu") -> Callable[[], float]:
    """One epoch of the usual loop on a device, in seconds, when it is called."""
    steps = [transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
    dataset = MNIST(str(data_root()), train=True, download=False, transform=transforms.Compose(steps))
    chosen = dataset if images == EPOCH else Subset(dataset, range(images))
    loader = DataLoader(chosen, batch_size=128, shuffle=True)
    model = build(PRESETS["post"].model, (1, 28, 28), seed=0).to(device)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def epoch() -> float:
        started = time.perf_counter()
        for x, _ in loader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x).reconstruction, x)
            loss.backward()
            optimizer.step()
        return time.perf_counter() - started

    return epoch


def _ours(data: ImageData, images: int) -> Callable[[], float]:
    """One epoch of `Training`, in seconds; it has all images to train on, as the loop above."""
    part = replace(data, train_images=data.train_images[:images], train_labels=data.train_labels[:images])
    values = {
        "data.validation_fraction": 0.0,
        "train.epochs": 1000,
        "train.device": "cpu",
        "train.record": False,
    }
    records = iter(Training(PRESETS["post"].with_values(values), part))
    return lambda: next(records).seconds
