"""What went on in the layers: a quantity over all steps, one step's histograms, one epoch's profile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from aecore.looks import HISTOGRAMS, QUANTITIES
from pages.shared import layout
from pages.shared.plain import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.looks import LayerHistory

MAP = "training_map"
LAYER, STEP = "training_layer", "training_step"
"""Session keys: the number of a layer, and the number of a step of the whole training."""


class Watched(NamedTuple):
    """A run with its looks at the layers."""

    name: str
    looks: LayerHistory


def take_cell(map_key: str, layer_key: str, looks: LayerHistory) -> None:
    """The cell that was clicked becomes the chosen layer and step."""
    if cells := st.session_state[map_key].selection["cell"]:
        st.session_state[layer_key] = int(cells[0]["layer"])
        st.session_state[STEP] = int(looks.rows["total"][int(cells[0]["look"])])


def place_in_words(looks: LayerHistory, look: int) -> str:
    row = looks.rows[look]
    return f"{int(row['total']):,} (epoch {int(row['epoch'])})"


def choose_step(runs: Sequence[Watched]) -> int:
    """A step of those that the maps show, by a click on one of them or by name."""
    from aecore.figures.layer_history import shown_looks

    steps = {int(run.looks.rows["total"][look]) for run in runs for look in shown_looks(run.looks)}
    shown = sorted(steps)
    if st.session_state.get(STEP) not in steps:
        st.session_state[STEP] = shown[-1]
    if len(shown) == 1:
        return shown[0]

    def name(step: int) -> str:
        # Runs with batches of different sizes are in different epochs at the same step.
        return f"{step:,}" if len(runs) > 1 else place_in_words(runs[0].looks, look_at(runs[0].looks, step))

    return st.select_slider("Step", shown, format_func=name, key=STEP)


def look_at(looks: LayerHistory, step: int) -> int:
    """The last look up to a step, the first where there is none."""
    return max(0, int(np.searchsorted(looks.rows["total"], step, side="right")) - 1)


def layer_keys(runs: Sequence[Watched]) -> list[str]:
    """Session keys of the chosen layers: one choice for runs with equally many layers."""
    same = len({len(run.looks.layers) for run in runs}) == 1
    return [LAYER if same or place == 0 else f"{LAYER}_{place}" for place in range(len(runs))]


def choose_layers(runs: Sequence[Watched], columns: Sequence[DeltaGenerator]) -> list[int]:
    """A layer of each run, by a click on its map or by name."""
    from aecore.figures.layer_history import layer_labels

    chosen: dict[str, int] = {}
    for key, run, column in zip(layer_keys(runs), runs, columns, strict=True):
        if key in chosen:
            continue
        labels = layer_labels(run.looks)
        if st.session_state.get(key) not in range(len(labels)):
            st.session_state[key] = 0
        name = "Layer" if len(set(layer_keys(runs))) == 1 else f"Layer of {plain(run.name)}"
        chosen[key] = column.selectbox(name, range(len(labels)), format_func=labels.__getitem__, key=key)
    return [chosen[key] for key in layer_keys(runs)]


def ratio_in_words(ratio: float, epoch: int) -> str:
    """The first layer's gradient beside the last one's."""
    start = f"In epoch {epoch} the first layer's gradient norm"
    if math.isnan(ratio):
        return f"{start} or the last one's is not a number."
    if math.isinf(ratio):
        return f"{start} has nothing to be measured by: the last layer's is 0 or the first one's is infinite."
    return f"{start} is {ratio:.3g} times the last layer's."


def draw_layers(runs: Sequence[Watched]) -> None:
    """The maps, with what is chosen in them below; of two runs side by side, on the same scales."""
    quantity = st.selectbox(
        "Quantity",
        list(QUANTITIES),
        format_func=lambda name: QUANTITIES[name].label,
        key="training_quantity",
        bind="query-params",
        width=320,
    )
    applies = draw_maps(runs, quantity)
    places = st.columns([1, 2] if len(runs) == 1 else [1, 1, 2], gap="large")
    layers = choose_layers(runs, places[:-1])
    with places[-1]:
        step = choose_step(runs)
    looks = [look_at(run.looks, step) for run in runs]
    # Of one run its histograms and its profile stand side by side; of two, each run has a column.
    columns = st.columns(2, gap="large")
    draw_histograms(runs, layers, looks, columns[: len(runs)])
    draw_profiles(runs, quantity if applies else None, looks, columns[-len(runs) :])
    st.caption(
        "Histograms are of absolute values, a bar a factor of four; exact zeros stand apart, in grey on the "
        "left. Figures over the layers are medians of the epoch's looks."
    )


def draw_maps(runs: Sequence[Watched], quantity: str) -> bool:
    """Each run's map; whether there is any."""
    from aecore.figures import layer_history

    known = QUANTITIES[quantity]
    domain = layer_history.span([run.looks.values(quantity) for run in runs], quantity)
    if domain is None:
        st.caption(f"No layer has {known.label}: the activations have no flat part.")
        return False
    st.caption(
        f"{known.label.capitalize()}: {known.doc}. A click on a cell opens that layer at that step; Layer "
        "and Step below do the same."
    )
    for place, (run, column) in enumerate(zip(runs, st.columns(len(runs), gap="large"), strict=True)):
        with column:
            if len(runs) > 1:
                st.markdown(f"**{plain(run.name)}**")
            if np.isnan(run.looks.values(quantity)).all():
                st.caption(f"No layer of this network has {known.label}.")
                continue
            key = f"{MAP}_{place}"
            layout.draw_chart(
                layer_history.heat_map(run.looks, quantity, domain if len(runs) > 1 else None),
                key=key,
                on_select=partial(take_cell, key, layer_keys(runs)[place], run.looks),
                selection_mode="cell",
                alt=f"{known.label.capitalize()} of every layer over the training",
            )
    return True


def draw_histograms(
    runs: Sequence[Watched], layers: Sequence[int], looks: Sequence[int], columns: Sequence[DeltaGenerator]
) -> None:
    """The chosen layer's gradients and activations at the chosen step."""
    from aecore.figures import layer_history

    found = list(zip(runs, layers, looks, strict=True))
    tops = {
        of: max(float(run.looks.values(of)[look, layer].max()) for run, layer, look in found)
        for of in HISTOGRAMS
    }
    for place, ((run, layer, look), column) in enumerate(zip(found, columns, strict=True)):
        what = layer_history.layer_labels(run.looks)[layer]
        with column:
            st.markdown(f"**Layer {plain(what)}, at step {place_in_words(run.looks, look)}**")
            for of, top in tops.items():
                chart = layer_history.histogram(run.looks, of, look, layer, top)
                layout.draw_chart(
                    chart, key=f"training_{of}_{place}", alt=f"Histogram of the {of} of layer {what}"
                )


def draw_profiles(
    runs: Sequence[Watched], quantity: str | None, looks: Sequence[int], columns: Sequence[DeltaGenerator]
) -> None:
    """The quantity over the layers in the chosen step's epoch, and the first layer's gradient by the last."""
    from aecore.figures import layer_history

    epochs = [int(run.looks.rows["epoch"][look]) for run, look in zip(runs, looks, strict=True)]
    domain = None
    if quantity is not None and len(runs) > 1:
        values = [run.looks.profile(quantity, epoch) for run, epoch in zip(runs, epochs, strict=True)]
        domain = layer_history.span(values, quantity)
    for place, (run, epoch, column) in enumerate(zip(runs, epochs, columns, strict=True)):
        with column:
            if quantity is not None and not np.isnan(run.looks.values(quantity)).all():
                st.markdown(f"**{QUANTITIES[quantity].label.capitalize()} over the layers, epoch {epoch}**")
                chart = layer_history.profile(run.looks, quantity, [epoch], domain)
                layout.draw_chart(
                    chart,
                    key=f"training_profile_{place}",
                    alt=f"{QUANTITIES[quantity].label.capitalize()} over the layers, epoch {epoch}",
                )
            st.markdown(ratio_in_words(layer_history.first_to_last(run.looks, epoch), epoch))
