"""What this is, an auto-encoder at work, where to go next, and the runs there are."""

from __future__ import annotations

import html
import sys

import numpy as np
import streamlit as st

from aecore import store
from aecore.store import RunInfo
from pages.components.network_drawing import network_drawing
from pages.home.pictures import drawing, growing, pairs, svg_tag
from pages.shared import layout, loading
from pages.shared.state import (
    CHOOSE_PAGE,
    RECONSTRUCTIONS_PAGE,
    SPARSITY_PAGE,
    TRAIN_PAGE,
    choose,
    chosen_key,
    usable_runs,
)

# Cards of recent runs.
CARDS = 4
DRAW = "home_draw"

DOORS = {
    "look": (
        RECONSTRUCTIONS_PAGE,
        "Look at a trained one",
        "What it keeps of an image, what it loses, and where a linear method would do as well.",
    ),
    "train": (
        TRAIN_PAGE,
        "Train your own",
        "Choose data and layers, and watch the pictures become sharp.",
    ),
    "sparsity": (
        SPARSITY_PAGE,
        "Why L1? Why L2?",
        "One makes zeros, the other makes small numbers: see it in the code.",
    ),
    "choose": (
        CHOOSE_PAGE,
        "How many units?",
        "Slide through trained models and keep the one that fits.",
    ),
}


def squared_error(info: RunInfo) -> float | None:
    """The run's squared error on the test images, None before its end."""
    return ((info.result or {}).get("test") or {}).get("squared_error")


def pca_error(info: RunInfo) -> float | None:
    """PCA's squared error with as many components as the run has units, None without the images."""
    noted = ((info.result or {}).get("test") or {}).get("pca_squared_error")
    if noted is not None:
        return noted
    try:
        return loading.pca_baseline(info.config.data.name).error(info.config.model.latent_size)
    except ValueError:
        return None


def doors() -> dict:
    """Draws the four ways on; their pictures come later, into the places returned."""
    places = {}
    for name, (page, title, sentence) in DOORS.items():
        with st.container(border=True):
            row = st.container(horizontal=True, wrap=False, vertical_alignment="center")
            places[name] = row.container(width=84).empty()
            words = row.container(gap="xxsmall")
            words.page_link(
                page, label=f"**{title}**", icon=":material/arrow_forward:", icon_position="right"
            )
            words.caption(sentence)
    return places


def door_pictures(places: dict, info: RunInfo) -> None:
    from aecore.figures.doors import diamond_and_disc, falling_error

    places["sparsity"].html(svg_tag(diamond_and_disc(), "L1's diamond and L2's disc meet a loss's contour"))
    history = store.read_history(info.path)
    errors = [(r.get("validation") or r["train"])["squared_error"] for r in history]
    if errors:
        places["train"].html(svg_tag(falling_error(errors, pca_error(info)), "Error by epoch, PCA's in grey"))
    try:
        places["look"].html(pairs(info.key, store.weights_stamp(info.path), 3))
        places["choose"].html(growing(info.config.data.name))
    except ValueError:
        return  # without the images the words stand alone


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


def recent(runs: list[RunInfo]) -> None:
    """The newest runs as cards."""
    st.subheader("Recent runs", anchor=False)
    columns = st.columns(CARDS)
    for column, info in zip(columns, runs[:CARDS], strict=False):
        with column.container(border=True):
            try:
                st.html(pairs(info.key, store.weights_stamp(info.path), 5))
            except ValueError as error:
                st.caption(f"No picture: {error}")
            st.html(f"<b>{html.escape(info.name)}</b>")
            if (error := squared_error(info)) is not None:
                pca = pca_error(info)
                beside = "" if pca is None else f" (PCA {pca:.1f}; lower is better)"
                st.caption(f"Squared error {error:.1f}{beside}")
            else:
                st.caption("Not trained to its end yet")
            here = info.key == chosen_key()
            st.button(
                "Chosen" if here else "Choose",
                key=f"home_choose_{info.key}",
                disabled=here,
                on_click=choose,
                args=(info.key,),
                icon=":material/check:" if here else None,
                width="stretch",
                help=None if here else "Makes it the run that every page shows.",
            )


def draw_again() -> None:
    st.session_state[DRAW] = st.session_state.get(DRAW, 0) + 1


def nothing_yet() -> None:
    st.info(
        "Here you would see a network at work: an image goes in, becomes a few numbers, and comes out again. "
        "There is no trained one yet; the first takes about a minute."
    )
    if st.button("Train the first one", type="primary", icon=":material/model_training:", key="home_train"):
        st.switch_page(TRAIN_PAGE)


def main() -> None:
    layout.header(
        "Auto-encoder explorer",
        "An auto-encoder squeezes an image through a few numbers, its code, and rebuilds it from them. "
        "Train such networks here, and see what their codes keep.",
    )
    runs = usable_runs()
    if not runs:
        nothing_yet()
        return
    info = next((r for r in runs if r.key == chosen_key()), runs[0])
    left, right = st.columns([9, 5], gap="large")
    with left:
        place = st.empty()
        if "torch" not in sys.modules:
            # The first visit after a start waits some seconds for torch; text and doors are there before it.
            place.skeleton(height=430)
    with right:
        places = doors()
    try:
        values = drawing(info.key, store.weights_stamp(info.path), st.session_state.get(DRAW, 0))
    except ValueError as error:
        place.warning(f"{info.name} can't be drawn: {error}")
    else:
        with place.container():
            network_drawing(**values)
            st.markdown(meaning(info, values["walk"]["shape"]))
            st.button("Other images", key="home_draw_again", icon=":material/shuffle:", on_click=draw_again)
    door_pictures(places, info)
    recent(runs)


main()
