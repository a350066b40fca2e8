"""The Home page's pictures, each made once from a run: the network at work, pairs, and a growing number."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import images, loading

if TYPE_CHECKING:
    from aecore.data import ImageData

# Most images on the walk, steps between two of them, and PCA's components in the picture of "how many".
STOPS, STEPS = 10, 12
COMPONENTS = (1, 4, 16, 64)


def first_images(data: ImageData, draw: int) -> np.ndarray:
    """Indices of STOPS test images (or all): one of each class in turn, then a second of each, ..."""
    from aecore.data import classes_in_turn

    return classes_in_turn(data.test_labels, STOPS, draw)


@st.cache_data(max_entries=8, show_spinner=False)
def drawing(key: str, stamp: int, draw: int) -> dict:
    """What `network_drawing` shows of a run, ready to be sent."""
    from aecore.analysis.metrics import squared_errors
    from aecore.data import unit_range
    from aecore.figures.network import walk

    run = loading.load_run(key)
    data = loading.images_of(run)
    chosen = first_images(data, draw)
    x = unit_range(data.test_images[chosen])
    linear = loading.pca_baseline(data.name).reconstruct(x, run.latent_size)
    return {
        "walk": walk(run, data.test_images[chosen], STEPS).to_json() | {"hand": f"{key} {stamp}"},
        "names": [
            data.known_classes[label] if data.known_classes else f"image {number}"
            for number, label in zip(chosen, data.test_labels[chosen], strict=True)
        ],
        "pca_errors": [round(float(e), 3) for e in squared_errors(x, linear)],
    }


@st.cache_data(max_entries=32, show_spinner=False)
def pairs(key: str, stamp: int, count: int) -> str:
    """Test images over their reconstructions, as HTML."""
    from aecore.data import unit_range

    run = loading.load_run(key)
    data = loading.images_of(run)
    x = unit_range(data.test_images[first_images(data, 1)[:count]])
    both = np.concatenate([x.numpy(), run.reconstruct(x).numpy()])
    return images.tag(images.mosaic(both, columns=len(x)), "100%", "Test images over their reconstructions")


@st.cache_data(max_entries=8, show_spinner=False)
def growing(name: str) -> str:
    """One test image rebuilt from ever more principal components, as HTML."""
    from aecore.data import unit_range

    data = loading.load_data(name)
    x = unit_range(data.test_images[first_images(data, 1)[2:3]])
    baseline = loading.pca_baseline(name)
    counts = [n for n in COMPONENTS if n <= len(baseline.pca)]
    strip = np.concatenate([baseline.reconstruct(x, n).numpy() for n in counts])
    return images.tag(images.mosaic(strip, columns=2), "100%", "The same image with ever more numbers")


def svg_tag(svg: str, alt: str) -> str:
    encoded = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{encoded}" style="width:100%">'
