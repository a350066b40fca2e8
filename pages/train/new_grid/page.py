"""New grid: which settings differ between the models, what that will cost, and the training as it goes."""

from __future__ import annotations

import streamlit as st

from aecore import jobs
from aecore.config import Config
from aecore.grid import Grid
from aecore.store import GridInfo
from pages.shared import layout, settings_form
from pages.shared.words import device_words, duration
from pages.train.new_grid import axes, progress

# Prefix of the form's session keys; not the Train page's, whose settings stay as they are.
FORM = "new_grid_base"

SHARED = {
    "Network": (
        "model.channels", "model.hidden", "model.latent_size", "model.activation", "model.code_activation",
        "model.threshold", "model.top_k", "model.output_activation", "model.unit_norm", "model.init",
    ),
    "Training": (
        "train.batch_size", "train.learning_rate", "train.seed", "train.optimizer", "train.momentum",
        "train.weight_decay", "train.schedule", "loss.reconstruction", "loss.warmup_delay",
        "loss.warmup_epochs",
    ),
    "Images": ("data.normalization", "data.validation_fraction", "data.split_seed"),
    "Machine": ("train.device", "train.precision"),
}  # fmt: skip


def settings() -> None:
    """The axes on top, then what all models share."""
    settings_form.preset(FORM)
    left, right = st.columns([3, 2])
    with left:
        settings_form.field(FORM, "data.name")
    with right:
        settings_form.field(FORM, "train.epochs")
    axes.draw()
    with st.expander("What all models share", icon=":material/tune:"):
        st.text_input("Name", key="new_grid_name", persist_state="session", placeholder="made of the axes")
        settings_form.fields(FORM, ("model.family",))
        settings_form.penalties(FORM)
        for heading, paths in SHARED.items():
            st.markdown(f"**{heading}**")
            settings_form.fields(FORM, paths, columns=2)


def read() -> tuple[Grid | None, str]:
    """The grid in the form, or the sentence that says what is wrong with it."""
    try:
        return axes.read(settings_form.read(FORM)), ""
    except ValueError as error:
        return None, str(error)


def start(grid: Grid) -> None:
    """Starts or queues the grid, unless this very grid is at work already; for the button."""
    twin = next((info for info in jobs.active() if isinstance(info, GridInfo) and info.grid == grid), None)
    if twin is not None:
        st.toast(f"{twin.name} is this very grid and is at work already.", icon=":material/info:")
        return
    try:
        jobs.submit_grid(grid, st.session_state.get("new_grid_name") or "")
    except (OSError, ValueError) as error:
        st.toast(f"The grid could not be started: {error}", icon=":material/error:")
        return
    st.session_state["new_grid_name"] = ""


def plan(grid: Grid | None, problem: str) -> st.delta_generator.DeltaGenerator:
    """How many models there will be, and the button. Returns the place for the estimate."""
    from aecore.data import DATASETS

    dataset = DATASETS[st.session_state[settings_form.key(FORM, "data.name")]]
    busy = bool(jobs.active())
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            if grid is None:
                st.error(problem[:1].upper() + problem[1:], icon=":material/block:")
            else:
                st.markdown(count(grid))
        st.button(
            "Queue" if busy else "Train",
            key="new_grid_start",
            type="primary",
            icon=":material/playlist_add:" if busy else ":material/play_arrow:",
            disabled=grid is None or not dataset.is_ready(),
            on_click=start,
            args=(grid,),
            help="Trains when the jobs before it are done." if busy else None,
        )
    if not dataset.is_ready():
        st.info(f"{dataset.title} is not on this machine: the Train page downloads it.")
    return st.empty()


def count(grid: Grid) -> str:
    """`5 x 2 x 2 = 20 positions, 15 different models`."""
    sizes = [len(values) for values in grid.axes.values()]
    positions, members = len(grid.positions), len(grid.members)
    product = " x ".join(map(str, sizes))
    text = f"**{product} = {positions} positions**" if len(sizes) > 1 else f"**{positions} positions**"
    if members == positions:
        return f"{text}, each a model of its own"
    return f"{text}, {members} different models (with no penalty the strength does not matter)"


def facts(grid: Grid) -> str:
    """Stacks, time and memory in one line."""
    from aecore.data import DATASETS
    from aecore.training.grid_estimate import estimate_grid

    dataset = DATASETS[grid.base.data.name]
    threads = jobs.page_threads()
    try:
        found = estimate_grid(grid, dataset.shape, dataset.train_size, threads)
    except (ValueError, RuntimeError) as error:
        return settings_form.in_words(str(error))
    device = device_words(jobs.lock_name(grid.base.train.device), threads)
    stacks = f"{found.stacks} stack{'s' * (found.stacks != 1)}"
    if found.side_by_side > 1:
        stacks += f", {found.side_by_side} side by side"
    return f"about {duration(found.seconds)} on {device} · {stacks} · {found.bytes / 1e6:,.0f} MB of memory"


def begin() -> None:
    """Fills the form on a first visit, or with what another page asks for."""
    if (wanted := st.session_state.pop("_new_grid_from", None)) is not None:
        config, values = wanted
        settings_form.fill(FORM, config)
        if values:
            axes.fill(values)
    settings_form.begin(FORM, Config().with_values({"train.epochs": 4}))


layout.header(
    "New grid", "Many models at once: choose what differs between them, and compare them on Choose."
)
begin()
left, right = st.columns([2, 3], gap="large")
with left:
    settings()
grid, problem = read()
with right:
    place = plan(grid, problem)
    progress.draw()
# Last, because it takes a moment: everything else is on the screen by now.
if grid is not None:
    place.caption(facts(grid))
