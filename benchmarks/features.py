"""What features are worth: codes, PCA of the same sizes and pixels of MNIST, by number of labels.

Accuracy on the test images in percent. Under 1 to 100, a linear probe's with as many labels a class: the
mean over ten draws that are the same for all, and behind it the standard deviation over draws; under `all`,
with all labels. 5-NN is with all labels. Rand and information: the agreement of k-means, which sees no
label, with the classes. Under `permuted`, by how much a probe with 10 permuted labels a class exceeds chance,
and its standard error. Figures of codes are means over the seeds named. Runs that are not in the run folder
are trained into it; `--quick` trains one seed of each network for an epoch or two, with fewer images and
draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from aecore import store
from aecore.analysis import features
from aecore.analysis.features import ALL, CLUSTERS, Features, Split, Task
from aecore.analysis.projection import pca_baseline
from aecore.config import Config
from aecore.data import ImageData, load, unit_range
from aecore.jobs.worker import work
from aecore.presets import PRESETS, title
from aecore.store.run import Run
from aecore.training.single import Training

QUICK_EPOCHS = {"post": 2, "conv": 2, "dictionary": 1, "denoising": 1}
"""The networks, with the epochs of the smaller version."""
SIZES = (12, 30, 64)
SEEDS = 3
QUICK_IMAGES = 5_000
"""Training images that the smaller version labels and measures with."""
PERMUTED = 10
"""Labels a class of the check with permuted labels."""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One row for each kind of features."""
    torch.set_num_threads(1)
    data = load("mnist")
    split = features.split_images(data, 1 / 12, 0, QUICK_IMAGES if quick else None)
    task = features.task_of(data, split, draws=3 if quick else features.DRAWS)
    found: dict[str, list[dict[str, float]]] = {}
    for name, kind in _kinds(data, split, quick):
        found.setdefault(name, []).append(_measured(kind, task))
    return [
        {"features": name, "seeds": len(rows)} | {key: fmean(row[key] for row in rows) for key in rows[0]}
        for name, rows in found.items()
    ]


def _kinds(data: ImageData, split: Split, quick: bool) -> Iterator[tuple[str, Features]]:
    for preset, epochs in QUICK_EPOCHS.items():
        for seed in range(1 if quick else SEEDS):
            config = PRESETS[preset].with_values({"train.seed": seed})
            if quick:
                trained = _trained_here(config.with_values({"train.epochs": epochs}), data)
            else:
                trained = store.load_run(_finished(config) or _train(config))
            name = f"code of {preset}, {config.model.latent_size} units"
            yield name, features.features_of(trained.encode, data, split)
    pca = pca_baseline(data).pca
    for size in SIZES:

        def components(images: torch.Tensor, size: int = size) -> torch.Tensor:
            return pca.transform(unit_range(images), size)

        yield f"PCA, {size} components", features.features_of(components, data, split)
    yield f"{data.pixels} pixels", features.features_of(unit_range, data, split)


def _finished(config: Config) -> Path | None:
    runs = (info for info in store.list_runs() if isinstance(info, store.RunInfo) and info.result)
    return next((info.path for info in runs if info.config == config), None)


def _train(config: Config) -> Path:
    path = store.create_run(config, title(config))
    if work(path, threads=1) is None:
        raise RuntimeError(f"the training of {title(config)} was stopped")
    return path


def _trained_here(config: Config, data: ImageData) -> Run:
    training = Training(config.with_values({"train.device": "cpu"}), data)
    for _ in training:
        pass
    model = training.model.eval().requires_grad_(False)
    return Run(Path(), "", config, data.shape, training.images.scaling, model)


def _measured(kind: Features, task: Task) -> dict[str, float]:
    row: dict[str, float] = {}
    for count in task.drawn:
        given, _ = features.by_probe(kind, task, count)
        by_draw = (given == task.test).mean(1)
        row |= {f"{count}": 100 * by_draw.mean(), f"±{count}": 100 * by_draw.std(ddof=1)}
    all_labels = features.answer(kind, task, ALL)
    clusters = features.measure(kind, task, CLUSTERS)
    permuted = features.answer_permuted(kind, task, PERMUTED)
    chance = features.above_chance(permuted.probe, task.test)
    return row | {
        "all": 100 * features.accuracy(all_labels.probe, task.test).mean,
        "5-NN": 100 * features.accuracy(all_labels.nearest, task.test).mean,
        "Rand": clusters.rand[0],
        "information": clusters.information[0],
        "permuted": 100 * chance.mean,
        "±permuted": 100 * chance.standard_error,
    }
