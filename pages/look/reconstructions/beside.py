"""A second run on the same images: its choice, which the link keeps, and what it does better or worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import naming, store
from aecore.store import RunInfo
from pages.shared import loading, state
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


def choose_beside(run: Run, key: str) -> Beside | None:
    """The second run; None where there is none, after the sentence that says why if one was asked for."""
    runs = {info.key: info for info in state.usable_runs()}
    linked = st.query_params.get(SLOT)
    for wanted in (linked, st.session_state.get(SLOT)):
        # Members of grids are many: only one that was named is on offer.
        if wanted and wanted not in runs and (member := state.find_member(wanted)) is not None:
            runs[wanted] = member
    first = runs.pop(key, None) or state.find_member(key)
    same = {k: info for k, info in runs.items() if info.config.data.name == run.config.data.name}
    if SLOT not in st.session_state and linked in same:
        st.session_state[SLOT] = linked
    elif linked and linked not in same and linked != key:
        st.info(_refusal(linked, runs.get(linked), run))
    if st.session_state.get(SLOT) not in same:
        st.session_state.pop(SLOT, None)
    if not same:
        return None
    names = naming.distinct_names([*same.values(), *([first] if first else [])])
    chosen = st.selectbox(
        "Compare with",
        list(same),
        format_func=lambda k: names.get(k, k),
        index=None,
        placeholder="no other run",
        key=SLOT,
        on_change=_keep_in_link,
        persist_state="session",
        width=420,
        help="A second run trained on the same data set: what it makes of the same images stands below.",
    )
    if chosen is None:
        return None
    try:
        return Beside(names[chosen], loading.load_run(chosen), loading.test_squared_errors(chosen).numpy())
    except store.StoreError as error:
        st.warning(f"{plain(names[chosen])} can't be shown beside it: {plain(error)}.")
        return None


def _refusal(linked: str, info: RunInfo | None, run: Run) -> str:
    if info is None:
        return f"The link names the run {plain(linked)} to compare with, which is not here."
    ours, theirs = (naming.data_title(config.data.name) for config in (run.config, info.config))
    return (
        f"{plain(info.name)} was trained on {plain(theirs)} and this run on {plain(ours)}: two runs are "
        "compared on the same images only."
    )


def _keep_in_link() -> None:
    chosen = st.session_state[SLOT]
    if chosen is not None:
        st.query_params[SLOT] = chosen
    elif SLOT in st.query_params:
        del st.query_params[SLOT]


def draw_comparison(beside: Beside, errors: np.ndarray, pool: np.ndarray) -> None:
    """The second run's error on the images of `pool`, and whether the two can be told apart there."""
    mine, other = errors[pool], beside.errors[pool]
    st.metric(
        "Squared error of the other run",
        f"{other.mean(dtype=np.float64):.2f}",
        f"{other.mean(dtype=np.float64) - mine.mean(dtype=np.float64):+.2f} against this run's",
        delta_color="inverse",
        help="Of the same images, as above.",
    )
    st.caption(f"{plain(beside.name)}. {meaning(mine, other)}")


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
