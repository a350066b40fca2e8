"""A contrast before its networks are trained: what they are, and what their first gradients are."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.gallery import contrasts
from aecore.gallery.contrasts import Contrast
from aecore.looks import SMALLEST
from pages.shared import images, loading
from pages.shared.layer_bars import layer_bars
from pages.understand.contrasts import words

if TYPE_CHECKING:
    from aecore.config import ModelConfig

IMAGES, SIDE = 8, 48
"""Test images that go through the networks, and pixels of the width of each on the screen at most."""


@dataclass(frozen=True)
class Initial:
    """A contrast's networks with their initial weights, by what sets each apart."""

    shape: tuple[int, int, int]
    models: dict[str, ModelConfig]
    test_images: np.ndarray
    """uint8, N x C x H x W; what comes out is one such array a network."""
    outputs: dict[str, np.ndarray]
    gradients: dict[str, list[float]]
    """Norm of the loss's gradient by the weights of each layer, from the image."""


def draw(contrast: Contrast) -> None:
    """The networks as they begin, the images that come out of them, and the gradients of the first step."""
    from aecore.analysis.gradients import IMAGES as COUNTED
    from aecore.figures.questions import lines

    found = _initial(contrast.key)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**The networks before training**")
        _draw_networks(found)
        st.caption(
            "A bar a layer, as high as the logarithm of its size, the code in blue; beside it what comes out "
            "of the network with its initial weights."
        )
    with right:
        st.markdown("**Gradient over the layers, before the first step**")
        rows = [
            {"x": layer, "y": max(norm, SMALLEST), "series": name}
            for name, norms in found.gradients.items()
            for layer, norm in enumerate(norms, 1)
        ]
        ticks = sorted({row["x"] for row in rows})
        chart = lines(rows, "layer, from the image", "gradient norm", log_y=True, ticks=ticks, height=280)
        st.altair_chart(
            chart,
            key="contrast_first_gradients",
            alt="Gradient norm of each layer at the start, a line a network",
        )
        st.caption(
            f"Computed now, on {COUNTED} training images; what is below {SMALLEST:g} is drawn there. How the "
            "gradients go on, and which of the networks learns, only their training shows."
        )


def _draw_networks(found: Initial) -> None:
    """A row a network: its name over its layers, and what it makes of the images above."""
    rows = {"test image": found.test_images, **found.outputs}
    cells = []
    for name, pictures in rows.items():
        model = found.models.get(name)
        layers = layer_bars(model, found.shape, 22, 5, sizes=False) if model else ""
        cells.append(f"<div><div>{html.escape(name)}</div>{layers}</div>")
        cells += [
            images.tag(images.to_rgb(picture), "100%", f"{name}, {i}")
            for i, picture in enumerate(pictures, 1)
        ]
    # Columns shrink with the page.
    columns = f"9.5rem repeat({len(found.test_images)},minmax(0,{SIDE}px))"
    st.html(
        '<div data-networks style="display:grid;gap:6px 4px;align-items:end;font-size:0.85rem;'
        f'grid-template-columns:{columns}">{"".join(cells)}</div>'
    )


@st.cache_data(max_entries=len(contrasts.ALL), show_spinner="Building the networks")
def _initial(key: str) -> Initial:
    from aecore.analysis.gradients import first_gradients
    from aecore.data import classes_in_turn, to_uint8, unit_range

    grid = contrasts.BY_KEY[key].grid
    data = loading.load_data(grid.base.data.name)
    shown = data.test_images[classes_in_turn(data.test_labels, IMAGES, 0)]
    members = {words.member_label(grid.position_of(k)): config for k, config in enumerate(grid.members)}
    return Initial(
        data.shape,
        {name: config.model for name, config in members.items()},
        to_uint8(unit_range(shown)),
        {
            name: to_uint8(loading.initial_run(config).reconstruct(unit_range(shown)).numpy())
            for name, config in members.items()
        },
        {name: first_gradients(config, data) for name, config in members.items()},
    )
