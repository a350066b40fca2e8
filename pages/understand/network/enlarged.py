"""One layer enlarged: its values as a picture, their histogram and figures, and weights that face pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import images, layout
from pages.understand.network.source import SAMPLE, Network

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.layers import Layer
    from aecore.store.run import Run
    from pages.shared.picker import Picked

BARS = 64
"""Units of the widest dense layer whose values are drawn as bars; of a wider one they are squares."""
AT_ONCE = 64
"""Feature maps, or pictures of weights, on one page of them."""


def draw_layer(network: Network, number: int, values: Tensor, picked: Picked) -> None:
    """Draws layer `number`, whose `values` for the picked image have the layer's shape."""
    from aecore.analysis.layers import pixel_weights, statistics
    from aecore.figures.layers import value_histogram

    run, layer, array = network.run, network.layers[number], values.numpy()
    left, right = layout.picture_and_figures()
    with left:
        if layer.place in ("image", "reconstruction"):
            draw_image(run, layer, values, picked)
        elif array.ndim == 3:
            draw_maps(array, layer.name)
        else:
            draw_units(array, layer.name)
    with right:
        found = statistics(array)
        st.markdown("**How its values are spread**")
        layout.draw_chart(
            value_histogram(array),
            key="network_histogram",
            alt=f"Histogram of the {array.size:,} values of {layer.name}",
        )
        st.caption(
            f"Mean {found.mean:.3g}, standard deviation {found.std:.3g}, from {found.low:.3g} to "
            f"{found.high:.3g}; {found.zeros:.0%} are exactly 0."
            + silence_in_words(network.silent[number], layer, len(network.data.test_images[:SAMPLE]))
        )
    if (weights := pixel_weights(run.model, number, run.shape)) is not None:
        draw_weights(weights, layer)


def silence_in_words(silent: int, layer: Layer, sample: int) -> str:
    """How many of the layer's units never answer; empty where all do, and where values are pixels."""
    if not silent or layer.place in ("image", "reconstruction"):
        return ""
    units = "maps" if len(layer.shape) == 3 else "units"
    return f" Over {sample:,} test images {silent:,} of its {layer.shape[0]:,} {units} are always 0."


def draw_image(run: Run, layer: Layer, values: Tensor, picked: Picked) -> None:
    """The image as it goes in; where it comes out, that and the difference beside it."""
    st.markdown("**As a picture**")
    figures = [images.Figure([images.to_rgb(picked.image)], picked.caption)]
    if layer.place == "reconstruction":
        out = run.scaling.denormalize(values[None])[0]
        difference = (out - picked.image).numpy()
        limit = largest(difference)
        figures += [
            images.Figure([images.to_rgb(out)], "reconstruction"),
            images.Figure(
                [images.difference_rgb(difference, limit)],
                f"difference, ±{limit:.2g}",
                "difference between reconstruction and image",
            ),
        ]
    images.draw_wall(figures, width=150)
    st.caption("Shown in [0, 1]; the histogram has the values as the network trains in them.")


def draw_units(values: np.ndarray, name: str) -> None:
    """A dense layer: bars, or squares where it is wide."""
    from aecore.figures.layers import squares, unit_bars

    st.markdown("**The value of each unit**")
    if len(values) <= BARS:
        layout.draw_chart(
            unit_bars(values, height=230), key="network_units", alt=f"A bar for each unit of {name}"
        )
        return
    grid = squares(values)
    limit = largest(values)
    rgb = images.difference_rgb(np.nan_to_num(grid)[None], limit)
    rgb[np.isnan(grid)] = 128
    # Rows and columns change places: on a page there is more room across than down.
    picture = rgb.transpose(1, 0, 2)
    st.html(images.tag(picture, "100%", f"{len(values)} values of {name} as squares"))
    st.caption(f"A square a unit, down each column. {legend(limit)}")


def draw_maps(values: np.ndarray, name: str) -> None:
    """A convolution's feature maps, channels x H x W."""
    st.markdown("**Its feature maps**")
    shown = page_of(len(values), "feature maps", "network_map_page")
    limit = largest(values)
    pictures = [images.difference_rgb(m[None], limit) for m in values[shown]]
    draw_numbered(pictures, shown, f"{name}, feature map", 76)
    st.caption(legend(limit))


def draw_weights(weights: np.ndarray, layer: Layer) -> None:
    """Weights that face the pixels, units x C x H x W, as pictures on one scale."""
    kernels = "convolution" in layer.kind
    what = "kernels" if kernels else "weights"
    st.markdown(
        f"**The {what} that face the pixels**: "
        + (
            "what each unit adds to the image"
            if layer.place == "reconstruction"
            else "what each unit looks for"
        )
    )
    shown = page_of(len(weights), "units", "network_weight_page")
    # A few extreme weights would leave all others pale.
    limit = largest(weights, 0.999)
    if weights.shape[1] == 3:
        pictures = [images.to_rgb(0.5 + w / (2 * limit)) for w in weights[shown]]
        scale = f"Each channel on its own: middle grey is 0, full ±{limit:.2g}."
    else:
        pictures = [images.difference_rgb(w, limit) for w in weights[shown]]
        scale = legend(limit)
    draw_numbered(pictures, shown, f"{layer.name}, {what} of unit", 36 if kernels else 64)
    st.caption(scale)


def draw_numbered(pictures: Sequence[np.ndarray], numbers: slice, alt: str, width: int) -> None:
    """Pictures H x W x 3 in rows that wrap, each with its number."""
    every = range(numbers.start, numbers.stop)
    figures = [
        images.Figure([picture], f"{i}", f"{alt} {i}") for i, picture in zip(every, pictures, strict=True)
    ]
    images.draw_wall(figures, width)


def page_of(count: int, what: str, key: str) -> slice:
    """The part of so many pictures that is shown, and the choice of it where they are too many at once."""
    pages = -(-count // AT_ONCE)
    if pages == 1:
        return slice(0, count)
    if not 1 <= st.session_state.get(key, 1) <= pages:
        st.session_state[key] = 1
    page = st.number_input(f"Page (of {pages}, {count:,} {what})", 1, pages, key=key, width=260)
    return slice((page - 1) * AT_ONCE, min(page * AT_ONCE, count))


def largest(values: np.ndarray, quantile: float = 1.0) -> float:
    """The magnitude at which the colours end, above 0."""
    return float(np.quantile(np.abs(values), quantile)) or 1.0


def legend(limit: float) -> str:
    return f"Red is above 0, blue below, white 0; the colours end at ±{limit:.2g}."
