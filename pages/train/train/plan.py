"""What the settings in the form make: the layers, the button, and what a training would cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from aecore import jobs, store
from aecore.access import RefusedError
from aecore.config import Config
from aecore.files import StoreError
from aecore.store import RunInfo
from pages.shared import settings_form
from pages.shared.job_controls import draw_start_button
from pages.shared.layer_bars import layer_bars
from pages.shared.plain import plain
from pages.shared.words import about, device_words

if TYPE_CHECKING:
    from aecore.data import Dataset

FORM = settings_form.TRAIN


def start() -> None:
    """Starts or queues the training, unless a run of the same settings is at work already; for the button.

    Reads the form itself: a click may come before the page has been drawn with what was typed last.
    """
    try:
        config = settings_form.read(FORM)
    except ValueError as error:
        st.toast(plain(error), icon=":material/block:")
        return
    branch = settings_form.branch_of(FORM)
    runs = (job for job in jobs.active() if isinstance(job, RunInfo))  # a grid's own config is only its base
    if twin := next((run for run in runs if run.config == config and _branch_of(run) == branch), None):
        st.toast(f"{plain(twin.name)} has the same settings and is at work already.", icon=":material/info:")
        return
    try:
        name = st.session_state.get("train_name") or ""
        if branch is None:
            jobs.submit(config, name)
        else:
            from aecore.jobs.branching import submit_branch

            submit_branch(store.read_info(store.find_run(branch.run)), branch.epoch, config, name)
    except (OSError, ValueError, RefusedError) as error:
        st.toast(f"The training could not be started: {plain(error)}", icon=":material/error:")
        return
    st.session_state["train_name"] = ""


def _branch_of(info: RunInfo) -> settings_form.Branch | None:
    return settings_form.Branch(info.origin.run, info.origin.epoch) if info.origin else None


def branch_problem(config: Config) -> str:
    """What is wrong with a branch that has these settings, in one sentence; empty where nothing is."""
    from aecore.jobs.branching import require_branch

    if (branch := settings_form.branch_of(FORM)) is None:
        return ""
    try:
        require_branch(store.read_info(store.find_run(branch.run)), branch.epoch, config)
    except ValueError as error:
        return settings_form.in_words(str(error))
    return ""


def draw_branch(config: Config | None) -> None:
    """Which weights the training begins with, where they are not new, and the way back to new ones."""
    from aecore.jobs.branching import keeps_moments

    if (branch := settings_form.branch_of(FORM)) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        try:
            info = store.read_info(store.find_run(branch.run))
        except StoreError as error:
            st.markdown(f"Begins with weights that are not there any more: {plain(error)}", width="stretch")
        else:
            where = f"epoch {branch.epoch}" if branch.epoch else "its initial weights"
            text = f":material/call_split: Begins with the weights of **{plain(info.name)}**, {where}."
            if branch.epoch:
                moments = config is not None and keeps_moments(info, branch.epoch, config)
                kept = "go on as they were" if moments else "begin anew"
                text += f" The optimizer's moments {kept}. Epochs are counted from its beginning."
            st.markdown(text, width="stretch")
        st.button(
            "Begin with new weights",
            key="train_leave_branch",
            icon=":material/close:",
            type="tertiary",
            on_click=settings_form.leave_branch,
            args=(FORM,),
        )


def draw_plan(config: Config | None, problem: str, dataset: Dataset) -> None:
    """The layers, or what is wrong with the settings, and the button."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            if config is None:
                st.error(plain(problem), icon=":material/block:")
            else:
                st.html(layer_bars(config.model, dataset.shape))
        draw_start_button(
            "train_start",
            config is not None and dataset.is_ready(),
            start,
            queued="Trains when the runs before it are done; they are left as they are.",
        )


def facts(config: Config) -> str:
    """Parameters, compression and the time of an epoch in one line."""
    from aecore.data import find
    from aecore.models import parameter_count
    from aecore.training.estimate import epoch_seconds

    dataset = find(config.data.name)
    threads = jobs.page_threads()
    device = jobs.lock_name(config.train.device)
    text = (
        f"{parameter_count(config.model, dataset.shape):,} parameters · "
        f"{compression(math.prod(dataset.shape), config.model.latent_size)}"
    )
    try:
        seconds = epoch_seconds(config, dataset.shape, dataset.train_size, threads)
    except (ValueError, RuntimeError) as error:
        return f"{text} · {settings_form.in_words(str(error))}"
    return f"{text} · an epoch takes {about(seconds)} on {device_words(device, threads)}"


def compression(pixels: int, units: int) -> str:
    """`65x fewer numbers than pixels`, or that the code is no bottleneck."""
    ratio = pixels / units
    if ratio <= 1:
        return "the code is no smaller than the image"
    return f"code {ratio:.0f}x smaller than the image" if ratio >= 10 else f"code {ratio:.1f}x smaller"


def twin_of(config: Config) -> RunInfo | None:
    """A finished run that these settings alone have given: no branch, and not changed on its way."""
    if settings_form.branch_of(FORM) is not None:
        return None
    runs = (run for run in store.list_runs() if isinstance(run, RunInfo) and run.origin is None)
    done = (run for run in runs if run.result is not None and run.config == config)
    return next((run for run in done if not store.events_stamp(run.path)), None)
