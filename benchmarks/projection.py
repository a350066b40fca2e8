"""t-SNE of codes: openTSNE, as the Codes page runs it, beside scikit-learn.

The codes of 10,000 MNIST test images by the shipped run of the post's network. Both start from the first
two principal components with perplexity 30 and take as many threads as there are cores; scikit-learn
runs its 1,000 iterations, ours 250 exaggerated and 500. CPU seconds are there because wall clock says
little on a busy machine. Trustworthiness (12 neighbours) and leave-one-out 5-NN are of the plane.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aecore.analysis.neighbors import knn_accuracy, trustworthiness
from aecore.analysis.tsne import tsne
from aecore.data import load
from aecore.gallery import shipped as gallery
from aecore.store import load_run

SHIPPED = Path(__file__).resolve().parents[1] / "checkpoints"
PERPLEXITY = 30


def run(quick: bool = False, path: Path | None = None) -> list[dict[str, Any]]:
    """One row for each method; `path` names another run. With `quick`, 2,000 images instead of 10,000."""
    if path is None:
        path = SHIPPED / next(r.folder for r in gallery.RUNS if r.config.data.name == "mnist")
    run = load_run(path)
    data = load(run.config.data.name)
    count = 2_000 if quick else 10_000
    codes = run.encode(data.test_images[:count]).numpy()
    labels = data.test_labels[:count].numpy()
    methods: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "openTSNE": lambda codes: tsne(codes, PERPLEXITY, on_progress=lambda *_: False).embedding,
        "scikit-learn": _scikit_learn,
    }
    _warm_up(codes, methods)
    return [_measured(method, place, codes, labels) for method, place in methods.items()]


def _scikit_learn(codes: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    model = TSNE(perplexity=PERPLEXITY, init="pca", random_state=0, n_jobs=torch.get_num_threads())
    return model.fit_transform(codes)


def _warm_up(codes: np.ndarray, methods: dict[str, Callable[[np.ndarray], np.ndarray]]) -> None:
    """Imports and thread pools are no part of either method's time."""
    for place in methods.values():
        place(codes[:150])


def _measured(
    method: str, place: Callable[[np.ndarray], np.ndarray], codes: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    points = place(codes)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "method": method,
        "codes": len(codes),
        "units": codes.shape[1],
        "seconds": wall,
        "CPU seconds": processor,
        "trustworthiness": trustworthiness(codes, points),
        "5-NN": knn_accuracy(points, labels),
    }
