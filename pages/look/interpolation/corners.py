"""Four corners: the bilinear sheet of codes between four images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.look.interpolation.common import encode
from pages.shared import images, layout, loading
from pages.shared.picker import first_images, pick_image

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.store.run import Run

SIDE = 9
"""Rows and columns of the sheet."""
CORNERS = ("Top left image", "Top right image", "Bottom left image", "Bottom right image")


def draw(run: Run, key: str, data: ImageData) -> None:
    """Four images and the bilinear sheet of codes between them."""
    from aecore.analysis import latent

    places = ("top left", "top right", "bottom left", "bottom right")
    left, right = layout.picture_and_figures()
    with right:
        cells = [cell for _ in range(2) for cell in st.columns(2)]
        picked = []
        for i, number in enumerate(first_images(data)):
            with cells[i]:
                picked.append(pick_image(f"image_{'abcd'[i]}", CORNERS[i], data, number))
    _, codes = encode(run, picked)
    sheet = latent.sheet(codes, SIDE, SIDE).reshape(SIDE * SIDE, -1)
    neighbors, _, band = loading.code_neighbors(key)
    remoteness, _ = neighbors.remoteness(sheet)
    outside = remoteness > band[1]
    text = ", ".join(f"{place} {p.caption}" for place, p in zip(places, picked, strict=True))
    picture = _framed_sheet(run.decode(sheet).numpy(), outside)
    left.html(images.tag(picture, "min(100%, 560px)", f"Decoded sheet between {text}"))
    with right:
        st.metric("Places outside the data", f"{outside.sum()} of {len(outside)}")
        st.caption(
            f"framed in orange: farther from every training code than 95 % of test images, {band[1]:.2f} "
            "times the usual distance between neighbours"
        )
        st.metric("Middle of the sheet", f"{remoteness[len(remoteness) // 2]:.2f}")
        st.caption(
            "times the usual distance between neighbours, from the nearest training code (test images: "
            f"{band[0]:.2f} to {band[1]:.2f})"
        )
    if (codes == codes[0]).all():
        st.caption("All four corners have the same code, so the sheet is one picture: choose other images.")


def _framed_sheet(pictures: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """The sheet, enlarged, an orange frame around the marked places: H x W x 3 uint8."""
    times = max(1, round(56 / pictures.shape[-1]))
    cells = []
    for picture, mark in zip(pictures, marked, strict=True):
        cell = images.to_rgb(picture).repeat(times, axis=0).repeat(times, axis=1)
        color = (234, 88, 12) if mark else (128, 128, 128)
        cells.append(np.pad(cell, ((2, 2), (2, 2), (0, 0))))
        for edge in (np.s_[:2], np.s_[-2:], np.s_[:, :2], np.s_[:, -2:]):
            cells[-1][edge] = color
    rows = [np.concatenate(cells[i : i + SIDE], axis=1) for i in range(0, len(cells), SIDE)]
    return np.concatenate(rows)
