"""A training as it goes: bars, curves and a fixed set of test images, read from the run's folder.

What is drawn depends on nothing but that folder, so a reload, a second tab and a restarted server all
show the same; the session keeps no state of a job.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import streamlit as st

from aecore import jobs, store
from aecore.analysis.against_pca import beside_pca
from aecore.analysis.errors import clipped_pca
from aecore.config import PENALTIES, Config
from aecore.events import Event
from aecore.presets import corruption_text, penalty_text
from aecore.results import EpochRecord, Origin
from aecore.store import RunInfo
from pages.shared import going, images, loading, permits, settings_form, state
from pages.shared.change_controls import (
    draw_changes,
    draw_course,
    draw_pause_buttons,
    events_of,
    settings_now,
)
from pages.shared.job_controls import RESUME, SILENT, draw_resume_button, draw_stop_button, waits_for
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.words import device_words, time_left

EVERY = 1.0
"""Seconds between two looks at the bars while a run trains."""

LEARNED_EVERY = 3.0
"""Seconds between two looks at its curves and pictures, which are made anew only when an epoch has ended."""

PICTURES = 8
"""Test images whose reconstructions are followed."""


def subject() -> RunInfo | None:
    """The run to show: the one that is training, else the one that was last."""
    if active := [job for job in jobs.active() if isinstance(job, RunInfo)]:
        return active[0]
    known = [run for run in store.list_runs() if isinstance(run, RunInfo) and run.progress.status]
    return max(known, key=lambda run: run.progress.heartbeat, default=None)


def draw() -> None:
    """Draws the subject; what moves is renewed while it trains."""
    live = bool(jobs.active())
    st.fragment(going.telling(_draw_standing), run_every=EVERY if live else None)()
    st.fragment(going.telling(_draw_learned), run_every=LEARNED_EVERY if live else None)()


def _draw_standing() -> None:
    info = subject()
    if info is None:
        return
    status = jobs.status(info)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(info.name)}**", width="stretch")
        _buttons(info, status)
    if status != "finished":
        permits.draw_why_not(info.path)
    _standing(info, status)
    if status in ("running", "paused"):
        draw_changes(info)


def _draw_learned() -> None:
    info = subject()
    if info is not None and (history := history_of(info)):
        _pictures(info, history[-1].epoch)
        draw_curves(info, history)


def history_of(info: RunInfo) -> list[EpochRecord]:
    """The epochs' records; where they can't be read, the reason on the page and none."""
    try:
        return _history(str(info.path)).read()
    except store.StoreError as error:
        st.error(f"The history of {plain(info.name)} can't be shown: {plain(error)}.")
        return []


class _History:
    """A run's records, of which a look reads only those that are new. Shared by all visitors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.records: list[EpochRecord] = []
        self.file = self.end = 0
        """Which file was read, and up to which byte."""

    def read(self) -> list[EpochRecord]:
        with self.lock:
            file = store.history_file(self.path)
            if file != self.file:
                # A resumed training drops records, to write them again.
                self.file, self.end, self.records = file, 0, []
            if store.history_size(self.path) != self.end:
                new, self.end = store.read_history_from(self.path, self.end)
                self.records = [*self.records, *new]
            return self.records


@st.cache_resource(max_entries=8, show_spinner=False)
def _history(path: str) -> _History:
    return _History(Path(path))


def _buttons(info: RunInfo, status: str) -> None:
    if status in ("running", "paused"):
        draw_pause_buttons(info, "train")
    if status in jobs.AT_WORK:
        draw_stop_button(info, "train_stop", "Stops at the next step and keeps the model reached.")
    elif status in ("stopped", "interrupted", "failed"):
        if diverged(info):
            # The same steps would lead to the same end.
            st.button(
                "Settings with a smaller learning rate",
                key="train_slower",
                icon=":material/tune:",
                on_click=_slower,
                args=(info,),
                help="Fills the form with this run's settings and a tenth of its learning rate.",
            )
        else:
            draw_resume_button(info, "train_resume", type="primary", help=RESUME)
    else:
        st.button(
            "Look at reconstructions",
            key="train_look",
            icon=":material/compare:",
            on_click=_look,
            args=(info.key,),
        )


def diverged(info: RunInfo) -> bool:
    """Whether its loss was no longer finite at some time."""
    return store.read_failed(info.path) is not None


def _slower(info: RunInfo) -> None:
    """Fills Train's form; for the button."""
    rate = settings_now(info, events_of(info)).train.learning_rate / 10
    settings_form.fill("train", info.config.with_values({"train.learning_rate": rate}))
    st.rerun()


def _look(key: str) -> None:
    state.choose(key)
    leave_for(state.RECONSTRUCTIONS_PAGE)


def _standing(info: RunInfo, status: str) -> None:
    """Bars while it goes, and otherwise the sentence that says how it stands."""
    epochs = info.config.train.epochs
    if status == "queued":
        st.progress(0.0, waits_for(info))
    elif status in ("running", "paused", "silent"):
        _bars(info)
        if status == "silent":
            st.warning(SILENT)
    elif status == "finished":
        st.success(_verdict(info), icon=":material/check:")
    elif status == "stopped":
        began = info.has_weights or info.progress.epoch or info.progress.step
        st.info(
            f"Stopped {_reached(info)} of {epochs}; the model reached is kept."
            if began
            else "Stopped before its first step: there is no model yet."
        )
    elif status == "failed":
        st.error(plain(failure(info)))
    elif not info.has_weights:
        st.warning("Interrupted: its process ended before the first epoch was saved. Resume starts it anew.")
    else:
        st.warning(
            f"Interrupted: its process ended {_reached(info)} of {epochs} without a word. "
            f"Resume goes on from epoch {max((r.epoch for r in history_of(info)), default=0)}."
        )


def failure(info: RunInfo) -> str:
    """Why a run failed, and what became of its weights."""
    message = info.progress.message or "It failed without saying why; see log.txt in its folder."
    return message if info.has_weights else f"{message} It has no model to look at."


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
    if progress.status == "paused":
        keeps = f"it keeps {device} until it goes on or is stopped"
        st.caption(f":material/pause: Paused {_reached(info)}; {keeps}.")
        return
    st.caption(f"{progress.images_per_second:,.0f} images a second on {device}")


def _verdict(info: RunInfo) -> str:
    """The result beside what PCA reaches with as many numbers."""
    error = squared_error(info)
    if error is None:
        return "Finished."
    text = f"Finished: squared error {error:.2f} per test image"
    if info.result and (bound := info.result.test.bound):
        text = f"Finished: {bound}; squared error of the mean code {error:.2f} per test image"
    if info.result and (denoised := info.result.denoised):
        corruption = corruption_text(info.config.train)
        text = (
            f"Finished. Test images with {corruption} come out {denoised.squared_error:.2f} from the clean "
            f"ones ({denoised.psnr:.1f} dB); clean ones {error:.2f} from themselves"
        )
    pca = pca_error(info)
    if pca is None:
        return f"{text}."
    units = info.config.model.latent_size
    on = " on clean images" if info.config.train.corruption != "none" else ""
    with_pca = f"PCA with {units} component{'s' * (units != 1)} {pca:.2f}"
    return f"{text}; {with_pca}. The network's{on} is {beside_pca(error, pca)}."


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
    epochs = info.config.train.epochs
    pca, clipped = pca_beside_curves(info)
    events = events_of(info)
    stamp = (history[0].epoch, history[-1].epoch, history[-1].train["squared_error"], len(events))
    error, terms = _curves(info.key, stamp, epochs, pca, history, events, info.origin)
    # Their heights are kept before they are drawn, so that nothing below moves.
    for chart, key, about in (
        (error, "train_error_curve", "Squared error by epoch"),
        (terms, "train_term_curves", "Terms of the loss by epoch"),
    ):
        st.vega_lite_chart(chart, height=chart["height"], key=key, alt=about)
    penalty = penalty_text(settings_now(info, events).loss)
    if history[-1].validation:
        st.caption(
            "Solid: validation images, after the epoch. Dashed: training images, while the weights moved."
            + _shift_sentence(info.config.train.shift)
            + (f" Penalty: {penalty}." if _penalized(history[-1]) else "")
            + _variational_sentence(info.config)
        )
    draw_course(info, events)
    if pca is not None:
        st.caption(pca_words(info, pca, clipped))


def pca_beside_curves(info: RunInfo) -> tuple[float | None, float | None]:
    """PCA's squared error on the images of the solid curve, as it is and clipped; None without the images."""
    split = info.config.data
    units = info.config.model.latent_size
    try:
        return loading.pca_validation_errors(split.name, units, split.validation_fraction, split.split_seed)
    except ValueError:
        return None, None


def pca_words(info: RunInfo, pca: float, clipped: float | None) -> str:
    """Which images and which PCA the grey rule stands for."""
    units = info.config.model.latent_size
    images = "validation" if info.config.data.validation_fraction else "training"
    text = f"Grey: PCA with {units} component{'s' * (units != 1)} on the {images} images, {pca:.2f}."
    return text + clipped_pca(info.config.model.output_activation, clipped)


@st.cache_data(max_entries=8, show_spinner=False)
def _curves(
    key: str,
    stamp: tuple[int, int, float, int],
    epochs: int,
    pca: float | None,
    _history: list[EpochRecord],
    _events: list[Event],
    _origin: Origin | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both charts' specifications; `stamp` changes with the history and the events."""
    from aecore.figures.training import error_curve, marks, term_curves

    shown = marks(_events, _origin)
    error, terms = error_curve(_history, epochs, pca, marks=shown), term_curves(_history, epochs, marks=shown)
    return error.to_dict(), terms.to_dict()


def _penalized(record: EpochRecord) -> bool:
    return any(name in PENALTIES for name in record.train)


def _variational_sentence(config: Config) -> str:
    """Of which codes and images a variational model's curves are."""
    if not config.model.variational:
        return ""
    binarized = ", both on binarized images" if config.train.binarize else ""
    return (
        " Terms: of one code drawn from each image's posterior" + binarized + ". The solid squared error is "
        "that of the mean code, the dashed one that of the drawn code."
    )


def _shift_sentence(shift: float) -> str:
    return f" Training images are shifted by up to a pixel with probability {shift:g}." if shift else ""


def _pictures(info: RunInfo, epoch: int) -> None:
    """Rows of images: the originals, the run's after its last epoch, PCA's."""
    if not info.has_weights:
        return
    try:
        st.html(_rows(info.key, store.weights_stamp(info.key), epoch))
    except ValueError as error:
        st.caption(plain(error))


@st.cache_data(max_entries=4, show_spinner=False)
def _rows(key: str, stamp: int, epoch: int) -> str:
    """The rows as HTML. The run's other weights come and go too quickly to be kept as models."""
    from aecore.analysis.probe import probe_index
    from aecore.data import unit_range

    run = store.load_run(key)
    data = loading.images_of(run)
    tests = data.test_images[probe_index(data, PICTURES)]
    units = run.config.model.latent_size
    pca = loading.pca_baseline(run.config.data.name).reconstruct(unit_range(tests), units)
    cells = []
    arrived = f"after epoch {epoch}"
    for name, row in {
        "test image": tests.numpy(),
        arrived: run.reconstruct(tests).numpy(),
        f"PCA, {units}": pca.numpy(),
    }.items():
        cells.append(f'<div style="font-size:0.8rem;opacity:0.75;align-self:center">{name}</div>')
        pictures = [
            images.tag(images.to_rgb(image), "100%", f"{name}, {i + 1}") for i, image in enumerate(row)
        ]
        # The class is layout.css's: the pictures of a new epoch fade in.
        cells += [f'<span class="arriving">{one}</span>' for one in pictures] if name == arrived else pictures
    return (
        '<div style="display:grid;gap:4px;max-width:880px;'
        f'grid-template-columns:5.2rem repeat({PICTURES},minmax(0,84px))">{"".join(cells)}</div>'
    )
