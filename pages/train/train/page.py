"""Train: the settings on the left; on the right what they make, and the training as it goes."""

from __future__ import annotations

import streamlit as st

from aecore.config import Config
from pages.shared import drafts, layout, permits, settings_form, training_view
from pages.shared.plain import plain
from pages.train.train import preview
from pages.train.train.images import draw_download, draw_images
from pages.train.train.plan import FORM, branch_problem, draw_branch, draw_plan, facts, twin_of

# Folded away, by heading.
MORE = {
    "Network": (
        "model.kernel_size", "model.activation", "model.code_activation", "model.threshold", "model.top_k",
        "model.output_activation", "model.unit_norm", "model.init", "model.init_std", "model.output_std",
    ),
    "Loss": ("loss.reconstruction", "loss.free_bits", "loss.warmup_delay", "loss.warmup_epochs"),
    "Optimizer": ("train.optimizer", "train.momentum", "train.weight_decay", "train.schedule"),
    "Images": (
        "train.corruption", "train.corruption_level", "train.shift", "train.binarize",
        "data.normalization", "data.validation_fraction", "data.split_seed",
    ),
    "Machine": ("train.device", "train.precision"),
    "Notes": ("train.record", "train.keep_weights"),
}  # fmt: skip


def draw_settings() -> None:
    """The form below the data set: what decides most on top, the rest folded."""
    settings_form.draw_fields(FORM, ("model.family", "model.variational"))
    settings_form.draw_depth(FORM)
    settings_form.draw_fields(FORM, ("model.channels", "model.hidden", "model.latent_size"), columns=2)
    settings_form.draw_fields(FORM, ("loss.beta",))
    settings_form.draw_penalties(FORM)
    numbers = ("train.epochs", "train.batch_size", "train.learning_rate", "train.seed")
    settings_form.draw_fields(FORM, numbers, columns=2)
    with st.expander("More settings", icon=":material/tune:"):
        st.text_input("Name", key="train_name", persist_state="session", placeholder="made of the settings")
        for heading, fields in MORE.items():
            st.markdown(f"**{heading}**")
            settings_form.draw_fields(FORM, fields, columns=2)


def facts_in_words(config: Config) -> str:
    """What the training would cost, how it differs from the preset, and whether it was done before."""
    text = facts(config)
    if changed := settings_form.changes(FORM, config):
        text += f" · changed from {st.session_state[f'{FORM}_preset']}: {changed}"
    if twin := twin_of(config):
        text += f" · these settings were trained before, as {plain(twin.name)}"
    return text


def _begin() -> None:
    """Fills the form on a session's first visit: with what the address kept, else with the first preset."""
    if settings_form.is_filled(FORM):
        return
    values = drafts.taken(FORM)
    if drafts.fill(FORM, values):
        st.session_state["train_name"] = str(values.get("name", ""))
    settings_form.begin(FORM)


def main() -> None:
    from aecore.data import find
    from aecore.models import parameter_count

    layout.draw_header(
        "Train", "Choose images and a network, press Train, and watch it learn to rebuild them."
    )
    permits.draw_why_nothing()
    _begin()
    # Above the form, so that on a phone the button is on the first screen.
    top = st.container(key="train_top")
    with st.container(key="train_columns"):  # on a phone layout.css puts what comes of the settings first
        left, right = layout.form_and_outcome()
    with left:
        settings_form.draw_preset(FORM)
        settings_form.draw_field(FORM, "data.name")
        images_place = st.empty()
        draw_settings()
    dataset = find(st.session_state[settings_form.key(FORM, "data.name")])
    config, problem = None, ""
    try:
        config = settings_form.read(FORM)
    except ValueError as error:
        problem = str(error)
    branched = config
    if config is not None and (problem := branch_problem(config)):
        config = None
    with top:
        draw_branch(branched)
        draw_plan(config, problem, dataset)
        facts_place = st.empty()
    with right:
        if not dataset.is_ready():
            draw_download(dataset)
        preview_place = st.empty()
        training_view.draw()
    # Last, because they take a moment: everything else is on the screen by now.
    draw_images(images_place, dataset)
    if config is not None:
        drafts.keep(
            FORM, config, name=st.session_state.get("train_name"), branch=settings_form.branch_of(FORM)
        )
        facts_place.caption(facts_in_words(config))
        if dataset.is_ready() and settings_form.branch_of(FORM) is None and preview.is_ahead(config):
            preview.draw(preview_place, config, parameter_count(config.model, dataset.shape))
    else:
        drafts.keep_refused(FORM)


main()
