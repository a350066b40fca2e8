"""What the pictures are made from: a trained run whose images are here, and grids that answer a question."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore import store
from aecore.analysis import selection
from aecore.naming import data_title
from aecore.results import EpochRecord
from aecore.store import GridInfo
from pages.shared import grid_source, loading, state

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.store.run import Run


@dataclass(frozen=True)
class Subject:
    """A trained run, with its images."""

    key: str
    run: Run
    data: ImageData


def subject() -> Subject | None:
    """The chosen run, or the newest other one, whose weights can be loaded and whose images are here."""
    chosen = state.chosen_key()
    keys = dict.fromkeys(([chosen] if chosen else []) + [info.key for info in state.usable_runs()])
    for key in keys:
        try:
            run = loading.load_run(key)
            return Subject(key, run, loading.images_of(run))
        except ValueError:
            continue
    return None


def require_subject() -> Subject | None:
    """The subject with the line that names it; where there is none, what would be here."""
    found = subject()
    if found is None:
        st.info("This picture is made from a trained network, and none whose images are here is trained yet.")
        st.page_link(state.TRAIN_PAGE, label="Train the first one", icon=":material/model_training:")
        return None
    return found


def made_from(found: Subject, more: str = "") -> None:
    """The line that says which run a picture was made from, and how; the run's name is text, not markup."""
    text = html.escape(f"From {found.run.name}, on test images of {data_title(found.data.name)}. {more}")
    st.html(f'<div style="font-size:0.875rem;opacity:0.7">{text}</div>')


@dataclass(frozen=True)
class Measured:
    """Models that differ in their seed alone: their squared error on the test images."""

    values: Mapping[str, Any]
    """Their place on the grid's axes, the seed left out."""
    mean: float
    low: float
    high: float
    ks: tuple[int, ...]
    """The members, by seed."""


def measured(info: GridInfo) -> list[Measured]:
    """The grid's finished models, over seeds, in the order of its positions."""
    found = []
    for group in selection.groups(selection.candidates(info.grid, info.members())):
        if group.test is None:
            continue
        values = {name: group.config.get(name) for name in info.grid.axes if name != selection.SEED}
        ks = tuple(c.k for c in group.members)
        found.append(Measured(values, group.test, min(group.tests), max(group.tests), ks))
    return found


def pictures(info: GridInfo) -> np.ndarray:
    """What every member makes of the probe images: uint8, members x n x C x H x W."""
    return grid_source.pictures(info).images


def histories(info: GridInfo) -> list[list[EpochRecord]]:
    """Each member's epochs."""
    return _histories(str(info.path), info.created)


@st.cache_data(max_entries=8, show_spinner=False)
def _histories(path: str, created: float) -> list[list[EpochRecord]]:
    from pathlib import Path

    return grid_source.histories(store.read_grid(Path(path)))


def mean_image_error(name: str) -> float | None:
    """Squared error of the mean training image on the test images; None where the images are not here."""
    try:
        return loading.pca_baseline(name).error(0)
    except ValueError:
        return None
