"""Runs: every run there is, and what can be done with one."""

from __future__ import annotations

import time

import streamlit as st

from aecore import jobs, naming, settings, store
from aecore.events import course
from aecore.files import StoreError
from aecore.presets import penalty_text
from aecore.store import RunInfo, Unreadable
from pages.shared import (
    further_figures,
    layout,
    notices,
    one_file,
    permits,
    settings_form,
    state,
    training_view,
    trash,
    words,
)
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.train.runs import bringing_in, folders, grids

SELECTED = "runs_selected"  # session key of the selected run's key
MORE_EPOCHS = 5
"""Epochs that a branch from a run's last one is offered at first."""


def row(info: RunInfo, name: str) -> dict[str, object]:
    """A run as a line of the table, under a name that no other has."""
    config = info.config
    return {
        "Name": name,
        "Data": naming.data_title(config.data.name),
        "Network": naming.network_title(config.model),
        "Units": config.model.latent_size,
        "Penalty": penalty_text(config.loss),
        "Squared error": training_view.squared_error(info),
        "PCA": training_view.pca_error(info),
        "Parameters": info.result.parameters if info.result else None,
        "Status": folders.status_text(info, info.progress.epoch, f"{config.train.epochs} epochs"),
        "Age": words.age(time.time() - info.created),
    }


def choose_run(runs: list[RunInfo]) -> RunInfo | None:
    """The table; returns the run whose line is selected."""
    keys, names = [info.key for info in runs], naming.distinct_names(runs)
    selected = st.session_state.setdefault(SELECTED, state.chosen_key())
    # The selection is by line number: another list is another table, with the same run selected.
    event = st.dataframe(
        [row(info, names[info.key]) for info in runs],
        key=f"runs_table_{hash(tuple(keys))}",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [keys.index(selected)] if selected in keys else []}},
        hide_index=True,
        height=min(38 + 35 * len(runs), 440),
        column_config={
            "Name": st.column_config.TextColumn(width="medium", pinned=True),
            "Units": st.column_config.NumberColumn(help="Units in the code."),
            "Squared error": st.column_config.NumberColumn(
                format="%.2f", help="Per test image: sum over pixels in [0, 1]; lower is better."
            ),
            "PCA": st.column_config.NumberColumn(
                format="%.2f", help="The same for PCA with as many components as the code has units."
            ),
            "Parameters": st.column_config.NumberColumn(format="localized"),
        },
        alt="Table of all runs",
    )
    rows = event["selection"]["rows"]
    info = runs[rows[0]] if rows and rows[0] < len(runs) else None
    st.session_state[SELECTED] = info.key if info else None
    return info


def draw_actions(info: RunInfo) -> None:
    """What can be done with the run, in one row."""
    with st.container(horizontal=True):
        st.button(
            "Look at it",
            key="runs_look",
            type="primary",
            icon=":material/compare:",
            disabled=not info.has_weights,
            on_click=look,
            args=(info,),
            help="Makes it the run that every page shows.",
        )
        st.button(
            "Settings into Train",
            key="runs_duplicate",
            icon=":material/content_copy:",
            on_click=duplicate,
            args=(info,),
            help="Opens Train with this run's settings, to change and train anew.",
        )
        draw_branch(info)
        one_file.draw(info.key, "runs", disabled=not info.has_weights)
        folders.draw_actions(info, "runs")
    permits.draw_why_not(info.path)


def draw_branch(info: RunInfo) -> None:
    """The choice of an epoch to go back to, which leads to Train."""
    from aecore.jobs.branching import branch_epochs

    with st.popover("Branch", icon=":material/call_split:", help="Train it again from one of its epochs."):
        try:
            epochs = branch_epochs(info)
        except StoreError as error:
            st.caption(f"Its epochs can't be read: {plain(error)}.")
            return
        if not epochs:
            st.caption("The weights that this branch began with are not in its folder.")
            return
        st.selectbox(
            "From epoch",
            epochs,
            index=len(epochs) - 1,
            format_func=lambda epoch: str(epoch) if epoch else "0, its initial weights",
            key=f"runs_branch_epoch_{info.key}_{epochs[-1]}",
        )
        st.caption(
            "A new run begins with these weights; this one stays. Which epochs are kept says “Epochs whose "
            "weights are kept” in Train's settings; the optimizer's moments are kept of the last alone."
        )
        st.button(
            "Into Train",
            key="runs_branch",
            icon=":material/call_split:",
            on_click=branch,
            args=(info, f"runs_branch_epoch_{info.key}_{epochs[-1]}"),
            help="Opens Train with the settings in force at that epoch, to change before the start.",
        )


def branch(info: RunInfo, chosen: str) -> None:
    """Opens Train to start a branch; `chosen` is the session key of the epoch. For the button."""
    from aecore.jobs.branching import settings_after

    epoch = st.session_state[chosen]
    try:
        config = settings_after(info, epoch)
    except StoreError as error:
        notices.say(f"{info.name} can't be branched: {error}.", "error")
        return
    if config.train.epochs <= epoch:
        config = config.with_values({"train.epochs": epoch + MORE_EPOCHS})
    settings_form.fill("train", config, settings_form.Branch(info.key, epoch))
    leave_for(state.TRAIN_PAGE)


def look(info: RunInfo) -> None:
    """Makes it the chosen run and shows its reconstructions; for the button."""
    state.choose(info.key)
    leave_for(state.RECONSTRUCTIONS_PAGE)


def duplicate(info: RunInfo) -> None:
    """Opens Train with its settings; for the button."""
    settings_form.fill("train", info.config)
    leave_for(state.TRAIN_PAGE)


def draw_details(info: RunInfo) -> None:
    """How it was trained, its curves, and every setting."""
    left, right = layout.picture_and_figures()
    with left:
        if history := training_view.history_of(info):
            training_view.draw_curves(info, history)
        else:
            st.caption("No epoch of it is finished yet.")
        facts = [plain(info.path)]
        if result := info.result:
            facts.insert(0, f"{result.epochs} epochs in {words.duration(result.seconds)}")
        st.caption(" · ".join(facts))
        if jobs.status(info) == "failed":
            st.error(plain(training_view.failure(info)))
    with right:
        values = settings_rows(info)
        st.dataframe(values, hide_index=True, height=320, key="runs_settings", alt="Settings of the run")
        if info.has_weights:
            further_figures.draw_folded(info.key, "runs_further", kept=True)


def settings_rows(info: RunInfo) -> list[dict[str, str]]:
    """Every setting that does something, with the values it was changed to, and a branch's origin."""
    try:
        changes = course(store.read_events(info.path))
    except StoreError:
        # The curves beside it say so.
        changes = []
    fields = settings.effective_fields(info.config)
    fields += dict.fromkeys(f for change in changes for f in change.values if f not in fields)
    rows = [{"Setting": "Began with", "Value": info.origin.text}] if info.origin else []
    for field in fields:
        later = [f"{c.values[field]:g} from epoch {c.epoch:.3g}" for c in changes if field in c.values]
        first = info.config.get(field)
        shown = naming.data_title(first) if field == "data.name" else settings.show(first)
        value = ", then ".join([shown, *later])
        rows.append({"Setting": settings.label(field), "Value": value})
    return rows


def draw_runs() -> None:
    """The table of runs with what can be done, and the folders that are none."""
    listed = store.list_runs()
    runs = [info for info in listed if isinstance(info, RunInfo)]
    if runs:
        chosen = choose_run(runs)
        if chosen is not None:
            st.subheader(plain(chosen.name), anchor=False)
            draw_actions(chosen)
            draw_details(chosen)
    else:
        st.info("There is no run yet: train a network, and it is listed here.")
        st.page_link(state.TRAIN_PAGE, label="Train a model", icon=":material/model_training:")
    folders.draw_unreadable([folder for folder in listed if isinstance(folder, Unreadable)], "runs")


def main() -> None:
    layout.draw_header(
        "Runs", "Every network trained here. Choose a row to look at it, rename it or train it again."
    )
    permits.draw_why_nothing()
    bringing_in.show_taken(SELECTED)
    shown = "Runs"
    with layout.controls():
        if store.list_grids():
            shown = st.segmented_control(
                "Show", ("Runs", "Grids"), default="Runs", required=True, key="runs_show", bind="query-params"
            )
        bringing_in.draw()
    trash.draw_offer("runs", bringing_in.take)
    if shown == "Grids":
        grids.draw()
    else:
        draw_runs()
    trash.draw("runs", store.trashed(), "Deleted runs and grids", bringing_in.take)


main()
