"""A data set's classes: some images of each, how many there are, and their mean images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import images, layout, loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.data import ImageData

EACH = 6
"""Images shown of each class at once."""
ALONE = 24
"""Images shown where there is one class, or none that is known."""
WIDE = 36
"""Pixels that one of them takes on the page."""
DRAW = "data_draw"  # session key of the number of times that other images were asked for


def draw_samples(data: ImageData) -> None:
    """A row of training images of every class, and the button that takes others."""
    figures = [
        images.Figure([picture], name, f"training images of class {name}")
        if data.known_classes
        else images.Figure([picture], "", "training images")
        for name, picture in _samples(data.name, st.session_state.get(DRAW, 0))
    ]
    images.draw_wall(figures, width=EACH * WIDE)
    st.button("Other images", key="data_others", icon=":material/shuffle:", on_click=_take_others)


def _take_others() -> None:
    st.session_state[DRAW] = st.session_state.get(DRAW, 0) + 1


@st.cache_data(max_entries=8, show_spinner=False)
def _samples(name: str, draw: int) -> list[tuple[str, np.ndarray]]:
    """The name and a strip of images, H x W x 3 uint8, of each class that has any."""
    data = loading.load_data(name)
    labels = data.train_labels.numpy()
    order = np.random.default_rng(draw).permutation(len(labels))
    strips = []
    for label, title in enumerate(data.class_names):
        chosen = order[labels[order] == label][: EACH if data.labelled else ALONE]
        if len(chosen):
            strips.append((title, images.mosaic(data.train_images[chosen].numpy(), EACH)))
    return strips


def draw_counts(data: ImageData) -> None:
    """Bars of the classes' sizes, and whether they differ."""
    from aecore.analysis.pixels import class_counts
    from aecore.figures.pixels import class_histogram

    training, test = (class_counts(x, len(data.class_names)) for x in (data.train_labels, data.test_labels))
    chart = class_histogram(training.numpy(), test.numpy(), data.class_names)
    layout.draw_chart(chart, key="data_counts", alt="Training and test images of each class")
    low, high = int(training.min()), int(training.max())
    if low == high:
        text = f"Every class has {low:,} training images."
    else:
        names = [plain(data.class_names[int(i)]) for i in (training.argmin(), training.argmax())]
        text = f"The classes have from {low:,} ({names[0]}) to {high:,} ({names[1]}) training images."
    st.caption(text)


def draw_class_means(data: ImageData) -> None:
    """The mean of all training images, and that of each class."""
    mean, means = _means(data.name)
    st.html(
        f'<figure style="margin:0">{images.tag(images.to_rgb(mean), 112, "mean of all training images")}'
        '<figcaption style="font-size:0.8rem;opacity:0.75">all images</figcaption></figure>'
    )
    figures = [
        images.Figure([images.to_rgb(picture)], name, f"mean image of class {name}")
        for name, picture in zip(data.class_names, means, strict=True)
    ]
    if data.labelled:
        images.draw_wall(figures, width=48)
    st.caption(
        "Mean images of the training set. The first is the best single answer to every image, the least "
        "that a network has to beat."
    )


@st.cache_resource(max_entries=4, show_spinner="Averaging the images")
def _means(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The mean training image, C x H x W in [0, 1], and that of every class."""
    from aecore.analysis.pixels import class_counts, class_means

    data = loading.load_data(name)
    classes = len(data.class_names)
    means = class_means(data.train_images, data.train_labels, classes)
    return np.average(means, axis=0, weights=class_counts(data.train_labels, classes)), means
