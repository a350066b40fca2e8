"""Choose: every slider position is a trained model; the charts below say which to take."""

from __future__ import annotations

from functools import partial

import streamlit as st

from aecore import jobs, store
from aecore.analysis import selection
from aecore.files import StoreError
from aecore.store import GridInfo
from pages.components.board import board
from pages.look.choose import overview
from pages.look.choose.board_data import board_data
from pages.shared import grid_source, layout, settings_form, state

TITLE = "Choose"
SENTENCE = (
    "Every position of the sliders is a trained model: move them and see what it makes of the same images."
)
BOARD = "choose_board"
GRID, LINK = "grid", "at"  # in the URL


def chosen_grid(infos: list[GridInfo]) -> GridInfo:
    """The grid looked at: the one of the link, else that of the session, else the newest finished one,
    and rather one with axes than a list of members, which has nothing to be moved along.
    """
    by_key = {info.key: info for info in infos}
    linked = st.query_params.get(GRID)
    # Once a session: later the address may still be an older place of this very session's own.
    if linked and "_choose_linked_grid" not in st.session_state:
        if linked in by_key:
            st.session_state["choose_grid"] = linked
        else:
            st.warning(f"The link names the grid {linked}, which is not here; another is shown instead.")
    if st.session_state.get("choose_grid") not in by_key:
        first = min(infos, key=lambda info: (info.result is None, not info.grid.axes))
        st.session_state["choose_grid"] = first.key
    key = st.selectbox(
        "Grid",
        list(by_key),
        format_func=lambda key: f"{by_key[key].name} ({jobs.status(by_key[key])})"
        if jobs.status(by_key[key]) != "finished" else by_key[key].name,
        key="choose_grid",
        persist_state="session",
        width=520,
    )  # fmt: skip
    st.query_params[GRID] = st.session_state["_choose_linked_grid"] = key
    return by_key[key]


def place_in(info: GridInfo, proposed: selection.Candidate | None) -> list[int]:
    """Where the sliders of a grid stand: where the link or the session says, else at the proposed member."""
    places = st.session_state.setdefault("_choose_places", {})
    linked = st.query_params.get(LINK)
    if linked and "_choose_linked_place" not in st.session_state:
        take(info, linked)
    if info.key not in places:
        places[info.key] = selection.place_of(info.grid, proposed.k if proposed else 0)
    note(info, places[info.key])
    return places[info.key]


def take(info: GridInfo, text: str) -> None:
    """Moves the sliders to a place such as `3-0-1`; what is none is left alone."""
    try:
        place = [int(part) for part in text.split("-")]
        selection.member_at(info.grid, place)
    except ValueError:
        return
    st.session_state.setdefault("_choose_places", {})[info.key] = place


def note(info: GridInfo, place: list[int]) -> None:
    text = "-".join(map(str, place))
    st.query_params[LINK] = text
    st.session_state["_choose_linked_place"] = True


def moved(info: GridInfo) -> None:
    """The sliders were let go; for the component."""
    take(info, st.session_state[BOARD].at or "")
    # A chart that still holds its last click would not report the same mark again: a new one does.
    if st.session_state.pop("_choose_picked", False):
        st.session_state["_choose_charts"] = st.session_state.get("_choose_charts", 0) + 1


def go_to(info: GridInfo, k: int) -> None:
    """Moves the sliders to member k."""
    place = selection.place_of(info.grid, k)
    st.session_state["_choose_places"][info.key] = place
    st.session_state["_choose_move"] = st.session_state.get("_choose_move", 0) + 1


def picked(info: GridInfo, key: str) -> None:
    """A mark was clicked; for the charts."""
    chosen = st.session_state[key]["selection"].get("picked") or []
    if chosen and "k" in chosen[0]:
        go_to(info, int(chosen[0]["k"]))
        st.session_state["_choose_picked"] = True


def probe_chosen() -> None:
    if (probe := st.session_state[BOARD].probe) is not None:
        st.session_state["_choose_probe"] = int(probe)


def look(info: GridInfo) -> None:
    """All of the page that a movement changes."""
    if info.result is None:
        info = store.read_grid(info.path)
    rows = grid_source.rows(info)
    members = selection.candidates(info.grid, rows)
    text, proposed = overview.proposal(info.grid, members)
    place = place_in(info, proposed)
    k = selection.member_at(info.grid, place)
    board(
        board_data(info, rows),
        place,
        move=st.session_state.get("_choose_move", 0),
        probe=st.session_state.get("_choose_probe", 0),
        on_move=partial(moved, info),
        on_probe=probe_chosen,
        key=BOARD,
    )
    st.markdown(text)
    actions(info, k, rows[k], proposed)
    if members:
        charts(info, members, place, k)


def actions(info: GridInfo, k: int, row: grid_source.Row, proposed: selection.Candidate | None) -> None:
    """What can be done with the member and with the table."""
    has_weights = (info.path / str(k) / "weights.safetensors").exists()
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Look at this model",
            key="choose_look",
            type="primary",
            icon=":material/compare:",
            disabled=not has_weights,
            help="Makes it the model that every page shows.",
        ):
            state.choose(info.member_key(k))
            st.switch_page(state.RECONSTRUCTIONS_PAGE)
        st.button(
            "Keep",
            key="choose_keep",
            icon=":material/bookmark:",
            disabled=not has_weights,
            on_click=keep,
            args=(info, k),
            help="Copies it to a run of its own, which stays when the grid is deleted.",
        )
        if proposed is not None and selection.place_of(info.grid, proposed.k) != place_in(info, proposed):
            st.button(
                "Go to the proposed one",
                key="choose_go",
                icon=":material/recommend:",
                on_click=go_to,
                args=(info, proposed.k),
            )
        with st.popover("Continue training", icon=":material/fast_forward:", disabled="test" not in row):
            continue_form(info, k)
        st.download_button(
            "Table",
            lambda: store.table_csv(info),
            file_name=f"{info.key}.csv",
            mime="text/csv",
            key="choose_table",
            icon=":material/download:",
            on_click="ignore",
            help="All members with their settings and figures, as comma-separated values.",
        )
        width = selection.bottleneck(info.grid.members[k])
        if width is not None and st.button(
            "Try wider layers",
            key="choose_wider",
            icon=":material/open_in_full:",
            help=f"The narrowest hidden layer is {width} wide: opens New grid with wider ones.",
        ):
            largest = max(config.model.latent_size for config in info.grid.members)
            st.session_state["_new_grid_from"] = selection.wider(info.config, largest), info.grid.axes
            st.switch_page(state.NEW_GRID_PAGE)


def keep(info: GridInfo, k: int) -> None:
    """Copies member k to a run of its own; for the button."""
    try:
        path = store.keep_member(info.path, k)
    except (StoreError, OSError) as error:
        st.toast(f"Not kept: {error}.", icon=":material/error:")
        return
    state.choose(path.name)
    st.toast(f"Kept as {path.name}; it is the chosen run now.", icon=":material/check:")


def continue_form(info: GridInfo, k: int) -> None:
    """How many epochs more, and the button."""
    epochs = int(st.number_input("More epochs", 1, 10_000, 10, key="choose_more"))
    config = info.grid.members[k]
    if not store.read_stacks(info.path):
        st.caption(
            "This grid came without its optimizers' state, so the model can't be taken further; the same "
            "settings can be trained anew, with more epochs."
        )
        if st.button("Settings into Train", key="choose_anew", type="primary"):
            settings_form.fill("train", config.with_values({"train.epochs": config.train.epochs + epochs}))
            st.switch_page(state.TRAIN_PAGE)
        return
    if config.train.schedule != "constant":
        st.caption(
            f"Its {config.train.schedule.replace('_', '-')} schedule is stretched over all epochs, so the "
            "learning rate rises again at first."
        )
    st.button("Continue", key="choose_continue", type="primary", on_click=go_on, args=(info, k, epochs))


def go_on(info: GridInfo, k: int, epochs: int) -> None:
    """Starts the training of a copy of member k, from where it stands; for the button."""
    from aecore.jobs.continuation import continue_member

    try:
        path = continue_member(info.path, k, epochs)
        jobs.start(path)
    except (StoreError, OSError, RuntimeError) as error:
        st.toast(f"Not continued: {error}.", icon=":material/error:")
        return
    st.toast("It trains on, as a run of its own.", icon=":material/check:")


def charts(info: GridInfo, members: list[selection.Candidate], place: list[int], k: int) -> None:
    """The second row: the error curve, and a view of all members beside it."""
    number = st.session_state.get("_choose_charts", 0)

    def key(name: str) -> str:
        return f"choose_{name}_{info.key}_{number}"

    left, right = st.columns(2, gap="large")
    with left:
        fields = overview.numeric_fields(info.grid)
        if fields:
            field = st.segmented_control(
                "Squared error against",
                fields,
                format_func=settings_form.label,
                key="choose_field",
                default=fields[0],
                required=True,
                persist_state="session",
            )
            field = field if field in fields else fields[0]
            name = key(f"curve_{field.replace('.', '_')}")
            overview.curve(info.grid, members, k, field, name, partial(picked, info, name))
        else:
            st.caption("No axis of this grid is a number to draw the error against.")
    with right:
        view = st.segmented_control(
            "All models",
            overview.VIEWS,
            key="choose_view",
            default=overview.VIEWS[0],
            required=True,
            bind="query-params",
        )
        name = key(view.split()[0].lower())
        pick = partial(picked, info, name)
        if view == overview.HEAT:
            overview.heat_map(info.grid, members, place, name, pick)
        elif view == overview.PARETO:
            overview.pareto(info.grid, members, k, name, pick)
        elif view == overview.PARALLEL:
            overview.parallel(info.grid, members, k, name, pick)
        else:
            overview.importance(info.grid, members, name)
    st.caption(
        "Validation images, held out of the training images, choose: the proposal, the elbow, the front and "
        "the maps are made from them. Test images only report, and no choice is made by them."
    )


layout.header(TITLE, SENTENCE)
if infos := grid_source.grids():
    try:
        chosen = chosen_grid(infos)
        st.fragment(look, run_every=5.0 if jobs.is_active(chosen.progress) else None)(chosen)
    except (StoreError, OSError) as error:
        st.error(f"The grid can't be shown: {error}.")
else:
    st.info("There is no grid of models yet: train one, and its sliders are here.")
    st.page_link(state.NEW_GRID_PAGE, label="Train a grid", icon=":material/grid_on:")
