"""The points of the map and what is computed from them once, shared by all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import store
from pages.components.code_map import Atlas, thumbnail_atlas
from pages.shared import loading

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.neighbors import Neighbors
    from aecore.analysis.projection import PCA
    from aecore.data import ImageData
    from aecore.store.run import Run

TRAINING_IMAGES = 1000
"""Training images that are placed into a map, drawn with seed 0."""
LEAST = 25
"""Points needed for the scores: twelve neighbours must be fewer than half of them."""
SCORED = 2000
"""Points that scores are measured on, at most: 10,000 take 30 times as long and change the third digit."""
NEIGHBORS = 5
"""Neighbours that vote for a point's class."""


@dataclass(frozen=True)
class Points:
    """N images with their codes."""

    run: Run
    """The run whose codes these are."""
    numbers: np.ndarray
    """int64, N: numbers of the images in their part of the data set."""
    images: Tensor
    """uint8, N x C x H x W."""
    labels: np.ndarray
    """int64, N."""
    codes: np.ndarray
    """float32, N x latent_size."""
    errors: np.ndarray
    """Squared error of each image, N."""

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def code_neighbors(self) -> Neighbors:
        """Neighbours in the code."""
        from aecore.analysis.neighbors import Neighbors

        return Neighbors(self.codes)

    @cached_property
    def pixel_neighbors(self) -> Neighbors:
        """Neighbours in pixels, in [0, 1]."""
        from aecore.analysis.neighbors import Neighbors

        return Neighbors(self.images.flatten(1).float() / 255)


def sample(available: int, count: int) -> np.ndarray:
    """`count` of so many numbers, ascending, drawn with seed 0; all where there are no more."""
    if count >= available:
        return np.arange(available)
    return np.sort(np.random.default_rng(0).choice(available, count, replace=False))


def test_points(key: str, count: int) -> Points:
    """`count` of the test images under a run: the same images for every run of a data set."""
    return _test_points(key, store.weights_stamp(key), count)


@st.cache_resource(max_entries=6, show_spinner="Encoding the test images")
def _test_points(key: str, stamp: int, count: int) -> Points:
    run = loading.load_run(key)
    data = loading.load_data(run.config.data.name)
    numbers = sample(len(data.test_images), count)
    return Points(
        run,
        numbers,
        data.test_images[numbers],
        data.test_labels[numbers].numpy(),
        loading.test_codes(key)[numbers].numpy(),
        loading.test_squared_errors(key)[numbers].numpy(),
    )


def training_points(key: str) -> Points:
    """Some training images under a run."""
    return _training_points(key, store.weights_stamp(key))


@st.cache_resource(max_entries=3, show_spinner="Encoding training images")
def _training_points(key: str, stamp: int) -> Points:
    from aecore.analysis.metrics import errors_on

    run = loading.load_run(key)
    data = loading.load_data(run.config.data.name)
    numbers = sample(len(data.train_images), TRAINING_IMAGES)
    images = data.train_images[numbers]
    labels = data.train_labels[numbers].numpy()
    return Points(run, numbers, images, labels, run.encode(images).numpy(), errors_on(run, images).numpy())


def code_pca(key: str) -> PCA:
    """Principal components of the codes of all test images."""
    return _code_pca(key, store.weights_stamp(key))


@st.cache_resource(max_entries=12, show_spinner=False)
def _code_pca(key: str, stamp: int) -> PCA:
    from aecore.analysis.projection import fit_pca

    return fit_pca(loading.test_codes(key))


@st.cache_resource(max_entries=3, show_spinner="Preparing the pictures")
def atlas(name: str, count: int, with_training: bool) -> Atlas:
    """Pictures of the test images drawn by `test_points`, then those of `training_points`."""
    data: ImageData = loading.load_data(name)
    pictures = data.test_images[sample(len(data.test_images), count)].numpy()
    if with_training:
        training = data.train_images[sample(len(data.train_images), TRAINING_IMAGES)].numpy()
        pictures = np.concatenate([pictures, training])
    return thumbnail_atlas(pictures)


@dataclass(frozen=True)
class Scores:
    """How much of the code a map holds; shares from 0 to 1."""

    trustworthiness: float
    plane: float
    """k-NN accuracy in the plane, and below in the code and in pixels."""
    code: float
    pixels: float


def scores(key: str, points: Points, plane_name: str, plane: np.ndarray) -> Scores | None:
    """Scores of a plane that is named uniquely among those of a run; None for too few points.

    All are measured on the same `SCORED` points at most.
    """
    if len(points) < LEAST:
        return None
    stamp, count = store.weights_stamp(key), len(points)
    rows = sample(count, SCORED)
    codes, labels, plane = points.codes[rows], points.labels[rows], plane[rows]
    data, images = points.run.config.data.name, points.images[rows]
    trust, in_plane = _plane_scores(key, stamp, count, plane_name, codes, labels, plane)
    return Scores(
        trust,
        in_plane,
        _code_score(key, stamp, count, codes, labels),
        _pixel_score(data, count, images, labels),
    )


@st.cache_resource(max_entries=60, show_spinner=False)
def _plane_scores(
    key: str, stamp: int, count: int, name: str, _codes: np.ndarray, _labels: np.ndarray, _plane: np.ndarray
) -> tuple[float, float]:
    from aecore.analysis.neighbors import knn_accuracy, trustworthiness

    return trustworthiness(_codes, _plane), knn_accuracy(_plane, _labels, NEIGHBORS)


@st.cache_resource(max_entries=24, show_spinner=False)
def _code_score(key: str, stamp: int, count: int, _codes: np.ndarray, _labels: np.ndarray) -> float:
    from aecore.analysis.neighbors import knn_accuracy

    return knn_accuracy(_codes, _labels, NEIGHBORS)


@st.cache_resource(max_entries=24, show_spinner=False)
def _pixel_score(name: str, count: int, _images: Tensor, _labels: np.ndarray) -> float:
    from aecore.analysis.neighbors import knn_accuracy

    return knn_accuracy(_images.flatten(1).float() / 255, _labels, NEIGHBORS)


def scores_meaning(found: Scores) -> str:
    """What a reader should and should not take from the map, from its figures."""
    lost = found.code - found.plane
    if lost > 0.05:
        plane = (
            f"Do not read overlap as likeness: neighbours tell the class of {found.code:.0%} of the images "
            f"in the code, but of {found.plane:.0%} on this map: what lies together here may be apart there."
        )
    else:
        plane = f"The map keeps what the code knows of the classes ({found.plane:.0%} of {found.code:.0%})."
    gained = found.code - found.pixels
    if gained > 0.01:
        return f"{plane} The code sorts the classes better than pixels do ({found.pixels:.0%})."
    if gained < -0.01:
        return f"{plane} Pixels sort the classes better than the code does ({found.pixels:.0%})."
    return f"{plane} Pixels sort the classes as well ({found.pixels:.0%})."
