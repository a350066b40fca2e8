"""What the views of the interpolation page share: the images' codes, the words about distance, saving."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore import store
from aecore.export.tables import path_table, table_file
from aecore.web.decoder.payload import code_reference
from pages.look.interpolation import saving
from pages.shared import loading
from pages.shared.picker import Picked

if TYPE_CHECKING:
    from aecore.store.run import Run

STEPS = 101
"""Frames of a path."""
STRIP = 11
"""Pictures in a saved strip."""
REFERENCE = 2000
"""Training codes that go to the browser, for the distance to the nearest."""


def encode(run: Run, picked: list[Picked]) -> tuple[np.ndarray, np.ndarray]:
    """The images K x C x H x W and their codes K x latent_size."""
    import torch

    pictures = torch.stack([p.image for p in picked])
    return pictures.numpy(), run.encode(pictures).numpy()


def save(t: np.ndarray, codes: np.ndarray, frames: np.ndarray, fade: np.ndarray, name: str) -> None:
    """Buttons that make the files when they are pressed; `name` heads the column of positions."""
    with st.expander("Save the path", icon=":material/download:"):
        chosen = np.linspace(0, len(t) - 1, STRIP).round().astype(int)
        row = st.container(horizontal=True)

        def button(label: str, make: Callable[[], bytes], file_name: str, mime: str) -> None:
            # A click that runs the page again drops what the buttons in the browser still refer to, so that a
            # second one soon after it finds no file.
            row.download_button(label, make, file_name, mime, on_click="ignore")

        button("Strip (PNG)", lambda: saving.strip_png(frames[chosen], fade[chosen]), "path.png", "image/png")
        button("Film (GIF)", lambda: saving.gif(frames), "path.gif", "image/gif")
        button("Codes (CSV)", lambda: table_file(path_table(t, codes, name), ".csv"), "codes.csv", "text/csv")
        st.caption(
            f"The strip shows {STRIP} places, decoded above and the pixels' way below; the film and the "
            f"table hold all {len(t)}."
        )


def reference(key: str) -> dict[str, Any] | None:
    """Training codes by which the browser tells how far a code is from the data; see `code_reference`."""
    return code_reference(*_reference(key, store.weights_stamp(key)))


@st.cache_data(max_entries=6, show_spinner=False)
def _reference(key: str, stamp: int) -> tuple[np.ndarray, float, float]:
    from aecore.analysis.latent import some_codes

    codes, typical, band = some_codes(loading.train_codes(key), loading.test_codes(key), REFERENCE)
    return codes, typical, band[1]
