"""Which outputs reach which pixels, and the pairs that a config refuses."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from aecore.config import Config, Normalization, OutputActivation
from aecore.settings import show
from pages.shared import loading
from pages.shared.plain import plain
from pages.understand.contrasts import words


def refusal(base: Config, output: str, normalization: str) -> str:
    """Why a config does not take the pair; empty where it does."""
    try:
        base.with_values({"model.output_activation": output, "data.normalization": normalization})
    except ValueError as error:
        return str(error)
    return ""


def draw_ranges(base: Config) -> None:
    """Every output with every range: whether it is taken, and what the best network could not undo."""
    from aecore.analysis.pixels import fit
    from aecore.data import level_counts, scaling

    data = loading.load_data(base.data.name)
    counts = level_counts(data.test_images)
    fits = {
        (output, name): fit(counts, scaling(name, data), output, data.pixels)
        for output in get_args(OutputActivation)
        for name in get_args(Normalization)
    }
    st.dataframe(
        [
            {
                "Output": show(output),
                "Pixels in": show(name),
                "Out of reach": found.below + found.above,
                "Least squared error": found.least_error,
                "Taken": "no" if refusal(base, output, name) else "yes",
            }
            for (output, name), found in fits.items()
        ],
        hide_index=True,
        key="contrast_ranges",
        column_config={
            "Out of reach": st.column_config.NumberColumn(format="percent"),
            "Least squared error": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Which output activations reach the pixels of which range",
    )
    tanh, sigmoid = fits["tanh", "zero_one"], fits["sigmoid", "minus_one_one"]
    mean = loading.pca_baseline(base.data.name).error(0)
    st.markdown(words.reach(tanh.unused, sigmoid.below, sigmoid.least_error, mean))
    st.caption(f"What is said of a tanh with [0, 1]: {plain(refusal(base, 'tanh', 'zero_one'))}.")
