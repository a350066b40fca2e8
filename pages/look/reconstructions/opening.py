"""A picture that was clicked: larger, and the ways to go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.components.picker import opened_image
from pages.shared import images
from pages.shared.plain import plain
from pages.shared.state import CODES_PAGE, INTERPOLATION_PAGE

if TYPE_CHECKING:
    from pages.look.reconstructions.drawing import Tested

SIDE = 180
"""Pixels of the screen for a picture."""


def draw_opened(tested: Tested) -> None:
    """Shows the picture that was clicked since the last run of the page, if there was one."""
    number = opened_image(key="reconstructions_opened")
    if number is not None and 0 <= number < len(tested.errors):
        _show(tested, number)


@st.dialog("One image")
def _show(tested: Tested, number: int) -> None:
    from aecore.data import unit_range

    data = tested.data
    of_class = f", class {data.known_classes[tested.labels[number]]}" if data.known_classes else ""
    x = unit_range(data.test_images[number : number + 1])
    pair = [images.to_rgb(image[0]) for image in (x, tested.run.reconstruct(x))]
    images.draw_wall([images.Figure(pair, f"test image {number}{of_class}, and its reconstruction")], SIDE)
    st.markdown(
        f"Test image {number}{plain(of_class)}. Squared error **{tested.errors[number]:.1f}**, "
        f"PCA's {tested.pca_errors[number]:.1f}; {_rank(tested.errors, number)}."
    )
    st.page_link(
        CODES_PAGE,
        label="Find it on the map of codes",
        icon=":material/scatter_plot:",
        query_params={"codes_point": str(number)},
    )
    st.page_link(
        INTERPOLATION_PAGE,
        label="Start a path from it",
        icon=":material/route:",
        query_params={"interpolation_view": "Path", "image_a": str(number)},
    )


def _rank(errors: np.ndarray, number: int) -> str:
    """How it stands among all test images."""
    better = int((errors < errors[number]).sum())
    return f"{better:,} of the {len(errors):,} test images are rebuilt better"
