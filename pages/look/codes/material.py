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

TEST, TRAINING = "test images", "training images"
"""The parts of a data set of which maps are made."""
ADDED = 1000
"""Training images that are placed into a map, drawn with seed 0."""


@dataclass(frozen=True)
class Points:
    """N images with their codes."""

    run: Run
    """The run whose codes these are."""
    part: str
    """`TEST` or `TRAINING`."""
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


def points_of(key: str, part: str, count: int) -> Points:
    """`count` of a part's images under a run: the same images for every run of a data set."""
    stamp = store.weights_stamp(key)
    return (_test_points if part == TEST else _training_points)(key, stamp, count)


def images_of(data: ImageData, part: str) -> tuple[Tensor, Tensor]:
    """All images of a part, uint8 N x C x H x W, and their labels, int64 N."""
    if part == TEST:
        return data.test_images, data.test_labels
    return data.train_images, data.train_labels


def _some(tensor: Tensor, numbers: np.ndarray) -> Tensor:
    """Those of the numbers; where they are all, the tensor itself, so that it is held only once."""
    return tensor if len(numbers) == len(tensor) else tensor[numbers]


@st.cache_resource(max_entries=6, show_spinner="Encoding the test images")
def _test_points(key: str, stamp: int, count: int) -> Points:
    from aecore.data import some_of

    run = loading.load_run(key)
    images, labels = images_of(loading.images_of(run), TEST)
    numbers = some_of(len(images), count)
    return Points(
        run,
        TEST,
        numbers,
        _some(images, numbers),
        _some(labels, numbers).numpy(),
        _some(loading.test_codes(key), numbers).numpy(),
        _some(loading.test_squared_errors(key), numbers).numpy(),
    )


@st.cache_resource(max_entries=3, show_spinner="Encoding training images")
def _training_points(key: str, stamp: int, count: int) -> Points:
    from aecore.analysis.metrics import errors_on
    from aecore.data import some_of

    run = loading.load_run(key)
    every, labels = images_of(loading.images_of(run), TRAINING)
    numbers = some_of(len(every), count)
    images = _some(every, numbers)
    codes, errors = loading.keep(
        "some-training-codes",
        loading.run_digest(run, count),
        lambda: (run.encode(images).numpy(), errors_on(run, images).numpy()),
    )
    return Points(run, TRAINING, numbers, images, _some(labels, numbers).numpy(), codes, errors)


@st.cache_resource(max_entries=3, show_spinner="Preparing the pictures")
def atlas(name: str, part: str, count: int, with_added: bool) -> Atlas:
    """Pictures of the images drawn by `points_of`, then those of the training images that are added."""
    from aecore.data import some_of

    data = loading.load_data(name)
    parts = [(part, count), *[(TRAINING, ADDED)] * with_added]
    every = [(images_of(data, of)[0], number) for of, number in parts]
    return thumbnail_atlas(np.concatenate([_some(x, some_of(len(x), number)).numpy() for x, number in every]))
