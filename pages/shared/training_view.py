"""A training as it goes: bars, curves and a fixed set of test images, read from the run's folder.

What is drawn depends on nothing but that folder, so a reload, a second tab and a restarted server all
show the same; the session keeps no state of a job.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from aecore import jobs, store
from aecore.presets import penalty_text
from aecore.results import EpochRecord
from aecore.store import RunInfo
from pages.shared import images, loading, state
from pages.shared.job_controls import RESUME, SILENT, draw_resume_button, draw_stop_button
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.words import device_words, time_left

EVERY = 1.0
"""Seconds between two looks while a run trains."""

PICTURES = 8
"""Test images whose reconstructions are followed."""


def subject() -> RunInfo | None:
    """The run to show: the one that is training, else the one that was last."""
    if active := [job for job in jobs.active() if isinstance(job, RunInfo)]:
        return active[0]
    known = [run for run in store.list_runs() if isinstance(run, RunInfo) and run.progress.status]
    return max(known, key=lambda run: run.progress.heartbeat, default=None)


def draw() -> None:
    """Draws the subject, renewed every second while it trains."""
    st.fragment(_draw, run_every=EVERY if jobs.active() else None)()


def _draw() -> None:
    info = subject()
    if info is None:
        st.caption("Nothing has been trained here yet. Train starts it; this is where it is seen.")
        return
    history = history_of(info)
    status = jobs.status(info)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(info.name)}**", width="stretch")
        _buttons(info, status)
    _standing(info, status, len(history))
    if history:
        _pictures(info, len(history))
        draw_curves(info, history)


def history_of(info: RunInfo) -> list[EpochRecord]:
    """The epochs' records; where they can't be read, the reason on the page and none."""
    try:
        return store.read_history(info.path)
    except store.StoreError as error:
        st.error(f"The history of {plain(info.name)} can't be shown: {plain(error)}.")
        return []


def _buttons(info: RunInfo, status: str) -> None:
    if status in ("queued", "running", "silent"):
        draw_stop_button(info, "train_stop", "Stops at the next step and keeps the model reached.")
    elif status in ("stopped", "interrupted", "failed"):
        draw_resume_button(info, "train_resume", type="primary", help=RESUME)
    else:
        st.button(
            "Look at reconstructions",
            key="train_look",
            icon=":material/compare:",
            on_click=_look,
            args=(info.key,),
        )


def _look(key: str) -> None:
    state.choose(key)
    leave_for(state.RECONSTRUCTIONS_PAGE)


def _standing(info: RunInfo, status: str, recorded: int) -> None:
    """Bars while it goes, and otherwise the sentence that says how it stands."""
    epochs = info.config.train.epochs
    if status == "queued":
        st.progress(0.0, "Waiting for its turn on the device" if recorded == 0 else "Waiting to go on")
    elif status in ("running", "silent"):
        _bars(info)
        if status == "silent":
            st.warning(SILENT)
    elif status == "finished":
        st.success(_verdict(info), icon=":material/check:")
    elif status == "stopped":
        st.info(f"Stopped {_reached(info)} of {epochs}; the model reached is kept.")
    elif status == "failed":
        st.error(plain(info.progress.message) or "It failed without saying why; see log.txt in its folder.")
    else:
        st.warning(
            f"Interrupted: its process ended {_reached(info)} of {epochs} without a word. "
            f"Resume goes on from epoch {recorded}."
        )


def _reached(info: RunInfo) -> str:
    epoch = info.progress.epoch
    return f"in epoch {epoch + 1}" if info.progress.step else f"after epoch {epoch}"


def _bars(info: RunInfo) -> None:
    progress, train = info.progress, info.config.train
    epoch, step, steps = progress.epoch, progress.step, progress.steps
    if not steps:
        st.progress(0.0, "Starting: loading the images")
        return
    left, right = st.columns(2)
    left.progress(
        min(step / steps, 1.0),
        f"Epoch {min(epoch + 1, train.epochs)} of {train.epochs} · batch {step:,} of {steps:,}",
    )
    done = (epoch * steps + step) * train.batch_size
    right.progress(
        min((epoch + step / steps) / train.epochs, 1.0),
        f"Whole run · {time_left(progress.seconds_left)} · {done:,} images",
    )
    device = device_words(progress.device, progress.threads)
    st.caption(f"{progress.images_per_second:,.0f} images a second on {device}")


def _verdict(info: RunInfo) -> str:
    """The result beside what PCA reaches with as many numbers."""
    error = squared_error(info)
    if error is None:
        return "Finished."
    text = f"Finished: squared error {error:.2f} per test image"
    pca = pca_error(info)
    if pca is None:
        return f"{text}."
    units = info.config.model.latent_size
    share = abs(1 - error / pca)
    verdict = f"{share:.0%} less" if error < pca else f"{share:.0%} more: PCA does better"
    return f"{text}; PCA with {units} component{'s' * (units != 1)} {pca:.2f}. The network's is {verdict}."


def squared_error(info: RunInfo) -> float | None:
    """The run's squared error per test image, None before its end."""
    return info.result.test.squared_error if info.result else None


def pca_error(info: RunInfo) -> float | None:
    """Squared error per test image of PCA with as many components; None where the images are not here."""
    if info.result and info.result.test.pca_squared_error is not None:
        return info.result.test.pca_squared_error
    try:
        return loading.pca_baseline(info.config.data.name).error(info.config.model.latent_size)
    except ValueError:
        return None


def draw_curves(info: RunInfo, history: list[EpochRecord]) -> None:
    """Squared error and loss by term, epoch by epoch, with a line on how to read them."""
    from aecore.figures.training import error_curve, term_curves

    epochs = info.config.train.epochs
    left, right = st.columns(2)
    left.altair_chart(error_curve(history, epochs, pca_error(info)), key="train_error_curve")
    right.altair_chart(term_curves(history, epochs), key="train_term_curves")
    if history[-1].validation:
        st.caption(
            "Solid: validation images, after the epoch. Dashed: training images, while the weights moved."
            + (f" Penalty: {penalty_text(info.config.loss)}." if len(history[-1].train) > 3 else "")
        )


def _pictures(info: RunInfo, epoch: int) -> None:
    """Rows of images: the originals, the run's after its last epoch, PCA's."""
    from aecore.analysis.probe import probe_index
    from aecore.data import unit_range

    if not info.has_weights:
        return
    try:
        data = loading.load_data(info.config.data.name)
        ours = _reconstructions(info.key, store.weights_stamp(info.key))
    except ValueError as error:
        st.caption(plain(error))
        return
    x = unit_range(data.test_images[probe_index(data, PICTURES)])
    units = info.config.model.latent_size
    pca = loading.pca_baseline(info.config.data.name).reconstruct(x, units)
    _rows({"test image": x.numpy(), f"after epoch {epoch}": ours, f"PCA, {units}": pca.numpy()})


@st.cache_data(max_entries=4, show_spinner=False)
def _reconstructions(key: str, stamp: int) -> np.ndarray:
    """The run's reconstructions of the followed images, PICTURES x C x H x W. Its other weights come and go
    too quickly to be kept as models.
    """
    from aecore.analysis.probe import probe_index

    run = store.load_run(key)
    data = loading.images_of(run)
    return run.reconstruct(data.test_images[probe_index(data, PICTURES)]).numpy()


def _rows(rows: dict[str, np.ndarray]) -> None:
    cells = []
    for name, row in rows.items():
        cells.append(f'<div style="font-size:0.8rem;opacity:0.75;align-self:center">{name}</div>')
        cells += [images.tag(images.to_rgb(image), "100%", f"{name}, {i + 1}") for i, image in enumerate(row)]
    st.html(
        '<div style="display:grid;gap:4px;max-width:720px;'
        f'grid-template-columns:5.2rem repeat({PICTURES},minmax(0,64px))">{"".join(cells)}</div>'
    )
