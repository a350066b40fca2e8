"""Before anything is brought: what may be, and what becomes of two photographs."""

from __future__ import annotations

from typing import get_args

import numpy as np
import streamlit as st

from aecore import access
from pages.shared import images, layout
from pages.use.own_images.making import FITS

PHOTOGRAPHS = {"flower.jpg": "a flower", "china.jpg": "a temple"}
"""Of scikit-learn, and what is on them."""
SIDE = 32
"""Pixels a side of what is made of them."""
SHOWN = 96
"""Pixels of a picture's width on the screen."""

BROUGHT = {
    "{folder} of images": "with a folder for each class, if there are classes; `train` and `test` stay apart",
    "**single images**": "PNG, JPEG, TIFF and others, of any sizes",
    "**.npy**, **.npz**": "an array of images; in .npz `x`, and `y` with their classes",
    "**.csv**, **.tsv**, **.parquet**, **.jsonl**": "a row an image: its pixels or its file, and its class",
}
"""What may be brought, and what it holds."""


@st.cache_data
def _made() -> dict[str, list[np.ndarray]]:
    """Of each photograph: itself, made small in each way, and in grey; each H x W x 3 uint8."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    from aecore.own.pictures import Fit, fitted

    found = {}
    for name, what in PHOTOGRAPHS.items():
        photograph = Image.fromarray(load_sample_image(name))
        # Twice as sharp as it is shown.
        small = photograph.resize((2 * SHOWN, round(2 * SHOWN * photograph.height / photograph.width)))
        made = [fitted(photograph, (SIDE, SIDE), 3, fit) for fit in get_args(Fit)]
        grey = fitted(photograph, (SIDE, SIDE), 1, "crop")
        found[what] = [np.asarray(small), *(images.to_rgb(picture) for picture in (*made, grey))]
    return found


def draw() -> None:
    """What may be brought, and what is made of it."""
    left, right = layout.form_and_outcome()
    with left:
        st.markdown("**What may be brought**")
        # Visitors of a server of many see nothing else of its disk.
        folder = "a **zip**" if access.has_guests() else "a **folder** or **zip**"
        rows = [f"| {what.format(folder=folder)} | {holds} |" for what, holds in BROUGHT.items()]
        st.markdown("\n".join(["| Files | What they hold |", "|---|---|", *rows]))
    with right:
        st.markdown("**What becomes of an image**")
        ways = ["as it is", *FITS.values(), "grey"]
        for what, pictures in _made().items():
            cells = [
                images.Figure([picture], way, alt=f"{what}, {way}")
                for way, picture in zip(ways, pictures, strict=True)
            ]
            images.draw_wall(cells, width=SHOWN)
        st.caption(
            f"Two photographs that come with scikit-learn, made {SIDE} × {SIDE} pixels in each of the ways."
        )
