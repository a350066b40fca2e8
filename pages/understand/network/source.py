"""Which network is shown: the chosen run's, a preset's, or that of the settings being typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import store
from aecore.config import Config, field_paths
from aecore.presets import PRESETS
from aecore.store import StoreError
from pages.shared import loading, settings_form
from pages.shared.plain import plain
from pages.shared.state import chosen_key

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.analysis.layers import Layer
    from aecore.data import ImageData
    from aecore.store.run import Run

RUN, TYPED = "chosen run", "settings"
SAMPLE = 500
"""Test images over which units are counted that never answer."""
LARGEST = 20_000_000
"""Parameters of the largest network that is built only to be looked at: 80 MB."""


@dataclass(frozen=True)
class Network:
    """What is drawn."""

    config: Config
    layers: Sequence[Layer]
    data: ImageData | None
    """The images, where they are on this machine."""
    run: Run | None
    """With weights, trained or initial; None where nothing can go through it."""
    trained: bool

    @property
    def silent(self) -> tuple[int, ...]:
        """Of every layer, the units that are 0 for all of the first `SAMPLE` test images."""
        if self.trained:
            key = chosen_key()
            return _silent_of_run(key, store.weights_stamp(key))
        return _silent_initially(self.config)


def choose_network(row: DeltaGenerator) -> Network | None:
    """The choice of it in the row, below it the form where settings are typed; None, with the reason,
    where there is no network to show."""
    sources = ([RUN] if chosen_key() is not None else []) + [*PRESETS, TYPED]
    if st.session_state.get("network_of") not in (None, *sources):
        st.session_state["network_of"] = sources[0]
    source = row.segmented_control(
        "Network",
        sources,
        default=sources[0],
        required=True,
        wrap=True,
        key="network_of",
        bind="query-params",
        help="The chosen run's, a preset's before its training, or that of settings you type.",
    )
    if source == RUN:
        return _of_run(chosen_key())
    config = _typed() if source == TYPED else PRESETS[source].with_values({"data.name": _data_name(row)})
    return None if config is None else _untrained(config)


def _of_run(key: str) -> Network | None:
    from aecore.analysis.layers import layers

    try:
        run = loading.load_run(key)
    except StoreError as error:
        st.error(f"{plain(key)} can't be shown: {plain(error)}.")
        return None
    return Network(
        run.config, layers(run.model, run.shape), _images(loading.images_of, run), run, trained=True
    )


def _untrained(config: Config) -> Network:
    from aecore.analysis.layers import layers
    from aecore.data import find
    from aecore.models import outline

    shape = find(config.data.name).shape
    found = layers(outline(config.model, shape), shape)
    data = _images(loading.load_data, config.data.name)
    parameters = sum(layer.parameters for layer in found)
    if parameters > LARGEST:
        st.warning(
            f"With {parameters:,} parameters the network is drawn without an image in it; up to "
            f"{LARGEST:,} are built here."
        )
        return Network(config, found, data, None, trained=False)
    return Network(config, found, data, loading.initial_run(config) if data else None, trained=False)


def _images(load: Callable[[Any], ImageData], of: Any) -> ImageData | None:
    """The images; None, with the sentence that says why, where they are not to be had."""
    try:
        return load(of)
    except ValueError as error:
        st.error(plain(error))
        return None


def _data_name(row: DeltaGenerator) -> str:
    """The data set of a preset: the chosen one, else one that is there."""
    from aecore.data import datasets

    there = {name: dataset for name, dataset in datasets().items() if dataset.is_ready()}
    names = list(there)
    return row.selectbox(
        "Data set",
        names,
        index=names.index("mnist") if "mnist" in names else 0,
        format_func=lambda name: there[name].title,  # what the link names too
        key="network_data",
        bind="query-params",
        width=240,
    )


def _typed() -> Config | None:
    """The settings of the Train page's form that shape the network; None, with the reason, if they can't."""
    settings_form.begin(settings_form.TRAIN)
    with st.expander("Settings of the network, the same as on the Train page", expanded=True):
        settings_form.draw_preset(settings_form.TRAIN)
        fields = ["data.name", "data.normalization", "train.seed"]
        fields += [field for field in field_paths() if field.startswith("model.")]
        settings_form.draw_fields(settings_form.TRAIN, fields, columns=3)
    try:
        return settings_form.read(settings_form.TRAIN)
    except ValueError as error:
        st.error(plain(error), icon=":material/block:")
        return None


@st.cache_data(max_entries=24, show_spinner=False)
def _silent_of_run(key: str, stamp: int) -> tuple[int, ...]:
    return _silent(loading.load_run(key))


@st.cache_data(max_entries=24, show_spinner=False)
def _silent_initially(config: Config) -> tuple[int, ...]:
    return _silent(loading.initial_run(config))


def _silent(run: Run) -> tuple[int, ...]:
    from aecore.analysis.layers import activations, silent_units

    images = loading.load_data(run.config.data.name).test_images[:SAMPLE]
    return tuple(silent_units(v) for v in activations(run.model, run.scaling.normalize(images)))
