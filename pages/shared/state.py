"""The choice that every page shares: which run is looked at. It lives in the sidebar and in the URL.

Page-local widgets keep their own state by `key=..., bind="query-params"` (in the URL, so that a view can
be sent to a colleague) or `persist_state="session"`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from aecore import naming, store
from aecore.cache import has_images
from aecore.files import StoreError
from aecore.settings import member_name
from aecore.store import RunInfo
from pages.shared.plain import plain

RUN = "run"
"""Session and URL key of the chosen run: a folder name, or `<grid>/<k>`."""

BESIDE = "beside"
"""URL key of the run that stands beside the chosen one on the Training page."""

URL_LAG = 2.0
"""Seconds within which a browser may still send the URL it had before the server changed it."""

HOME_PAGE = "pages/home/page.py"
TRAIN_PAGE = "pages/train/train/page.py"
NEW_GRID_PAGE = "pages/train/new_grid/page.py"
RUNS_PAGE = "pages/train/runs/page.py"
RECONSTRUCTIONS_PAGE = "pages/look/reconstructions/page.py"
SPARSITY_PAGE = "pages/look/sparsity/page.py"
CHOOSE_PAGE = "pages/look/choose/page.py"
INTERPOLATION_PAGE = "pages/look/interpolation/page.py"
CODES_PAGE = "pages/look/codes/page.py"
TRAINING_PAGE = "pages/understand/training/page.py"
QUESTIONS_PAGE = "pages/understand/questions/page.py"
DENOISING_PAGE = "pages/use/denoising/page.py"
GENERATION_PAGE = "pages/use/generation/page.py"
FEATURES_PAGE = "pages/use/features/page.py"


def chosen_key() -> str | None:
    """Key of the chosen run, None where there is none to choose."""
    return st.session_state.get(RUN)


def choose(key: str) -> None:
    """Makes `key` the chosen run from the next script run on; call it in a callback or before `st.rerun`."""
    st.session_state["_choose_run"] = key


def usable_runs() -> list[RunInfo]:
    """Runs with weights, newest first."""
    return [r for r in store.list_runs() if isinstance(r, RunInfo) and r.has_weights]


def run_selector() -> RunInfo | None:
    """The sidebar's choice of a run. Says so when the URL names one that is not there."""
    runs = {info.key: info for info in usable_runs()}
    runs |= _members()
    if (wanted := st.session_state.pop("_choose_run", None)) in runs:
        st.session_state[RUN] = wanted
    # The URL names the folder. A bound widget would put the name on screen there, which can change and
    # need not be the only one of its kind.
    linked = st.query_params.get(RUN)
    if linked and linked != st.session_state.get("_linked_run") and not _is_stale(linked):
        st.session_state[RUN if linked in runs else "_missing_run"] = linked
    if st.session_state.get(RUN) not in runs:
        st.session_state.pop(RUN, None)
    if missing := st.session_state.get("_missing_run"):
        known = any(info.key == missing for info in store.list_runs())
        why = "which has no model to look at" if known else "which is not here"
        st.warning(f"The link names the run {plain(missing)}, {why}; another is shown instead.")
    if not runs:
        return None
    names = naming.distinct_names(runs.values())
    if RUN not in st.session_state:
        st.session_state[RUN] = _first(runs)
    chosen = st.session_state[RUN]
    key = st.selectbox(
        "Run",
        list(runs),
        format_func=lambda key: names.get(key, key),
        key=RUN,
        on_change=lambda: st.session_state.pop("_missing_run", None),
        # The field cuts the end of a long name off; here it is whole.
        help=f"The trained model that every page shows: {plain(names[chosen])}.",
    )
    st.session_state["_linked_run"] = key
    if linked != key:
        # Only then: it sends the whole query, which may be older than what a slider has since put there.
        st.query_params[RUN] = key
        st.session_state["_left_run"] = (linked, time.monotonic())
    return runs[key]


def _first(runs: Mapping[str, RunInfo]) -> str:
    """The newest run that there are images for: of the others, most pages can't show anything."""
    return next((key for key, info in runs.items() if has_images(info.config.data.name)), next(iter(runs)))


def _is_stale(linked: str) -> bool:
    """Whether the browser named the run that was left a moment ago: its URL lags behind the server's."""
    left, when = st.session_state.get("_left_run", (None, 0.0))
    return linked == left and time.monotonic() - when < URL_LAG


def _members() -> dict[str, RunInfo]:
    """Members of grids that were chosen or linked in this session, as runs named by their place."""
    asked = (st.session_state.get("_choose_run"), st.query_params.get(RUN), st.session_state.get(RUN))
    # What was chosen before stays on offer, the latest three.
    keys = dict.fromkeys([key for key in asked if key] + st.session_state.get("_members_seen", []))
    found = {key: info for key in keys if (info := find_member(key)) is not None}
    st.session_state["_members_seen"] = list(found)[:3]
    return found


def find_member(key: str) -> RunInfo | None:
    """The grid member of that key; None where there is none with weights. A link may hold anything."""
    if not re.fullmatch(r"[^/\\.][^/\\]*/[0-9]{1,4}", key):
        return None
    grid, k = key.split("/")
    try:
        grid_info = store.read_grid(store.find_run(grid))
        info = store.read_info(grid_info.path / k)
        if not info.has_weights:
            return None
        return replace(info, name=f"{grid_info.name}: {member_name(grid_info.grid, int(k))}")
    except (StoreError, OSError, ValueError):
        return None


def kept_selections(dataset: str) -> dict[str, list[int]]:
    """Selections of test images of a data set, by name, that pages keep for each other in this session.

    The Codes page keeps `latest`, what is selected on its map, and `A` and `B`, saved there to be compared.
    """
    return st.session_state.get(_SELECTIONS, {}).get(dataset, {})


def keep_selection(dataset: str, name: str, numbers: list[int]) -> None:
    """Keeps test images of a data set under a name, such as `A`; an empty list forgets it."""
    kept = st.session_state.setdefault(_SELECTIONS, {}).setdefault(dataset, {})
    kept.pop(name, None)
    if numbers:
        kept[name] = [int(number) for number in numbers]


_SELECTIONS = "_kept_selections"
