"""The network layer by layer: drawn to scale, with an image in it, any layer enlarged."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.network_drawing import network_layers
from pages.shared import going, layout, loading
from pages.shared.picker import Picked, first_images, pick_image
from pages.understand.network.enlarged import draw_layer
from pages.understand.network.source import Network, choose_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aecore.analysis.layers import Layer
    from aecore.figures.network import Walk

LAYER = "network_layer"  # session and URL key of the chosen layer's name
DRAWING = "network_drawing"


def line(layer: Layer) -> str:
    """A layer in one line: `encoder 1: dense, ReLU, 128 values, 100,480 parameters`."""
    shape = f"{layer.size:,} values" if len(layer.shape) == 1 else " × ".join(map(str, layer.shape))
    parts = [layer.kind, shape, f"{layer.parameters:,} parameters" if layer.parameters else ""]
    return f"{layer.name}: {', '.join(filter(None, parts))}"


def take_layer(names: Sequence[str]) -> None:
    """The layer that was clicked in the drawing becomes the chosen one."""
    if (number := st.session_state[DRAWING].layer) is not None:
        st.session_state[LAYER] = names[int(number)]


def error_in_words(network: Network, picked: Picked, walk: Walk) -> str:
    """The squared error of the image's reconstruction, beside PCA's where there are images to fit it to."""
    from aecore.analysis.metrics import squared_errors

    error = float(walk.errors[0])
    if not network.trained:
        return (
            f"The weights are the initial ones, before any training; squared error of this image {error:.1f}."
        )
    linear = loading.pca_baseline(network.data.name).reconstruct(picked.image[None], network.run.latent_size)
    pca = float(squared_errors(picked.image[None], linear)[0])
    return f"Squared error of this image {error:.1f} (PCA {pca:.1f}; lower is better)."


def draw_table(layers: Sequence[Layer]) -> None:
    """All layers with their shapes and parameters."""
    cell = "padding:3px 18px 3px 0;text-align:left"
    number = "padding:3px 18px 3px 0;text-align:right;font-variant-numeric:tabular-nums"
    rows = "".join(
        f'<tr><th scope="row" style="{cell}">{html.escape(layer.name)}</th>'
        f'<td style="{cell}">{html.escape(layer.kind)}</td>'
        f'<td style="{number}">{" × ".join(map(str, layer.shape))}</td>'
        f'<td style="{number}">{layer.size:,}</td><td style="{number}">{layer.parameters:,}</td></tr>'
        for layer in layers
    )
    columns = {"Layer": cell, "Computes": cell, "Shape": number, "Values": number, "Parameters": number}
    heads = "".join(f'<th scope="col" style="{style}">{text}</th>' for text, style in columns.items())
    st.html(
        f'<div style="overflow-x:auto"><table style="font-size:0.9rem;border-collapse:collapse">'
        f"<tr>{heads}</tr>{rows}</table></div>"
    )


def draw_code(network: Network) -> None:
    """A program that runs by itself, with the run's own names of weights; with a button that copies it."""
    from aecore.data import scaling
    from aecore.export.code import pytorch_code
    from aecore.naming import title

    if network.run is not None:
        run = network.run
        text = pytorch_code(run.config.model, run.shape, run.scaling, run.name)
    elif network.data is not None:
        config, data = network.config, network.data
        text = pytorch_code(config.model, data.shape, scaling(config.data.normalization, data), title(config))
    else:
        st.caption("The code needs the images' mean and spread; they are not on this machine.")
        return
    st.caption("It needs PyTorch alone, gives the same outputs, and takes the run's own file of weights.")
    st.code(text.rstrip(), language="python", height=480)


@st.fragment
@going.telling
def draw_network(network: Network, picked: Picked | None) -> None:
    """The drawing and the enlarged layer; a fragment, because a click changes nothing else."""
    from aecore.analysis.layers import activations, pinch
    from aecore.figures.layers import widths_in_words
    from aecore.figures.network import MAPS, blank, walk

    layers, run = network.layers, network.run
    names = [layer.name for layer in layers]
    image = None if run is None or picked is None else picked.image[None]
    taken = blank(layers) if image is None else walk(run, image, 1)
    # What is chosen below the drawing is framed in it, so its place is kept first.
    drawing = st.container()
    chosen = choose_layer(layers)
    what = "Without an image" if picked is None else picked.caption.capitalize()
    narrowest = pinch(layers)
    with drawing:
        network_layers(
            taken.to_json(),
            [line(layer) for layer in layers],
            description=f"{what}: {len(layers)} layers to scale, the narrowest is {layers[narrowest].name}",
            pinch=narrowest,
            chosen=chosen,
            key=DRAWING,
            on_choose=lambda: take_layer(names),
        )
        if any(len(layer.shape) == 3 and layer.shape[0] > MAPS for layer in layers):
            st.caption(f"Of a convolution the {MAPS} feature maps that vary most are drawn.")
        st.markdown(widths_in_words(layers))
        if image is not None:
            st.markdown(error_in_words(network, picked, taken))
    if image is not None:
        x = run.scaling.normalize(image)
        draw_layer(network, chosen, activations(run.model, x)[chosen][0], picked)


def choose_layer(layers: Sequence[Layer]) -> int:
    """The choice of a layer by its name, with what it is beside it; returns its place."""
    names = [layer.name for layer in layers]
    code = names.index("code")
    if st.session_state.get(LAYER, "code") not in names:
        st.session_state[LAYER] = "code"
    left, right = st.columns([1, 3], vertical_alignment="bottom", gap="medium")
    start = {} if LAYER in st.session_state else {"index": code}
    chosen = names.index(left.selectbox("Layer", names, key=LAYER, bind="query-params", **start))
    text = line(layers[chosen]).removeprefix(f"{names[chosen]}: ")
    right.markdown(text[0].upper() + text[1:])
    return chosen


def main() -> None:
    layout.draw_header(
        "Network", "Every layer to scale, with an image going through it; choose one to see its values."
    )
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    network = choose_network(row)
    if network is None:
        return
    picked = None
    if network.data is not None and network.run is not None:
        with row:
            picked = pick_image("image_a", "Image", network.data, first_images(network.data)[0])
    draw_network(network, picked)
    # Folded away: what is read once.
    with st.expander("All layers", icon=":material/table_rows:"):
        draw_table(network.layers)
    with st.expander("The same network as PyTorch code", icon=":material/code:"):
        draw_code(network)


main()
