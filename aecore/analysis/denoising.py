"""How well a network takes noise away, beside what is had without it. Images are float in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.analysis.metrics import squared_errors
from aecore.batch import Noise
from aecore.config import TrainConfig
from aecore.corruption import EVALUATION, corrupt
from aecore.data import ImageData, unit_range
from aecore.results import Score
from aecore.store.run import BATCH, Run


def corrupted(images: Tensor, config: TrainConfig, first: int = 0) -> Tensor:
    """Images N x C x H x W, uint8 or in [0, 1], corrupted as `config` says; float, may leave [0, 1].

    The same at each call, for all runs: the noise depends on the images' numbers, which count from `first`.
    """
    numbers = torch.arange(first, first + len(images))
    return corrupt(unit_range(images), config, Noise(0, EVALUATION, numbers))


def evaluate(run: Run, data: ImageData) -> Score | None:
    """How good the reconstructions of corrupted test images are; None for a run that saw no corruption."""
    if run.config.train.corruption == "none":
        return None
    total, images = 0.0, data.test_images
    for start in range(0, len(images), BATCH):
        clean = unit_range(images[start : start + BATCH])
        seen = corrupted(clean, run.config.train, first=start)
        total += squared_errors(clean, run.reconstruct(seen)).double().sum().item()
    error = total / len(images)
    return Score(error, error / data.pixels)
