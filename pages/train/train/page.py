"""Train: the settings on the left; on the right what they make, and the training as it goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from aecore import jobs, store
from aecore.config import Config
from aecore.store import RunInfo
from pages.shared import images, layout, loading, settings_form, training_view
from pages.shared.words import device_words, duration

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from aecore.data import Dataset

# Comments and not strings stand by these: on a page Streamlit would draw a bare string.
# Prefix of the form's session keys.
FORM = "train"

# Folded away, by heading.
MORE = {
    "Network": (
        "model.activation", "model.code_activation", "model.threshold", "model.top_k",
        "model.output_activation", "model.unit_norm", "model.init",
    ),
    "Loss": ("loss.reconstruction", "loss.warmup_delay", "loss.warmup_epochs"),
    "Optimizer": ("train.optimizer", "train.momentum", "train.weight_decay", "train.schedule"),
    "Images": ("data.normalization", "data.validation_fraction", "data.split_seed"),
    "Machine": ("train.device", "train.precision"),
}  # fmt: skip

# The code among the layers; readable on both backgrounds.
CODE_COLOR = "#2f86ad"


def settings() -> DeltaGenerator:
    """The form: what decides most on top, the rest folded. Returns the place for a few of the images."""
    settings_form.preset(FORM)
    settings_form.field(FORM, "data.name")
    place = st.empty()
    settings_form.fields(FORM, ("model.family",))
    settings_form.fields(FORM, ("model.channels", "model.hidden", "model.latent_size"), columns=2)
    settings_form.penalties(FORM)
    numbers = ("train.epochs", "train.batch_size", "train.learning_rate", "train.seed")
    settings_form.fields(FORM, numbers, columns=2)
    with st.expander("More settings", icon=":material/tune:"):
        st.text_input("Name", key="train_name", persist_state="session", placeholder="made of the settings")
        for heading, paths in MORE.items():
            st.markdown(f"**{heading}**")
            settings_form.fields(FORM, paths, columns=2)
    return place


def show_images(place: DeltaGenerator, name: str) -> None:
    """One training image of each class, twelve in all; nothing where they are not on this machine."""
    from aecore.data import DATASETS, thumbnails

    if not DATASETS[name].is_ready():
        return
    try:
        pictures = thumbnails(loading.load_data(name), 12)
    except ValueError as error:
        place.error(str(error))
        return
    row = "".join(images.tag(images.to_rgb(picture), "100%", name) for picture in pictures)
    style = "display:grid;grid-template-columns:repeat(12,minmax(0,32px));gap:3px"
    place.html(f'<div style="{style}">{row}</div>')


def start() -> None:
    """Starts or queues the training, unless these very settings are at work already; for the button.

    Reads the form itself: a click may come before the page has been drawn with what was typed last.
    """
    try:
        config = settings_form.read(FORM)
    except ValueError as error:
        st.toast(str(error), icon=":material/block:")
        return
    if twin := next((run for run in jobs.active() if run.config == config), None):
        st.toast(f"{twin.name} has these very settings and is at work already.", icon=":material/info:")
        return
    try:
        jobs.submit(config, st.session_state.get("train_name") or "")
    except (OSError, ValueError) as error:
        st.toast(f"The training could not be started: {error}", icon=":material/error:")
        return
    st.session_state["train_name"] = ""


def plan(config: Config | None, problem: str) -> DeltaGenerator:
    """What the settings make, and the button. Returns the place for the time of an epoch."""
    from aecore.data import DATASETS

    dataset = DATASETS[st.session_state[settings_form.key(FORM, "data.name")]]
    busy = bool(jobs.active())
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            if config is None:
                st.error(problem, icon=":material/block:")
            else:
                draw_layers(config, dataset.shape)
        st.button(
            "Queue" if busy else "Train",
            key="train_start",
            type="primary",
            icon=":material/playlist_add:" if busy else ":material/play_arrow:",
            disabled=config is None or not dataset.is_ready(),
            on_click=start,
            help="Trains when the runs before it are done; they are left as they are." if busy else None,
        )
    place = st.empty()
    if not dataset.is_ready():
        download(dataset)
    return place


def draw_layers(config: Config, shape: tuple[int, int, int]) -> None:
    """The layers as bars, as high as the logarithm of their size, the code in colour."""
    from aecore.models import layer_sizes

    sizes = layer_sizes(config.model, shape)
    code = len(sizes) - 2 if config.model.family == "dictionary" else len(sizes) // 2
    cells = []
    for i, size in enumerate(sizes):
        height = 6 + 34 * math.log(size + 1) / math.log(max(sizes) + 1)
        color = CODE_COLOR if i == code else "currentColor;opacity:0.35"
        weight = 700 if i == code else 400
        text = f"({size:,})" if i == code else f"{size:,}"
        cells.append(
            '<div style="display:flex;flex-direction:column;align-items:center;gap:4px">'
            f'<div style="width:10px;height:{height:.0f}px;border-radius:2px;background:{color}"></div>'
            f'<div style="font-size:0.85rem;font-weight:{weight}">{text}</div></div>'
        )
    st.html(f'<div style="display:flex;gap:14px;align-items:flex-end;flex-wrap:wrap">{"".join(cells)}</div>')


def facts(config: Config) -> str:
    """Parameters, compression and the time of an epoch in one line."""
    from aecore.data import DATASETS
    from aecore.models import parameter_count
    from aecore.training.estimate import epoch_seconds

    dataset = DATASETS[config.data.name]
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
    return f"{text} · an epoch takes about {duration(seconds)} on {device_words(device, threads)}"


def compression(pixels: int, units: int) -> str:
    """`65x fewer numbers than pixels`, or that the code is no bottleneck."""
    ratio = pixels / units
    if ratio <= 1:
        return "the code is no smaller than the image"
    return f"code {ratio:.0f}x smaller than the image" if ratio >= 10 else f"code {ratio:.1f}x smaller"


def download(dataset: Dataset) -> None:
    """The sentence, the folder, and the button that fetches what is missing, with its progress."""
    from aecore.data import DataNotFoundError
    from aecore.data import download as fetch

    size = f"{dataset.download_bytes / 1e6:,.0f} MB"
    st.info(
        f"{dataset.title} is not on this machine. Download it, or {dataset.where_to_put()}.",
        icon=":material/cloud_download:",
    )
    if not st.button(f"Download {size}", key="train_download", icon=":material/download:"):
        return
    # Any click ends this script at the next report, and with it the download, which leaves nothing behind.
    st.button("Stop the download", key="train_download_stop", icon=":material/stop:")
    bar = st.progress(0.0, "Connecting; stay on this page until it is done")

    def report(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB")

    try:
        fetch(dataset.name, report)
    except DataNotFoundError as error:
        bar.empty()
        st.error(str(error))
        return
    st.rerun()


def twin_of(config: Config) -> RunInfo | None:
    """A finished run of these very settings."""
    runs = (run for run in store.list_runs() if isinstance(run, RunInfo))
    return next((run for run in runs if run.result is not None and run.config == config), None)


layout.header("Train", "Choose images and a network, press Train, and watch it learn to rebuild them.")
settings_form.begin(FORM)
left, right = st.columns([2, 3], gap="large")
with left:
    images_place = settings()
config, problem = None, ""
try:
    config = settings_form.read(FORM)
except ValueError as error:
    problem = str(error)
with right:
    time_place = plan(config, problem)
    training_view.draw()
# Last, because they take a moment: everything else is on the screen by now.
show_images(images_place, st.session_state[settings_form.key(FORM, "data.name")])
if config is not None:
    text = facts(config)
    if changed := settings_form.changes(FORM, config):
        text += f" · changed from {st.session_state[f'{FORM}_preset']}: {changed}"
    if twin := twin_of(config):
        text += f" · these very settings were trained before, as {twin.name}"
    time_place.caption(text)
