"""What can be done with a member of a grid and with the table of all."""

from __future__ import annotations

import streamlit as st

from aecore import jobs, store
from aecore.access import RefusedError
from aecore.analysis import selection
from aecore.config import Config
from aecore.export.tables import member_table, table_file
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.results import Row
from aecore.store import GridInfo
from pages.look.choose.place import go_to, place_in
from pages.look.choose.saving import draw_save
from pages.shared import notices, permits, settings_form, state
from pages.shared.leaving import leave_for
from pages.shared.plain import plain


def draw_actions(info: GridInfo, k: int, row: Row, proposal: selection.Proposal | None) -> None:
    """What can be done with the member, the proposal and the table."""
    proposed = proposal.chosen.best if proposal else None
    has_weights = store.has_weights(info.member_path(k))
    refused = permits.why_nothing()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Look at this model",
            key="choose_look",
            type="primary",
            icon=":material/compare:",
            disabled=not has_weights,
            on_click=look_at,
            args=(info, k),
            help="Makes it the model that every page shows.",
        )
        st.button(
            "Keep",
            key="choose_keep",
            icon=":material/bookmark:",
            disabled=not has_weights or refused is not None,
            on_click=keep,
            args=(info, k),
            help=refused or "Copies it to a run of its own, which stays when the grid is deleted.",
        )
        if proposed is not None and selection.place_of(info.grid, proposed.k) != place_in(info, proposed):
            st.button(
                "Go to the proposed one",
                key="choose_go",
                icon=":material/recommend:",
                on_click=go_to,
                args=(info, proposed.k),
            )
        if proposal is not None and (seeds := selection.further_seeds(proposal)) is not None:
            st.button(
                "Train it with three seeds",
                key="choose_seeds",
                icon=":material/casino:",
                on_click=train_seeds,
                args=(info, seeds),
                disabled=refused is not None,
                help=refused
                or f"{len(seeds.members)} trainings, a grid of their own: the proposed settings, and those "
                "with the lowest error, at the seeds that are lacking. When they are done, the proposal here "
                "goes by their mean and by its standard error over seeds.",
            )
        with st.popover(
            "Continue training",
            icon=":material/fast_forward:",
            disabled=row.result is None or refused is not None,
            help=refused,
        ):
            draw_continue_form(info, k)
        st.download_button(
            "Table",
            lambda: table_file(member_table(info), ".csv"),
            file_name=f"{info.key}.csv",
            mime="text/csv",
            key="choose_table",
            icon=":material/download:",
            on_click="ignore",
            help="All members with their settings and figures, as comma-separated values.",
        )
        draw_save(info)
        width = selection.bottleneck(info.grid.members[k])
        if width is not None:
            st.button(
                "Try wider layers",
                key="choose_wider",
                icon=":material/open_in_full:",
                on_click=widen,
                args=(info,),
                help=f"The narrowest hidden layer is {width} wide: opens New grid with wider ones.",
            )
    permits.draw_why_nothing()


def look_at(info: GridInfo, k: int) -> None:
    """Makes member k the chosen run and shows its reconstructions; for the button."""
    state.choose(info.member_key(k))
    leave_for(state.RECONSTRUCTIONS_PAGE)


def train_seeds(info: GridInfo, seeds: Grid) -> None:
    """Starts or queues the further seeds of a proposal, unless they are at work; for the button."""
    if any(isinstance(job, GridInfo) and job.grid == seeds for job in jobs.active()):
        st.toast("These seeds are at work already.", icon=":material/info:")
        return
    try:
        jobs.submit_grid(seeds, f"Further seeds for {info.name}")
    except (OSError, ValueError, RefusedError) as error:
        st.toast(f"The training could not be started: {plain(error)}", icon=":material/error:")
        return
    st.toast("They train now; the proposal uses them when they are done.", icon=":material/check:")


def widen(info: GridInfo) -> None:
    """Opens New grid with this grid's axes and wider layers; for the button."""
    largest = max(config.model.latent_size for config in info.grid.members)
    st.session_state["_new_grid_from"] = selection.wider(info.config, largest), info.grid.axes
    leave_for(state.NEW_GRID_PAGE)


def keep(info: GridInfo, k: int) -> None:
    """Copies member k to a run of its own; for the button."""
    try:
        path = store.keep_member(info.path, k)
    except (StoreError, OSError, RefusedError) as error:
        notices.say(f"Not kept: {error}.", "error")
        return
    state.choose(path.name)
    notices.say("Kept as a run of its own; it is the chosen run now.", "check")


def draw_continue_form(info: GridInfo, k: int) -> None:
    """How many epochs more, and the button."""
    epochs = int(st.number_input("More epochs", 1, 10_000, 10, key="choose_more"))
    config = info.grid.members[k]
    try:
        stacks = store.read_stacks(info.path)
    except StoreError as error:
        st.error(f"It can't be taken further: {plain(error)}.")
        return
    if not stacks:
        st.caption(
            "This grid came without its optimizers' state, so the model can't be taken further; the same "
            "settings can be trained anew, with more epochs."
        )
        st.button(
            "Settings into Train", key="choose_anew", type="primary", on_click=anew, args=(config, epochs)
        )
        return
    if config.train.schedule != "constant":
        st.caption(
            f"Its {config.train.schedule.replace('_', '-')} schedule is stretched over all epochs, so the "
            "learning rate rises again at first."
        )
    st.button("Continue", key="choose_continue", type="primary", on_click=go_on, args=(info, k, epochs))


def anew(config: Config, epochs: int) -> None:
    """Opens Train with these settings and that many epochs more; for the button."""
    settings_form.fill("train", config.with_values({"train.epochs": config.train.epochs + epochs}))
    leave_for(state.TRAIN_PAGE)


def go_on(info: GridInfo, k: int, epochs: int) -> None:
    """Starts the training of a copy of member k, from where it stands; for the button."""
    from aecore.jobs.continuation import continue_member

    try:
        path = continue_member(info.path, k, epochs)
        jobs.start(path)
    except (StoreError, OSError, RuntimeError) as error:
        notices.say(f"Not continued: {error}.", "error")
        return
    notices.say("It trains on, as a run of its own.", "check")
