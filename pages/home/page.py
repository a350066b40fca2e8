"""What this is, an auto-encoder at work, where to go next, and the runs there are."""

from __future__ import annotations

import sys
from contextlib import suppress

import numpy as np
import streamlit as st

from aecore import store
from aecore.store import RunInfo
from pages.components.network_drawing import network_drawing, network_hand
from pages.home.at_work import draw_at_work
from pages.home.pictures import drawing
from pages.home.recent_grids import draw_recent_grids
from pages.home.recent_runs import draw_recent_runs
from pages.home.start_cards import draw_card_pictures, draw_start_cards
from pages.shared import further_figures, layout, loading
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import TRAIN_PAGE, chosen_key, usable_runs
from pages.shared.training_view import pca_error, squared_error

DRAW = "home_draw"  # session key of the number of times that other images were asked for


def meaning(info: RunInfo, shape: list[int]) -> str:
    """How much smaller the code is than the image and what that costs, in the run's own figures."""
    pixels, units = int(np.prod(shape)), info.config.model.latent_size
    sentence = f"{pixels:,} numbers go through {units}"
    if pixels >= 2 * units:
        sentence += f", {pixels / units:.0f} times fewer"
    error, pca = squared_error(info), pca_error(info)
    if error is None or pca is None:
        return sentence + "."
    return sentence + (
        f". Over all test images the squared error is **{error:.1f}**; PCA, the best linear way through "
        f"{units} numbers, leaves {pca:.1f}."
    )


def take_other_images() -> None:
    st.session_state[DRAW] = st.session_state.get(DRAW, 0) + 1


def draw_nothing_yet() -> None:
    st.info(
        "Here you would see a network at work: an image goes in, becomes a few numbers, and comes out again. "
        "There is no trained one yet; the first takes about a minute."
    )
    st.button(
        "Train the first one",
        type="primary",
        icon=":material/model_training:",
        key="home_train",
        on_click=leave_for,
        args=(TRAIN_PAGE,),
    )


def main() -> None:
    layout.draw_header(
        "Auto-encoder explorer",
        "An auto-encoder squeezes an image through a few numbers, its code, and rebuilds it from them. "
        "Train such networks here, and see what their codes keep.",
    )
    draw_at_work()
    runs = usable_runs()
    if not runs:
        draw_nothing_yet()
        draw_recent_grids()
        return
    info = next((r for r in runs if r.key == chosen_key()), runs[0])
    with st.container(key="home_columns"):  # places.css keeps the drawing's place on a phone
        left, right = layout.picture_and_figures()
    with left:
        # Two places: emptying the drawing's own at every rerun would start its walk anew on a slow machine.
        waiting, place = st.empty(), st.container()
        if "torch" not in sys.modules:
            # The first visit after a start waits some seconds for torch; text and cards are there before it.
            waiting.skeleton(height=430)
    with right:
        places = draw_start_cards()
    try:
        values = drawing(info.key, store.weights_stamp(info.path), st.session_state.get(DRAW, 0))
    except ValueError as error:
        waiting.warning(f"{plain(info.name)} can't be drawn: {plain(error)}")
    else:
        waiting.empty()
        with place:
            network_drawing(**values, key="home_drawing")
            st.markdown(meaning(info, values["walk"]["shape"]))
            st.button(
                "Other images", key="home_draw_again", icon=":material/shuffle:", on_click=take_other_images
            )
            further_figures.draw_folded(info.key, "home_further")
    draw_card_pictures(places, info)
    draw_recent_runs(runs)
    draw_recent_grids()
    draw_hand(info.key)


def draw_hand(key: str) -> None:
    """Lets the bars of the code be moved, unless the decoder can't run in a browser."""
    with suppress(ValueError):
        network_hand(f"{key} {store.weights_stamp(key)}", loading.browser_decoder(key))


main()
