"""Changing a run while it trains: the learning rate, the penalties, and pauses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from aecore import jobs, store
from aecore.config import PENALTIES, Config
from aecore.events import RATE, Event, change_text, course, settings_at
from aecore.store import RunInfo
from pages.shared import notices, permits, settings_form
from pages.shared.plain import plain

OFFERED = ("code_l1", "code_l2")
"""Penalties whose strength can be set even where they are not in use yet."""

STEP = 1e-4
"""What one click on + adds to a learning rate or a strength."""

_PROBLEM = "_change_problem"  # session key: run and sentence


def events_of(info: RunInfo) -> list[Event]:
    """The run's events; where they can't be read, the reason on the page and none."""
    try:
        return store.read_events(info.path)
    except store.StoreError as error:
        st.error(f"The changes of {plain(info.name)} can't be shown: {plain(error)}.")
        return []


def settings_now(info: RunInfo, events: list[Event]) -> Config:
    """What is in force at the step that a run at work has told last, or at the end of another."""
    progress = info.progress
    if not jobs.is_active(progress):
        return settings_at(info.config, events)
    return settings_at(info.config, events, progress.epoch * progress.steps + progress.step)


def changes_in_words(events: list[Event]) -> str:
    """`from epoch 2.35 learning rate 0.0005; from epoch 4 L1 0.001`, empty where nothing was changed."""
    return "; ".join(f"from epoch {e.epoch:.3g} {change_text(e.values)}" for e in course(events))


def draw_course(info: RunInfo, events: list[Event]) -> None:
    """What was changed while the run was trained and where a branch began; nothing for another run."""
    if changed := changes_in_words(events):
        st.caption(f"Changed while it was trained: {plain(changed)}.")
    if info.origin is not None:
        st.caption(f"Began with the weights of {plain(info.origin.text)}.")


def draw_pause_buttons(info: RunInfo, key: str, one_epoch: bool = True, width: str = "content") -> None:
    """Pause or Continue, and One epoch, for the container they are called in."""
    paused = info.progress.status == "paused"
    if paused:
        on = "Trains on from this step."
        _button(info, "Continue", f"{key}_continue", "play_arrow", jobs.go_on, on, width)
    else:
        keeps = "Waits at the next step. It keeps its place and its device; Stop gives them to others."
        _button(info, "Pause", f"{key}_pause", "pause", jobs.pause, keeps, width)
    if one_epoch:
        to_end = "Trains to the end of the epoch, and pauses there."
        _button(info, "One epoch", f"{key}_one_epoch", "skip_next", jobs.train_one_epoch, to_end, width)


def _button(
    info: RunInfo, text: str, key: str, icon: str, ask: Callable[[Path], None], says: str, width: str
) -> None:
    icon, refused = f":material/{icon}:", permits.why_not(info.path)
    st.button(
        text,
        key=key,
        icon=icon,
        on_click=_ask,
        args=(ask, info),
        help=refused or says,
        width=width,
        disabled=refused is not None,
    )


def _ask(ask: Callable[[Path], None], info: RunInfo) -> None:
    try:
        ask(info.path)
    except (RuntimeError, OSError, ValueError) as error:
        notices.say(f"{error}.", "error")


def draw_changes(info: RunInfo) -> None:
    """The row of what can be changed now, with the values in force; nothing where that is not allowed."""
    if permits.why_not(info.path) is not None:
        return
    events = events_of(info)
    now = settings_now(info, events)
    fields = [RATE, *(f"loss.{name}" for name in PENALTIES if name in (*OFFERED, *now.loss.penalties))]
    # Named by what is in force: once a change has taken effect, its values are what stands in the fields.
    stamp = "_".join(f"{now.get(field):g}" for field in fields)
    keys = {field: f"change_{info.key}_{field}_{stamp}" for field in fields}
    form = st.form("train_changes")
    form.caption("Change while it runs")
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        for field in fields:
            with st.container(width=128):
                st.number_input(
                    "Learning rate" if field == RATE else PENALTIES[field.removeprefix("loss.")].name,
                    value=now.get(field),
                    step=STEP,
                    format="%g",
                    key=keys[field],
                    help=_help(field, now),
                )
        st.form_submit_button(
            "Apply",
            key="train_apply",
            icon=":material/check:",
            on_click=_apply,
            args=(info, now, keys),
            help="Takes effect at the next step. The step is kept with the run, so that it can be trained "
            "again to the same bits.",
        )
    place, problem = st.session_state.get(_PROBLEM, (None, ""))
    if problem and place == info.key:
        st.error(plain(problem), icon=":material/block:")
    elif waiting := [r for _, r in store.read_requests(info.path) if r is not None and r.kind == "change"]:
        st.caption(f"Asked for, from the next step on: {plain(change_text(waiting[-1].values))}.")


def _help(field: str, now: Config) -> str:
    if field != RATE:
        return f"{settings_form.field_docs()[field]} 0 leaves it out."
    scaled = "" if now.train.schedule == "constant" else " The schedule's course is scaled to it."
    return f"In force is {now.train.learning_rate:g}.{scaled}"


def _apply(info: RunInfo, now: Config, keys: dict[str, str]) -> None:
    """Asks for what differs from what is in force, or says in one sentence what is wrong with it."""
    st.session_state.pop(_PROBLEM, None)
    try:
        values = {field: st.session_state[key] for field, key in keys.items()}
        wanted = {field: float(value) for field, value in values.items() if value != now.get(field)}
        if not wanted:
            raise ValueError("These values are in force already.")
        jobs.change(info.path, wanted)
    except (RuntimeError, OSError, ValueError) as error:
        st.session_state[_PROBLEM] = info.key, settings_form.in_words(str(error))
