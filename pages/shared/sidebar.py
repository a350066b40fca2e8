"""The sidebar of every page: the chosen run with its figure, and the job that is running."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from aecore import jobs, store
from aecore.store import GridInfo, RunInfo
from pages.shared import drafts, going, permits, state, visitors
from pages.shared.change_controls import draw_pause_buttons
from pages.shared.collection import spare_imports
from pages.shared.job_controls import draw_stop_button, stop, waits_for
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import NEW_GRID_PAGE, TRAIN_PAGE, run_selector
from pages.shared.words import time_left
from pages.shared.words_dialog import draw_button as draw_words_button

FAST, SLOW = 1.0, 5.0
"""Seconds between two looks at the jobs, with and without one."""

_ENDED = "_ended_job"
"""Session key of the job that ended last."""

LOGO = Path(__file__).with_name("logo.svg")


def draw(live: bool = True) -> None:
    """Draws it; called by the entry point before the page. `live` looks at the jobs again and again."""
    st.logo(str(LOGO), size="large")
    with st.sidebar:
        info = run_selector()
        if info is not None:
            _figure(info)
        active = jobs.active()
        _note_ended([info.key for info in active])
        _offer(info)
        # What the page drawn after this shows; only the fragment's own reruns can find it outdated.
        st.session_state["_jobs_seen"] = [info.key for info in active]
        _person()
        every = FAST if active else SLOW
        st.fragment(going.telling(_jobs), run_every=every if live else None)()
        draw_words_button()
        drafts.draw_keeper()


def _person() -> None:
    """Who has logged in and the way out, or the way in; nothing where nobody logs in."""
    if not visitors.has_login():
        return
    who = visitors.logged_in()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if who is None:
            st.button("Log in", key="sidebar_login", icon=":material/login:", on_click=st.login)
        else:
            st.caption(f"Logged in as {plain(who.name or 'a visitor')}", width="stretch")
            st.button("Log out", key="sidebar_logout", type="tertiary", on_click=st.logout)


def _note_ended(active: list[str]) -> None:
    """Keeps in the session which of the jobs seen at work in it was the last to end."""
    ended = [key for key in st.session_state.get("_jobs_seen", []) if key not in active]
    if ended:
        st.session_state[_ENDED] = ended[-1]


def _offer(chosen: RunInfo | None) -> None:
    """What has ended while another run is the chosen one, with the button that shows it instead."""
    key = st.session_state.get(_ENDED)
    if key is None:
        return
    try:
        info = jobs.read(store.find_run(key))
    except (store.StoreError, OSError):
        del st.session_state[_ENDED]
        return
    is_grid = isinstance(info, GridInfo)
    if jobs.is_active(info.progress) or not (is_grid or info.has_weights):
        return
    if chosen is not None and chosen.key == key:
        del st.session_state[_ENDED]
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"**Trained** {plain(info.name)}")
        with st.container(horizontal=True):
            st.button(
                "Choose among them" if is_grid else "Show this one",
                key="sidebar_take",
                type="primary",
                on_click=_take_grid if is_grid else _take,
                args=(key,),
                help=None if is_grid else "Makes it the run that every page shows.",
            )
            st.button("Not now", key="sidebar_leave", type="tertiary", on_click=_forget_ended)


def _take(key: str) -> None:
    state.choose(key)
    _forget_ended()


def _take_grid(key: str) -> None:
    _forget_ended()
    st.session_state["choose_grid"] = key
    leave_for(state.CHOOSE_PAGE)


def _forget_ended() -> None:
    st.session_state.pop(_ENDED, None)


def _figure(info: RunInfo) -> None:
    if info.result is None:
        st.caption(f"{jobs.status(info).capitalize()}; test figures come at the end.")
        return
    test = info.result.test
    pca = test.pca_squared_error
    beside = f" (PCA {pca:.1f})" if pca is not None else ""
    text, more = f"Squared error {test.squared_error:.1f}{beside}", ""
    if test.bound is not None:
        text += f" · ELBO {test.bound.elbo:.1f}"
        more = " Of a variational network's mean codes; its ELBO is in nats, and higher is better."
    st.caption(
        text,
        help="Sum over pixels of the squared difference, mean over test images, pixels in [0, 1]; lower is "
        "better. PCA has as many components as the code has units." + more,
    )


def _jobs() -> None:
    spare_imports()
    active = jobs.active()
    keys = [info.key for info in active]
    if keys != st.session_state["_jobs_seen"]:
        # The page's lists and buttons change with a job's begin and end, and so does this fragment's pace.
        st.rerun(scope="app")
    if not active:
        return
    first, waiting = active[0], active[1:]
    with st.container(border=True, gap="small"):
        paused = first.progress.status == "paused"
        st.markdown(f"**{'Paused' if paused else 'Training'}** {plain(first.name)}")
        draw_progress_bar(first)
        if paused and isinstance(first, RunInfo):
            draw_pause_buttons(first, "sidebar", one_epoch=False, width="stretch")
        draw_stop_button(
            first,
            "sidebar_stop",
            "Stops at the next step and keeps the model reached; it can be resumed.",
            width="stretch",
        )
        for info in waiting:
            _waiting(info)
        page = NEW_GRID_PAGE if isinstance(first, GridInfo) else TRAIN_PAGE
        st.page_link(page, label="Watch", icon=":material/visibility:")


def _waiting(info: jobs.Job) -> None:
    """A job that is not the first, with its own button to take it out of the queue."""
    paused = info.progress.status == "paused"
    at_work = paused or info.progress.status == "running"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        icon = "pause" if paused else "model_training" if at_work else "hourglass_empty"
        words = "is paused" if paused else "trains as well" if at_work else waits_for(info)
        st.caption(f":material/{icon}: {plain(info.name)} · {words}", width="stretch")
        asked, refused = store.stop_requested(info.path), permits.why_not(info.path)
        st.button(
            "Stop",
            key=f"sidebar_stop_{info.key}",
            icon=":material/stop:",
            type="tertiary",
            disabled=asked or refused is not None,
            on_click=stop,
            args=(info.path,),
            help=refused,
        )


def draw_progress_bar(info: jobs.Job) -> None:
    """One bar over the whole run or grid with count and time left, as far as its process has told."""
    progress, epochs = info.progress, info.config.train.epochs
    if progress.status == "queued":
        st.progress(0.0, waits_for(info))
        return
    if isinstance(info, GridInfo):
        count = f"{progress.members_done} of {len(info.grid.members)} models"
        fraction = min(max(progress.fraction, 0.0), 1.0)
        st.progress(fraction, f"{count} · {time_left(progress.seconds_left)}")
        return
    done = progress.epoch + progress.step / (progress.steps or 1)
    left = "paused" if progress.status == "paused" else time_left(progress.seconds_left)
    st.progress(
        min(max(done / epochs, 0.0), 1.0),
        f"epoch {min(int(done) + 1, epochs)} of {epochs} · {left}",
    )
