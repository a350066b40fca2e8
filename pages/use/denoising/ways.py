"""The ways of denoising that the page compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from aecore import kept
from aecore.config import TrainConfig
from pages.shared import loading

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.denoising import Filter

Way = Callable[["Tensor"], "Tensor"]

CHOOSING, SCORED, CURVE = 48, 300, 150
"""Validation images that a filter is chosen on; test images that figures and curves are measured on."""


@st.cache_resource(max_entries=64, show_spinner="Choosing a classical filter on validation images")
def classical_filter(data_name: str, train: TrainConfig, fraction: float, split_seed: int) -> Filter:
    """The filter that is best on validation images corrupted as `train` says."""
    from aecore.analysis import denoising
    from aecore.data import unit_range

    data = loading.load_data(data_name)
    held_out = data.split(fraction, split_seed)[1]
    # Without validation images the last training images stand in: the network saw them, the filter did not.
    index = held_out[:CHOOSING] if len(held_out) else range(len(data.train_images))[-CHOOSING:]
    clean = unit_range(data.train_images[index])
    # Counted from behind the test images' numbers, so that no noise is scored that was chosen on.
    first = len(data.test_images)
    seen = denoising.corrupted(clean, train, first)
    made_from = kept.digest(data.checksum, train.to_dict(), fraction, split_seed)
    name = loading.keep("filter", made_from, lambda: denoising.choose_filter(clean, seen).name)
    return denoising.filter_of(name, clean, seen)
