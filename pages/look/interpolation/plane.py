"""Plane: two directions of the code to move in; the decoder runs in the browser and follows the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from aecore.web.decoder.plane import CodePlane, pad_data
from pages.components.decoder import code_pad
from pages.look.interpolation.common import reference
from pages.shared import loading
from pages.shared.picker import first_images, pick_image
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.store.run import Run

POINTS = 2000
"""Test images whose codes are drawn on the plane, at most."""
COMPONENTS, UNITS = "components", "units"
MEAN, IMAGE = "the mean code", "an image"


def draw(run: Run, key: str, data: ImageData) -> None:
    """The plane with its choices above it."""
    from aecore.data import some_of

    size = run.latent_size
    if size < 2:
        st.info("A plane takes two units; the code of this run has one. Unit sliders moves it.")
        return
    try:
        decoder = loading.browser_decoder(key)
    except ValueError as error:
        st.warning(f"There is no plane for this run: {plain(error)}.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        plane = _plane(key, size)
        others = MEAN
        if size > 2:
            others = st.segmented_control(
                "All else as in",
                [MEAN, IMAGE],
                default=MEAN,
                required=True,
                key="interpolation_plane_from",
                bind="query-params",
                help="The plane passes through this code; what lies across it stays as it is there.",
            )
        codes = loading.test_codes(key).numpy()
        start = ("the mean code", codes.mean(axis=0))
        if others == IMAGE:
            picked = pick_image("image_a", "A", data, first_images(data)[0])
            start = (picked.caption, run.encode(picked.image[None])[0].numpy())
    if plane is None:
        st.info("Choose two different directions: the plane is between them.")
        return
    shown = some_of(len(codes), min(POINTS, len(codes)))
    labels = data.test_labels.numpy()[shown]
    near = reference(key)
    code_pad(pad_data(decoder, plane, start, codes[shown], labels, reference=near), key="interpolation_plane")
    across = (
        "" if size == 2 else " What lies across the plane stays as it is in the code that it starts from."
    )
    st.caption(
        "Drag the point, or move it by the arrow keys: the decoder, in the browser, makes the picture of "
        f"each place. Dots are test images, coloured by class.{across}"
    )


def _plane(key: str, size: int) -> CodePlane | None:
    """The chosen plane; None where the same direction was chosen twice."""
    kind = st.segmented_control(
        "Directions",
        [COMPONENTS, UNITS],
        default=UNITS if size == 2 else COMPONENTS,
        required=True,
        key="interpolation_plane_kind",
        bind="query-params",
        help="Principal components of the codes, the largest first, or single units.",
    )
    pca = loading.code_pca(key)
    count = size if kind == UNITS else len(pca)

    def form(option: int) -> str:
        if kind == UNITS:
            return f"unit {option}"
        return f"{option}: {pca.explained_variance_ratio[option - 1]:.1%} of the variance"

    options = [i + (kind == COMPONENTS) for i in range(count)]
    first, second = (
        _direction(label, f"interpolation_plane_{kind}_{name}", options, start, form)
        for label, name, start in (("Across", "x", 0), ("Up", "y", 1))
    )
    if first == second:
        return None
    return (
        CodePlane.of_units(first, second, size)
        if kind == UNITS
        else CodePlane.of_components(pca, first - 1, second - 1)
    )


def _direction(label: str, key: str, options: list[int], start: int, form: Callable[[int], str]) -> int:
    if st.session_state.get(key, options[start]) not in options:
        st.session_state[key] = options[start]
    index = {} if key in st.session_state else {"index": start}
    return st.selectbox(label, options, **index, format_func=form, key=key, bind="query-params", width=190)
