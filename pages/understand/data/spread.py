"""How a data set's pixels are spread before and after normalization, beside an output's range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore.config import Config, Normalization, OutputActivation
from aecore.settings import show
from pages.shared import layout, loading, settings_form

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.data import ImageData, Scaling


def draw_spread(data: ImageData, normalization: Normalization, output: OutputActivation) -> None:
    """Two histograms, and what goes wrong where normalization and output do not match."""
    from aecore.analysis import pixels
    from aecore.figures.pixels import fit_in_words, pixel_histogram

    counts, scale = level_counts(data.name), scaling(data.name, normalization)
    found = pixels.fit(counts, scale, output, data.pixels)
    unscaled = scaling(data.name, "zero_one")
    fits = found.below + found.above == 0
    box = st.success if fits and found.unused == 0 else st.info if fits else st.warning
    box(fit_in_words(found))
    if refusal := refused(normalization, output):
        st.caption(f"A training refuses these two together: {refusal}.")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**As they are**")
        layout.draw_chart(
            pixel_histogram(counts, unscaled, "grey level, 0 black to 1 white"),
            key="data_before",
            alt="Histogram of the grey levels of the pixels",
        )
    with right:
        st.markdown(f"**As the network sees them**: {show(normalization)}")
        chart = pixel_histogram(counts, scale, "value in training", found)
        about = f"Histogram of the normalized pixels, with the range of {output} above it"
        layout.draw_chart(chart, key="data_after", alt=about)
    st.caption(
        f"All {int(counts.sum()):,} values of the training images; heights are on a square-root scale. "
        + moments(data, normalization)
    )


def refused(normalization: Normalization, output: OutputActivation) -> str:
    """Why a run can't have the two together; empty where it can."""
    try:
        Config().with_values({"data.normalization": normalization, "model.output_activation": output})
    except ValueError as error:
        return settings_form.in_words(str(error))
    return ""


def moments(data: ImageData, normalization: Normalization) -> str:
    """Mean and standard deviation in [0, 1], and what the normalization makes of them."""
    own, used = scaling(data.name, "standardized"), scaling(data.name, normalization)
    channels = [""] if data.shape[0] == 1 else ["red ", "green ", "blue "]
    parts = [
        f"{name}{m:.3f} ± {s:.3f}, then {(m - a) / b:.3f} ± {s / b:.3f}"
        for name, m, s, a, b in zip(channels, own.mean, own.std, used.mean, used.std, strict=True)
    ]
    return f"Mean ± standard deviation: {'; '.join(parts)}."


@st.cache_resource(max_entries=4, show_spinner="Counting the pixels")
def level_counts(name: str) -> Tensor:
    """How many pixels have each grey level, C x 256."""
    from aecore import data

    return data.level_counts(loading.load_data(name).train_images)


@st.cache_resource(max_entries=12, show_spinner="Counting the pixels")
def scaling(name: str, normalization: Normalization) -> Scaling:
    """What the normalization does to the set's pixels."""
    from aecore import data

    return data.scaling(normalization, loading.load_data(name))
