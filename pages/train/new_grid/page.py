"""New grid: which settings differ between the models, what that will cost, and the training as it goes."""

from __future__ import annotations

import streamlit as st

from aecore.config import Config
from aecore.grid import Grid
from pages.shared import drafts, layout, permits, settings_form
from pages.train.new_grid import axes, drawing, progress
from pages.train.new_grid.plan import draw_plan, facts

# Prefix of the form's session keys; not the Train page's, whose settings stay as they are.
FORM = "new_grid_base"

SHARED = {
    "Network": (
        "model.channels", "model.kernel_size", "model.hidden", "model.latent_size", "model.activation",
        "model.code_activation", "model.threshold", "model.top_k", "model.output_activation",
        "model.unit_norm", "model.init", "model.output_std",
    ),
    "Training": (
        "train.batch_size", "train.learning_rate", "train.seed", "train.optimizer", "train.momentum",
        "train.weight_decay", "train.schedule", "loss.reconstruction", "loss.beta",
        "loss.free_bits", "loss.warmup_delay", "loss.warmup_epochs",
    ),
    "Images": (
        "data.normalization", "data.validation_fraction", "data.split_seed", "train.shift", "train.binarize",
    ),
    "Machine": ("train.device", "train.precision"),
}  # fmt: skip


def draw_settings() -> None:
    """The axes on top, then what all models share."""
    settings_form.draw_preset(FORM)
    left, right = st.columns([3, 2])
    with left:
        settings_form.draw_field(FORM, "data.name")
    with right:
        settings_form.draw_field(FORM, "train.epochs")
    axes.draw()
    axes.draw_halving()
    with st.expander("What all models share", icon=":material/tune:"):
        st.text_input("Name", key="new_grid_name", persist_state="session", placeholder="made of the axes")
        settings_form.draw_fields(FORM, ("model.family", "model.variational"))
        settings_form.draw_penalties(FORM)
        for heading, fields in SHARED.items():
            st.markdown(f"**{heading}**")
            settings_form.draw_fields(FORM, fields, columns=2)


def read() -> tuple[Grid | None, str]:
    """The grid in the form, or the sentence that says what is wrong with it."""
    try:
        return axes.read(settings_form.read(FORM)), ""
    except ValueError as error:
        return None, str(error)


def begin() -> None:
    """Fills the form on a first visit, or with what another page asks for."""
    if (wanted := st.session_state.pop("_new_grid_from", None)) is not None:
        config, values = wanted
        settings_form.fill(FORM, config)
        if values:
            axes.fill(values)
        st.session_state[axes.HALVING] = st.session_state.pop("_new_grid_halving", False)
    if not settings_form.is_filled(FORM):
        _take_draft()
    settings_form.begin(FORM, Config().with_values({"train.epochs": 4}))


def _take_draft() -> None:
    """Fills the form with what the address kept."""
    values = drafts.taken(FORM)
    if (config := drafts.config_of(values)) is None:
        return
    try:
        kept = axes.checked(config, values.get("axes", {}))
    except ValueError as error:
        drafts.refuse(error)
        return
    drafts.fill(FORM, values)
    axes.fill(kept)
    st.session_state["new_grid_name"] = str(values.get("name", ""))
    st.session_state[axes.HALVING] = values.get("halving") is True


def main() -> None:
    from aecore.data import find

    layout.draw_header(
        "New grid", "Many models at once: choose what differs between them, and compare them on Choose."
    )
    permits.draw_why_nothing()
    begin()
    with st.container(key="new_grid_columns"):  # on a phone layout.css puts what comes of the settings first
        left, right = layout.form_and_outcome()
    with left:
        draw_settings()
    grid, problem = read()
    dataset = find(st.session_state[settings_form.key(FORM, "data.name")])
    with right:
        draw_plan(grid, problem, dataset)
        facts_place = st.empty()
        if grid is not None and drawing.is_ahead(grid):
            drawing.draw(grid, dataset)
        progress.draw()
    # Last, because it takes a moment: everything else is on the screen by now.
    if grid is not None:
        name = st.session_state.get("new_grid_name")
        drafts.keep(FORM, grid.base, name=name, axes=axes.texts(), halving=grid.halving or None)
        facts_place.caption(facts(grid))
    else:
        drafts.keep_refused(FORM)


main()
