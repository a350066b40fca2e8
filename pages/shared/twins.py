"""The network that differs from a run in its corruption alone: finding it, and the way to train it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from aecore import store
from aecore.config import Config, TrainConfig
from aecore.files import StoreError
from aecore.presets import corruption_text
from pages.shared import settings_form
from pages.shared.leaving import leave_for
from pages.shared.state import TRAIN_PAGE, usable_runs


@dataclass(frozen=True)
class Network:
    """A trained network, called by what it was trained on."""

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
            info = store.read_grid(store.find_run(grid))
        except (StoreError, OSError):
            return
        for k, config in enumerate(info.grid.members):
            if str(k) != number and store.read_info(info.member_path(k)).has_weights:
                yield f"{grid}/{k}", config


def draw_train_button(config: Config, corruption: str, level: float) -> None:
    """Goes to Train, filled with the same settings but for the corruption."""
    values = {"train.corruption": corruption}
    if corruption != "none":
        values["train.corruption_level"] = level
    clean = corruption == "none"
    st.button(
        "Train the same network on clean images" if clean else "Train the same network on this noise",
        icon=":material/model_training:",
        on_click=_go_to_train,
        args=(config.with_values(values),),
        help="Opens Train with the settings of this run and the other corruption.",
    )


def _go_to_train(config: Config) -> None:
    settings_form.fill("train", config)
    leave_for(TRAIN_PAGE)
