"""A second run beside the chosen one: its choice, which the link keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import streamlit as st

from aecore import naming
from aecore.store import RunInfo
from pages.shared import state
from pages.shared.plain import plain


def choose_beside(
    first: str,
    runs: Iterable[RunInfo],
    label: str,
    help: str,
    *,
    key: str,
    link: str,
    width: int = 420,
    refusal: Callable[[RunInfo], str] = lambda info: "",
) -> tuple[RunInfo, str] | None:
    """The run to stand beside the one of the key `first`, and what tells it from the others.

    None where there is none, after the sentence that says why if the link asked for one. `runs` are on offer
    but for those that `refusal` has a sentence against; `key` is the selector's in the session, `link` the
    query parameter that keeps it, `width` its pixels.
    """
    known = {info.key: info for info in runs}
    linked = st.query_params.get(link)
    for wanted in (linked, st.session_state.get(key)):
        # Members of grids are many: only one that was named is on offer.
        if wanted and wanted not in known and (member := state.find_member(wanted)) is not None:
            known[wanted] = member
    ours = known.pop(first, None) or state.find_member(first)
    refused = {k: reason for k, info in known.items() if (reason := refusal(info))}
    offered = {k: info for k, info in known.items() if k not in refused}
    if key not in st.session_state and linked in offered:
        st.session_state[key] = linked
    elif linked and linked not in offered and linked != first:
        missing = f"The link names the run {plain(linked)} to compare with, which is not here."
        st.info(refused.get(linked, missing))
    if st.session_state.get(key) not in offered:
        st.session_state.pop(key, None)
    if not offered:
        return None
    names = naming.distinct_names([*offered.values(), *([ours] if ours else [])])
    chosen = st.selectbox(
        label,
        list(offered),
        format_func=lambda k: names.get(k, k),
        index=None,
        placeholder="no other run",
        key=key,
        on_change=partial(_keep_in_link, key, link),
        persist_state="session",
        width=width,
        help=help,
    )
    return None if chosen is None else (offered[chosen], names[chosen])


def _keep_in_link(key: str, link: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        st.query_params[link] = chosen
    elif link in st.query_params:
        del st.query_params[link]
