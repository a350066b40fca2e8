"""A data set: its images, its classes, and whether a network's output can reach its pixels."""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING, get_args

import streamlit as st

from aecore import store
from aecore.config import Config, Normalization, OutputActivation
from aecore.settings import show
from aecore.store import StoreError
from pages.shared import data_cards, layout
from pages.shared.leaving import leave_for
from pages.shared.plain import plain
from pages.shared.state import TRAIN_PAGE, chosen_key
from pages.understand.data.classes import draw_class_means, draw_counts, draw_samples
from pages.understand.data.spread import draw_spread

if TYPE_CHECKING:
    from aecore.data import Dataset, ImageData


def chosen_config() -> Config:
    """The chosen run's config, from which the choices start; without a run the post's."""
    if (key := chosen_key()) is not None:
        try:
            return store.read_info(store.find_run(key)).config
        except StoreError:
            return Config()
    return Config()


def choose_dataset(config: Config) -> Dataset:
    from aecore.data import datasets

    there = datasets()
    names = list(there)
    name = st.selectbox(
        "Data set",
        names,
        index=names.index(config.data.name) if config.data.name in there else 0,
        format_func=lambda name: there[name].title,  # what the link names too
        key="data_set",
        bind="query-params",
        width=360,
    )
    data_cards.draw_button("data", name, partial(st.session_state.__setitem__, "data_set"))
    return there[name]


def choose_range(config: Config) -> tuple[Normalization, OutputActivation]:
    """The normalization and the output activation that are to go together."""
    normalization = st.segmented_control(
        "Normalization",
        get_args(Normalization),
        default=config.data.normalization,
        format_func=show,
        required=True,
        key="data_normalization",
        bind="query-params",
        help="The range in which a network trains. Images are shown, and errors given, in [0, 1].",
    )
    output = st.segmented_control(
        "Output activation",
        get_args(OutputActivation),
        default=config.model.output_activation,
        required=True,
        key="data_output",
        bind="query-params",
        help="What the decoder's last layer ends with; its range limits what the network can put out.",
    )
    return normalization, output


def draw_facts(dataset: Dataset, data: ImageData | None) -> None:
    """Size, origin and licence, as far as they are known."""
    channels, height, width = dataset.shape
    facts = {
        "Images": f"{dataset.train_size:,} for training, {dataset.test_size:,} for testing",
        "Size": f"{height} × {width} pixels, {'grey' if channels == 1 else f'{channels} colour channels'}",
        "Classes": f"{len(dataset.known_classes)}" if dataset.known_classes else "none that are known",
    }
    if dataset.origin:
        facts["Made by"] = dataset.origin
    if dataset.license:
        facts["Licence"] = dataset.license
    if dataset.download_bytes:
        facts["Download"] = f"{dataset.download_bytes / 1e6:,.0f} MB"
    if data is not None:
        size = data.train_images.nbytes + data.test_images.nbytes
        facts["In memory"] = f"{size / 1e6:,.1f} MB, a byte for each value"
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:600;padding:2px 14px 2px 0;'
        f'vertical-align:top;white-space:nowrap">{name}</th><td>{html.escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    st.html(f'<table style="font-size:0.9rem;border-collapse:collapse">{rows}</table>')


def draw_not_here(dataset: Dataset) -> None:
    st.info(
        f"{dataset.title} is not on this machine: {dataset.where_to_put()}, or download it on the Train "
        "page.",
        icon=":material/cloud_download:",
    )
    st.button(
        "Open the Train page",
        key="data_train",
        icon=":material/model_training:",
        on_click=leave_for,
        args=(TRAIN_PAGE,),
    )


def main() -> None:
    layout.draw_header(
        "Data", "What the images are, how their pixels are spread, and whether an output can reach them."
    )
    config = chosen_config()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = choose_dataset(config)
    if not dataset.is_ready():
        draw_facts(dataset, None)
        draw_not_here(dataset)
        return
    data = layout.require_data(dataset.name)
    left, right = layout.picture_and_figures()
    with left:
        st.subheader("Images", anchor=False)
        with st.container(key="data_samples"):
            draw_samples(data)
    with right:
        st.subheader("About", anchor=False)
        st.markdown(plain(dataset.description))
        draw_facts(dataset, data)
    st.subheader("Pixels and the output's range", anchor=False)
    with st.container(horizontal=True, gap="large"):
        normalization, output = choose_range(config)
    draw_spread(data, normalization, output)
    st.subheader("Classes", anchor=False)
    left, right = layout.picture_and_figures()
    with left:
        if data.known_classes:
            draw_counts(data)
        else:
            st.caption("Nothing says of which class these images are, so that none are counted or averaged.")
    with right:
        draw_class_means(data)


main()
