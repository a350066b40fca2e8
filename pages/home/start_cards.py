"""The start cards: five ways on, each with a sentence and a small picture that comes when it is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aecore import store
from aecore.store import RunInfo
from pages.home.pictures import growing, pairs, svg_tag
from pages.shared.state import (
    CHOOSE_PAGE,
    QUESTIONS_PAGE,
    RECONSTRUCTIONS_PAGE,
    SPARSITY_PAGE,
    TRAIN_PAGE,
)
from pages.shared.training_view import pca_error

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

CARDS = {
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
        "At the same error L1 leaves fewer units active: see it in the code.",
    ),
    "choose": (
        CHOOSE_PAGE,
        "How many units?",
        "Slide through trained models and keep the one that fits.",
    ),
    "questions": (
        QUESTIONS_PAGE,
        "All questions",
        "Layers, activations, losses, initial weights: each with a picture and a way to try it.",
    ),
}
"""By the name of the card: the page it leads to, its title and its sentence."""


def draw_start_cards() -> dict[str, DeltaGenerator]:
    """Draws the cards; returns the empty place for each one's picture, by the name of the card."""
    places = {}
    st.html(Path(__file__).with_name("cards.css"))
    for name, (page, title, sentence) in CARDS.items():
        with st.container(border=True, key=f"home_card_{name}"):
            row = st.container(horizontal=True, wrap=False, vertical_alignment="center")
            places[name] = row.container(width=84).empty()
            words = row.container(gap="xxsmall")
            words.page_link(
                page, label=f"**{title}**", icon=":material/arrow_forward:", icon_position="right"
            )
            words.caption(sentence)
    return places


def draw_card_pictures(places: dict[str, DeltaGenerator], info: RunInfo) -> None:
    """Fills the places with pictures made from a run."""
    from aecore.figures.start_cards import diamond_and_disc, falling_error, fitted_function

    places["sparsity"].html(svg_tag(diamond_and_disc(), "L1's diamond and L2's disc meet a loss's contour"))
    places["questions"].html(svg_tag(fitted_function(), "A function, and a small network's attempt at it"))
    try:
        errors = [record.squared_error for record in store.read_history(info.path)]
    except store.StoreError:
        errors = []
    if errors:
        places["train"].html(svg_tag(falling_error(errors, pca_error(info)), "Error by epoch, PCA's in grey"))
    try:
        places["look"].html(pairs(info.key, store.weights_stamp(info.path), 3))
        places["choose"].html(growing(info.config.data.name))
    except ValueError:
        return  # without the images the words stand alone
