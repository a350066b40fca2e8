"""Choose: every slider position is a trained model; the charts below say which to take."""

from __future__ import annotations

from functools import partial

import streamlit as st

from aecore import jobs, store
from aecore.analysis import selection
from aecore.analysis.errors import clipped_pca
from aecore.config import Config
from aecore.files import StoreError
from aecore.store import GridInfo
from pages.components.board import board
from pages.look.choose import overview
from pages.look.choose.actions import draw_actions
from pages.look.choose.board_data import board_data
from pages.look.choose.place import BOARD, choose_grid, moved, picked, place_in, probe_chosen
from pages.shared import further_figures, going, grid_source, layout, loading, state
from pages.shared.plain import plain

TITLE = "Choose"
SENTENCE = (
    "Every position of the sliders is a trained model: move them and see what it makes of the same images."
)


def draw_grid(info: GridInfo) -> None:
    """All of the page that a movement changes, or why the grid can't be shown."""
    try:
        _draw_grid(info)
    except (StoreError, OSError) as error:
        st.error(f"The grid can't be shown: {plain(error)}.")


def _draw_grid(info: GridInfo) -> None:
    if info.result is None:
        info = store.read_grid(info.path)
    rows = info.rows()
    members = selection.candidates(info.grid, rows)
    text, proposal = overview.proposal(info.grid, members, grid_source.others(info))
    proposed = proposal.chosen.best if proposal else None
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
    draw_actions(info, k, rows[k], proposal)
    if store.has_weights(info.member_path(k)):
        # A switch of its own for each member: another position of the sliders never waits for a measurement.
        further_figures.draw_folded(info.member_key(k), f"choose_further_{k}")
    if members:
        draw_charts(info, members, place, k)
    # Last, because the images may have to be loaded first.
    draw_clipped_pca(info.grid.members[k])
    layout.draw_classes_warning(info.config.data.name)


def draw_clipped_pca(config: Config) -> None:
    """PCA's error with its values in [0, 1], beside a member whose outputs can't leave it."""
    try:
        errors = loading.pca_squared_errors(config.data.name, config.model.latent_size, clipped=True)
    except ValueError:
        return  # without the images PCA's own figure stands alone
    if text := clipped_pca(config.model.output_activation, float(errors.double().mean())):
        st.caption(f"Test images, {config.model.latent_size} components:{text}")


def draw_charts(info: GridInfo, members: list[selection.Candidate], place: list[int], k: int) -> None:
    """The second row: the error curve, and a view of all members beside it."""
    left, right = st.columns(2, gap="large")
    with left:
        overview.draw_curve(info, members, k)
    with right:
        view = st.segmented_control(
            "All models",
            overview.VIEWS,
            key="choose_view",
            default=overview.VIEWS[0],
            required=True,
            bind="query-params",
        )
        if view == overview.HEAT:
            overview.draw_heat_map(info, members, place)
        elif view == overview.PARETO:
            overview.draw_pareto_front(info, members, k)
        elif view == overview.PARALLEL:
            name = f"choose_parallel_{info.key}_{st.session_state.get('_choose_charts', 0)}"
            overview.draw_parallel_axes(info.grid, members, k, name, partial(picked, info, name))
        else:
            overview.draw_importance(info, members)
    st.caption(
        "Validation images, held out of the training images, choose: the proposal, the elbow, the front and "
        "the maps are made from them. Test images only report, and no choice is made by them."
    )


def main() -> None:
    layout.draw_header(TITLE, SENTENCE)
    infos = grid_source.grids()
    if not infos:
        st.info("There is no grid of models yet: train one, and its sliders are here.")
        st.page_link(state.NEW_GRID_PAGE, label="Train a grid", icon=":material/grid_on:")
        return
    chosen = choose_grid(infos)
    st.fragment(going.telling(draw_grid), run_every=5.0 if jobs.is_active(chosen.progress) else None)(chosen)


main()
