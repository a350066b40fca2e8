"""Unit sliders: one slider a unit; the decoder runs in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from aecore.web.decoder.payload import sliders_data
from pages.components.decoder import unit_sliders
from pages.look.interpolation.common import reference
from pages.shared import loading
from pages.shared.picker import first_images, pick_image
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.analysis.units import Units
    from aecore.store.run import Run


def draw(run: Run, key: str) -> None:
    """The sliders, set from an image where the data set is on this machine."""
    try:
        data = loading.images_of(run)
    except ValueError as error:
        data = None
        st.info(plain(error))
    units = loading.units(key, with_data=data is not None)
    start, near = ("Mean code", units.mean), None
    if data is not None:
        picked = pick_image("image_a", "Start image", data, first_images(data)[0])
        start = (f"Start: {picked.caption}", run.encode(picked.image[None])[0].numpy())
        near = reference(key)
    try:
        decoder = loading.browser_decoder(key)
    except ValueError as error:
        st.warning(f"There are no sliders for this run: {plain(error)}.")
        return
    unit_sliders(sliders_data(decoder, units, start, reference=near), key="interpolation_sliders")
    st.caption(_meaning(units, data is not None))


def _meaning(units: Units, with_data: bool) -> str:
    if not with_data:
        return (
            "The sliders work from the weights alone: order and ranges are those that the bundled digits, "
            "scaled to this size, give. Starting from an image, or seeing where the data ends, takes images."
        )
    return units.slider_words
