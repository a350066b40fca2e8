"""What went on in the layers: a quantity over all steps, one step's histograms, one epoch's profile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.looks import HISTOGRAMS, QUANTITIES
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.looks import LayerHistory

MAP = "training_map"
LAYER, STEP = "training_layer", "training_step"  # session keys: numbers of a layer and of a look


def take_cell() -> None:
    """The cell that was clicked becomes the chosen layer and step."""
    if cells := st.session_state[MAP].selection["cell"]:
        st.session_state[LAYER], st.session_state[STEP] = int(cells[0]["layer"]), int(cells[0]["look"])


def place_in_words(looks: LayerHistory, look: int) -> str:
    row = looks.rows[look]
    return f"{int(row['total']):,} (epoch {int(row['epoch'])})"


def choose_cell(looks: LayerHistory, shown: Sequence[int]) -> tuple[int, int]:
    """The look and the layer, by a click on the map above or by name."""
    from aecore.figures.layer_history import layer_labels

    labels = layer_labels(looks)
    if st.session_state.get(LAYER) not in range(len(labels)):
        st.session_state[LAYER] = 0
    if st.session_state.get(STEP) not in shown:
        st.session_state[STEP] = shown[-1]
    left, right = st.columns([1, 2], gap="large")
    layer = left.selectbox("Layer", range(len(labels)), format_func=labels.__getitem__, key=LAYER)
    if len(shown) == 1:
        return shown[0], layer
    look = right.select_slider("Step", shown, format_func=lambda look: place_in_words(looks, look), key=STEP)
    return look, layer


def ratio_in_words(ratio: float, epoch: int) -> str:
    """The first layer's gradient beside the last one's."""
    start = f"In epoch {epoch} the first layer's gradient norm"
    if math.isnan(ratio):
        return f"{start} or the last one's is not a number."
    if math.isinf(ratio):
        return f"{start} has nothing to be measured by: the last layer's is 0 or the first one's is infinite."
    return f"{start} is {ratio:.3g} times the last layer's."


def draw_layers(looks: LayerHistory) -> None:
    """The map, with what is chosen in it below."""
    from aecore.figures import layer_history

    quantity = st.selectbox(
        "Quantity",
        list(QUANTITIES),
        format_func=lambda name: QUANTITIES[name].label,
        key="training_quantity",
        bind="query-params",
        width=320,
    )
    known = QUANTITIES[quantity]
    values = looks.values(quantity)
    applies = not np.isnan(values).all()
    st.caption(
        f"{known.label.capitalize()}: {known.doc}. A click on a cell opens that layer at that step."
        if applies
        else f"No layer of this network has {known.label}: its activations have no flat part."
    )
    if applies:
        st.altair_chart(
            layer_history.heat_map(looks, quantity), key=MAP, on_select=take_cell, selection_mode="cell"
        )
    look, layer = choose_cell(looks, layer_history.shown_looks(looks).tolist())
    epoch = int(looks.rows["epoch"][look])
    left, right = st.columns(2, gap="large")
    with left:
        what, where = layer_history.layer_labels(looks)[layer], place_in_words(looks, look)
        st.markdown(f"**Layer {plain(what)}, at step {where}**")
        for of in HISTOGRAMS:
            st.altair_chart(layer_history.histogram(looks, of, look, layer), key=f"training_{of}")
        st.caption("Absolute values, a bar a factor of four; exact zeros stand apart, in grey on the left.")
    with right:
        st.markdown(f"**{known.label.capitalize()} over the layers, epoch {epoch}**")
        if applies:
            st.altair_chart(layer_history.profile(looks, quantity, [epoch]), key="training_profile")
        st.markdown(ratio_in_words(layer_history.first_to_last(looks, epoch), epoch))
        st.caption("Medians of the epoch's looks at the layers.")
