"""What drawn codes are decoded to: three samplers on plain, denoising and variational networks of MNIST.

The presets `post` (12 units), `denoising` (64) and `vae` (12), trained from scratch for each seed. Samplers
are fitted to codes of training images; 5 draws of 2,000 samples each are scored against training images in
the features of the shipped small classifier, beside as many test images (the floor) and the mean image (the
ceiling). The ELBO is over all test images, the log-likelihood by importance sampling with 200 codes for each
of 500. `--quick` trains one seed for an epoch or two, scores 2 draws and takes 100 images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from aecore.analysis import generation, sampling, variational
from aecore.analysis.generation import Reference, Score
from aecore.config import Config
from aecore.data import ImageData, load
from aecore.gallery.classifiers import classifier_of
from aecore.presets import PRESETS
from aecore.store.run import Run
from aecore.training.single import Training

NETWORKS = {"post": 1, "denoising": 1, "vae": 2}
"""Presets with the epochs of their quick version."""
SEEDS, DRAWS, LIKELIHOOD = 3, 5, 500
QUICK_DRAWS, QUICK_LIKELIHOOD = 2, 100


def run(quick: bool = False) -> list[dict[str, Any]]:
    """The floor and the ceiling, then a row for each network, seed and sampler."""
    torch.set_num_threads(1)
    data = load("mnist")
    against = generation.reference(data, classifier_of(data).features)
    rows = [
        _row("test images (floor)", "", "", [against.floor]),
        _row("mean image (ceiling)", "", "", [against.ceiling]),
    ]
    for name, epochs in NETWORKS.items():
        for seed in range(1 if quick else SEEDS):
            values = {"train.seed": seed, "train.device": "cpu"} | ({"train.epochs": epochs} if quick else {})
            config = PRESETS[name].with_values(values)
            rows += _rows(name, _trained(config, data), data, against, quick)
    return rows


def _trained(config: Config, data: ImageData) -> Run:
    training = Training(config, data)
    for _ in training:
        pass
    training.set_training(False)
    return Run(Path(), "", config, data.shape, training.images.scaling, training.model)


def _rows(name: str, found: Run, data: ImageData, against: Reference, quick: bool) -> list[dict[str, Any]]:
    codes = sampling.training_codes(found, data)
    scores = {}
    for sampler, fit in sampling.SAMPLERS.items():
        fitted = fit(codes)
        draws = range(QUICK_DRAWS if quick else DRAWS)
        scores[sampler] = [against.score(found.decode(fitted.draw(against.count, draw))) for draw in draws]
    distances = generation.frechet_by_sampler(scores)
    bound, likelihood = _bound(found, data, quick)
    rows = []
    for sampler, draws in scores.items():
        row = _row(name, found.config.train.seed, sampler, draws)
        if sampler != sampling.PRIOR:
            nearer = generation.nearer(distances[sampler], distances[sampling.PRIOR])
            row["nearer than N(0, I)"] = "in every draw" if nearer else "no"
        rows.append(row | {"ELBO": bound, "log-likelihood": likelihood})
    return rows


def _bound(found: Run, data: ImageData, quick: bool) -> tuple[Any, Any]:
    """ELBO and estimated log-likelihood in nats of a variational network."""
    if not found.config.model.variational:
        return "", ""
    images = data.test_images[: QUICK_LIKELIHOOD if quick else LIKELIHOOD]
    likelihood = variational.log_likelihood(found, images).value
    return variational.bound(found, data.test_images).elbo, likelihood


def _row(network: str, seed: Any, sampler: str, scores: list[Score]) -> dict[str, Any]:
    distance = generation.spread([score.frechet for score in scores])
    return {
        "network": network,
        "seed": seed,
        "sampler": sampler,
        "Fréchet distance": distance.mean,
        "lowest": distance.low,
        "highest": distance.high,
        "density": generation.spread([score.density for score in scores]).mean,
        "coverage": generation.spread([score.coverage for score in scores]).mean,
        "nearer than N(0, I)": "",
        "ELBO": "",
        "log-likelihood": "",
    }
