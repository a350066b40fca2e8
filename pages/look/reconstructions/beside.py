"""A second run on the same images, and what it does better or worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import naming, store
from aecore.store import RunInfo
from pages.shared import beside, loading, state
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.store.run import Run

SLOT = "reconstructions_beside"


@dataclass(frozen=True)
class Beside:
    """The second run on the test images."""

    name: str
    """Tells it from the first."""
    run: Run
    errors: np.ndarray
    """Squared error of each test image."""


def choose_beside(run: Run, first: str) -> Beside | None:
    """The second run; None where there is none, after the sentence that says why if one was asked for."""
    found = beside.choose_beside(
        first,
        state.usable_runs(),
        "Compare with",
        "A second run trained on the same data set: what it makes of the same images stands below.",
        key=SLOT,
        link=SLOT,
        width=230,
        refusal=lambda info: _refusal(info, run),
    )
    if found is None:
        return None
    info, name = found
    try:
        errors = loading.test_squared_errors(info.key).numpy()
        return Beside(name, loading.load_run(info.key), errors)
    except store.StoreError as error:
        st.warning(f"{plain(name)} can't be shown beside it: {plain(error)}.")
        return None


def _refusal(info: RunInfo, run: Run) -> str:
    """Why two runs have no images to be compared on; empty where they have."""
    if info.config.data.name == run.config.data.name:
        return ""
    ours, theirs = (naming.data_title(config.data.name) for config in (run.config, info.config))
    return (
        f"{plain(info.name)} was trained on {plain(theirs)} and this run on {plain(ours)}: two runs are "
        "compared on the same images only."
    )


def draw_comparison(other_run: Beside, errors: np.ndarray, pool: np.ndarray) -> None:
    """The second run's error on the images of `pool`, and whether the two can be told apart there."""
    mine, other = errors[pool], other_run.errors[pool]
    st.metric(
        "Squared error of the other run",
        f"{other.mean(dtype=np.float64):.2f}",
        f"{other.mean(dtype=np.float64) - mine.mean(dtype=np.float64):+.2f} against this run's",
        delta_color="inverse",
        help="Of the same images, as above.",
    )
    st.caption(f"{plain(other_run.name)}. {meaning(mine, other)}")


def meaning(mine: np.ndarray, other: np.ndarray) -> str:
    """Which of two runs rebuilds these images better, by the 95 % interval of the difference per image."""
    difference = other.astype(float) - mine.astype(float)
    mean, half = difference.mean(), np.inf
    if len(mine) > 1:
        half = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference))
    better = f"it rebuilds {(difference < 0).mean():.0%} of these images better than this run does"
    if abs(mean) <= half:
        return f"These images don't tell which of the two is better; {better}."
    return f"It is {'better' if mean < 0 else 'worse'} by {abs(mean):.2f} ± {half:.2f} per image; {better}."
