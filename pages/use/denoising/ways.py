"""The ways of denoising that the page compares, and the network that differs in its corruption alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from aecore.config import Config, TrainConfig
from aecore.files import StoreError
from aecore.presets import corruption_text
from pages.shared import loading
from pages.shared.state import usable_runs

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.denoising import Filter

Way = Callable[["Tensor"], "Tensor"]

CHOOSING, SCORED, CURVE = 48, 300, 150
"""Validation images that a filter is chosen on; test images that figures and curves are measured on."""


@dataclass(frozen=True)
class Network:
    """A trained network as one of the ways."""

    key: str
    config: Config

    @property
    def name(self) -> str:
        """`network trained on masking 0.5`, or on clean images."""
        return f"network trained on {corruption_text(self.config.train) or 'clean images'}"


def twin_of(key: str, config: Config, corruption: str) -> Network | None:
    """The newest run or fellow member of a grid that was trained as `config`, but on clean images.

    Of a network trained on clean images it is one trained on `corruption`; None where there is none.
    """
    wanted = corruption if config.train.corruption == "none" else "none"
    for other, its_config in _candidates(key):
        if its_config.train.corruption == wanted and same_but_for_corruption(config, its_config):
            return Network(other, its_config)
    return None


def same_but_for_corruption(a: Config, b: Config) -> bool:
    """Whether two configs differ in the corruption and its level at most."""
    return _clean(a) == _clean(b)


def _clean(config: Config) -> Config:
    train = TrainConfig()
    return config.with_values(
        {"train.corruption": train.corruption, "train.corruption_level": train.corruption_level}
    )


def _candidates(key: str) -> Iterable[tuple[str, Config]]:
    for info in usable_runs():
        if info.key != key:
            yield info.key, info.config
    grid, _, number = key.partition("/")
    if number:
        try:
            members = store.read_grid(store.checkpoints_root() / grid).grid.members
        except (StoreError, OSError):
            return
        for k, config in enumerate(members):
            if str(k) != number and store.read_info(store.checkpoints_root() / grid / str(k)).has_weights:
                yield f"{grid}/{k}", config


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
    return denoising.choose_filter(clean, denoising.corrupted(clean, train, first))
