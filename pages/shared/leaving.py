"""From a button to another page, surely: the browser's timers are ended before the page is switched.

A fragment with `run_every` is rerun by a timer in the browser. A tick that is sent while `st.switch_page`
already draws the next page still names the page that was left, and Streamlit then empties the new one. So
a page is left in two steps: one run without timers and without a page, in which a component reports from
the browser; whatever came before that report came in time, and only then is the page switched.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

_HERE, _TARGET = "_leaving_here", "_leaving_for"  # session keys

# Once only: a second report would come from a page that is left already.
_report = st.components.v2.component(
    "leaving",
    html="<span></span>",
    js="""export default function ({ parentElement, setTriggerValue }) {
      const mark = parentElement.querySelector("span");
      if (mark.dataset.reported) return;
      mark.dataset.reported = "yes";
      setTriggerValue("ready", true);
    }""",
)


def leave_for(page: str, link: Mapping[str, str] | None = None) -> None:
    """Goes to the page of that file; call it in a button's callback, which no other rerun can overtake.

    `link` holds the query parameters of the URL that it is opened with.
    """
    st.session_state[_TARGET] = page, dict(link or {})
    st.rerun()


def is_leaving(here: str) -> bool:
    """Whether the page at the URL path `here` is being left; for the entry point, before it draws."""
    if st.session_state.get(_HERE) != here:
        st.session_state.pop(_TARGET, None)
    st.session_state[_HERE] = here
    return _TARGET in st.session_state


def wait_for_browser() -> None:
    """Stands in the place of the page until the browser has reported, and then switches."""
    _report(key="leaving", on_ready_change=_switch)


def _switch() -> None:
    if (target := st.session_state.pop(_TARGET, None)) is not None:
        page, link = target
        st.switch_page(page, query_params=link)
