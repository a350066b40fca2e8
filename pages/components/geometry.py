"""Loss contours meeting the L1 diamond and the L2 disc: an interactive figure that runs in the browser.

`solve.js` holds the maths (a port of `aecore.analysis.geometry`), `figure.js` draws and follows the pointer.
"""

from __future__ import annotations

from aecore.palette import L1_COLOR, L2_COLOR
from pages.components.loader import component

_figure = component("l1_l2_geometry", "geometry", "figure")


def geometry_figure(
    *,
    optimum: tuple[float, float] = (1.8, 1.4),
    strength: float = 0.6,
    tilt: float = -75,
    elongation: float = 2.0,
    key: str = "geometry",
) -> None:
    """Draws the figure, as wide as its container; the arguments are where it starts.

    `optimum` is the loss's own minimum (each coordinate within 2.7), `strength` the L1 strength from 0 to
    2, `tilt` of the contours in degrees from -90 to 90 and `elongation` their length to width from 1 to 4.
    From then on everything happens in the browser, without a rerun of the page.
    """
    start = {
        "optimum": list(optimum),
        "strength": strength,
        "tilt": tilt,
        "elongation": elongation,
        "matched": True,
    }
    _figure(data={"colors": {"l1": L1_COLOR, "l2": L2_COLOR}, "start": start}, key=key)
