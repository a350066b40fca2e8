"""An auto-encoder at work: an image goes in, its code is the waist, the reconstruction comes out.

The frames are computed once on the server; the browser draws them and follows the pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aecore.palette import PCA_COLOR
from pages.components.loader import component

_drawing = component("network_drawing", "network_drawing", "drawing")


def network_drawing(
    walk: dict[str, Any], names: Sequence[str], pca_errors: Sequence[float], key: str = "network_drawing"
) -> None:
    """Draws it, as wide as its container.

    `walk` is what `aecore.figures.network.Walk.to_json` gives; `names` says what each of its images
    shows, `pca_errors` what PCA's squared error on each is with as many components as the code has units.
    """
    data = {**walk, "names": list(names), "pca": list(pca_errors), "pcaColor": PCA_COLOR}
    _drawing(data=data, key=key)
