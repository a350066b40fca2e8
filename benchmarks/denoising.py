"""What training on noise adds: masking 0.5 on MNIST, 64 units, against three baselines.

The preset `denoising` (512-256-64) and the same network on clean images, from the same seed; the classical
filter is chosen on validation images and scored on 300 test images, everything else on all of them. PSNR in
decibels, pixels in [0, 1], nothing clipped. `--quick` trains one seed for one epoch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aecore.analysis import denoising
from aecore.analysis.denoising import psnr
from aecore.config import Config
from aecore.data import ImageData, load, unit_range
from aecore.presets import PRESETS
from aecore.training.single import Training

SEEDS, FILTERED, CHOSEN_ON = 3, 300, 48


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each seed, and their mean where there are several."""
    torch.set_num_threads(1)
    data = load("mnist")
    rows = [_row(seed, 1 if quick else 10, data) for seed in range(1 if quick else SEEDS)]
    if len(rows) > 1:
        rows.append({name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} | {"seed": "mean"})
    return rows


def _row(seed: int, epochs: int, data: ImageData) -> dict[str, Any]:
    values = {"train.seed": seed, "train.epochs": epochs, "train.device": "cpu"}
    config = PRESETS["denoising"].with_values(values)
    clean = unit_range(data.test_images)
    seen = denoising.corrupted(data.test_images, config.train)
    shown_noise = _reconstructed(config, data, seen)
    never = _reconstructed(config.with_values({"train.corruption": "none"}), data, seen)
    return {
        "seed": seed,
        "nothing done": psnr(clean, seen),
        "classical filter": psnr(clean[:FILTERED], _filtered(config, data, seen[:FILTERED])),
        "never shown noise": psnr(clean, never),
        "trained on noise": psnr(clean, shown_noise),
        "gain": denoising.gain(clean, shown_noise, never)[0],
    }


def _reconstructed(config: Config, data: ImageData, seen: Tensor) -> Tensor:
    training = Training(config, data)
    for _ in training:
        pass
    training.set_training(False)
    scaling = training.images.scaling
    with torch.no_grad():
        parts = [training.model(scaling.normalize(part)).reconstruction for part in seen.split(1024)]
    return scaling.denormalize(torch.cat(parts))


def _filtered(config: Config, data: ImageData, seen: Tensor) -> Tensor:
    held_out = data.split(config.data.validation_fraction, config.data.split_seed)[1][:CHOSEN_ON]
    validation = unit_range(data.train_images[held_out])
    # Numbers behind those of the test images, so that no noise is scored that was chosen on.
    noisy = denoising.corrupted(validation, config.train, len(data.test_images))
    chosen = denoising.choose_filter(validation, noisy)
    return torch.from_numpy(chosen.apply(seen.clamp(0, 1).numpy()))
