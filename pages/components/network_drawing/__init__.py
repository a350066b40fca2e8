"""An auto-encoder at work: an image goes in, its code is the waist, the reconstruction comes out.

The frames are computed once on the server; the browser draws them and follows the hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from aecore.palette import PCA_COLOR

_FOLDER = Path(__file__).parent


def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_drawing = st.components.v2.component(
    "network_drawing",
    html=_asset("drawing.html"),
    css=_asset("style.css"),
    js=_asset("layout.js") + _asset("drawing.js"),
)


def network_drawing(
    walk: dict[str, Any], names: Sequence[str], pca_errors: Sequence[float], key: str = "network_drawing"
) -> None:
    """Draws it, as wide as its container.

    `walk` is what `aecore.figures.network.Walk.to_json` gives; `names` says what each of its images
    shows, `pca_errors` what PCA's squared error on each is with as many components as the code has units.
    """
    data = {**walk, "names": list(names), "pca": list(pca_errors), "pcaColor": PCA_COLOR}
    _drawing(data=data, key=key)
