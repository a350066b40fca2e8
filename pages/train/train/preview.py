"""Before a training: the network as its settings make it, with test images going through it untrained."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import jobs
from pages.components.network_drawing import network_drawing
from pages.shared import loading, training_view
from pages.shared.plain import plain
from pages.shared.settings_form import in_words

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.config import Config

IMAGES, STEPS = 6, 4
"""Test images to send through it, and steps from one's code to the next one's."""
LARGEST = 5_000_000
"""Parameters of the largest network that is built at each change of a setting: some tenths of a second."""


def is_ahead(config: Config) -> bool:
    """Whether these settings are still to be trained: no run is at work, and they were not the last."""
    seen = training_view.subject()
    return seen is None or not (jobs.is_active(seen.progress) or seen.config == config)


def draw(place: DeltaGenerator, config: Config, parameters: int) -> None:
    """Fills the place; says in a sentence why where there is no network to draw."""
    if parameters > LARGEST:
        place.caption(
            f"With {parameters:,} parameters the network is not built before it is trained; up to "
            f"{LARGEST:,} are drawn here at work."
        )
        return
    try:
        values = _values(config)
    except (ValueError, RuntimeError) as error:
        place.caption(plain(in_words(str(error))))
        return
    units = config.model.latent_size
    with place.container():
        st.markdown("**Before training**")
        network_drawing(**values, result="What comes out before training", key="train_preview")
        mean, pca = (fmean(errors) for errors in (values["walk"]["errors"], values["pca_errors"]))
        st.caption(
            f"The weights are as they begin, drawn with seed {config.train.seed}. Mean squared error "
            f"of these {len(values['names'])} images {mean:.0f}, of PCA with {units} "
            f"component{'s' * (units != 1)} {pca:.0f}. Press Train, and the output becomes the image."
        )


@st.cache_data(max_entries=12, show_spinner=False)
def _values(config: Config) -> dict[str, Any]:
    """What `network_drawing` shows of a network with its initial weights, ready to be sent."""
    from aecore.analysis.metrics import squared_errors
    from aecore.data import classes_in_turn, unit_range
    from aecore.figures.network import walk

    run = loading.initial_run(config)
    data = loading.load_data(config.data.name)
    chosen = classes_in_turn(data.test_labels, IMAGES, 0)
    x = unit_range(data.test_images[chosen])
    linear = loading.pca_baseline(data.name).reconstruct(x, run.latent_size)
    return {
        "walk": walk(run, data.test_images[chosen], STEPS).to_json(),
        "names": [
            data.known_classes[label] if data.known_classes else f"image {number}"
            for number, label in zip(chosen, data.test_labels[chosen], strict=True)
        ],
        "pca_errors": [round(float(e), 3) for e in squared_errors(x, linear)],
    }
