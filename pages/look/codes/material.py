"""The points of the map and what is computed from them once, shared by all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import store
from aecore.web.code_map.payload import Atlas, thumbnail_atlas
from pages.shared import loading

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.neighbors import Neighbors
    from aecore.data import ImageData
    from aecore.store.run import Run

TRAINING_IMAGES = 1000
"""Training images that are placed into a map, drawn with seed 0."""


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
        from aecore.data import unit_range

        return Neighbors(unit_range(self.images.flatten(1)))


def test_points(key: str, count: int) -> Points:
    """`count` of the test images under a run: the same images for every run of a data set."""
    return _test_points(key, store.weights_stamp(key), count)


@st.cache_resource(max_entries=6, show_spinner="Encoding the test images")
def _test_points(key: str, stamp: int, count: int) -> Points:
    from aecore.data import some_of

    run = loading.load_run(key)
    data = loading.images_of(run)
    numbers = some_of(len(data.test_images), count)
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
    from aecore.data import some_of

    run = loading.load_run(key)
    data = loading.images_of(run)
    numbers = some_of(len(data.train_images), TRAINING_IMAGES)
    images = data.train_images[numbers]
    labels = data.train_labels[numbers].numpy()
    codes, errors = loading.keep(
        "some-training-codes",
        loading.run_digest(run, TRAINING_IMAGES),
        lambda: (run.encode(images).numpy(), errors_on(run, images).numpy()),
    )
    return Points(run, numbers, images, labels, codes, errors)


@st.cache_resource(max_entries=3, show_spinner="Preparing the pictures")
def atlas(name: str, count: int, with_training: bool) -> Atlas:
    """Pictures of the test images drawn by `test_points`, then those of `training_points`."""
    from aecore.data import some_of

    data: ImageData = loading.load_data(name)
    pictures = data.test_images[some_of(len(data.test_images), count)].numpy()
    if with_training:
        training = data.train_images[some_of(len(data.train_images), TRAINING_IMAGES)].numpy()
        pictures = np.concatenate([pictures, training])
    return thumbnail_atlas(pictures)
