"""A second run to stand beside the chosen one: its choice, which the link keeps."""

from __future__ import annotations

import streamlit as st

from aecore import naming, store
from aecore.store import RunInfo
from pages.shared import state
from pages.shared.plain import plain
from pages.shared.state import BESIDE

CHOICE = "training_beside"


def choose_beside(info: RunInfo) -> RunInfo | None:
    """The run that is to stand beside the chosen one; None for no other."""
    runs = {run.key: run for run in store.list_runs() if isinstance(run, RunInfo)}
    linked = st.query_params.get(BESIDE)
    for key in (linked, st.session_state.get(CHOICE)):
        # Members of grids are many: only one that was named is on offer.
        if key and key not in runs and (member := state.find_member(key)) is not None:
            runs[key] = member
    runs.pop(info.key, None)
    if CHOICE not in st.session_state and linked in runs:
        st.session_state[CHOICE] = linked
    elif linked and linked not in runs and linked != info.key:
        st.warning(f"The link names the run {plain(linked)} to stand beside, which is not here.")
    if st.session_state.get(CHOICE) not in runs:
        st.session_state.pop(CHOICE, None)
    if not runs:
        return None
    names = naming.distinct_names(runs.values())
    key = st.selectbox(
        "Beside it",
        list(runs),
        format_func=lambda key: names.get(key, key),
        index=None,
        placeholder="no other run",
        key=CHOICE,
        on_change=_keep_in_link,
        help="A second run, on the same scales and at the same epoch.",
        width=420,
    )
    return None if key is None else runs[key]


def _keep_in_link() -> None:
    key = st.session_state[CHOICE]
    if key is not None:
        st.query_params[BESIDE] = key
    elif BESIDE in st.query_params:
        del st.query_params[BESIDE]
