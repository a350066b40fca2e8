"""The colours that mean something, the same in every chart and in both themes.

`CLASS_COLORS` was found by a max-min search in the manner of Petroff (arXiv:2107.02270): ten colours
with OKLab chroma up to 0.18 whose two closest are as far apart as possible in OKLab, for normal vision
and under Machado et al.'s (2009) simulations of protanopia, deuteranopia and tritanopia. Petroff's own
ten fade on white (contrast 1.5 at the faintest); these keep a contrast of 1.9 on the light background
and 2.9 on the dark one, and an OKLab distance of at least 0.09 under every simulation. A test measures it.
A contrast of 3 for each would leave too little of the colours between white and black: darkened to it, two of
them come as near as 0.015 under deuteranopia. So points on the map have an edge in the colour of text.
"""

from __future__ import annotations

from functools import cache

CLASS_COLORS = (
    "#3868d7",
    "#c78028",
    "#10a778",
    "#9f409f",
    "#20c7f7",
    "#b73018",
    "#a780f7",
    "#afbf00",
    "#ff8fbf",
    "#686860",
)
"""Class `i` has colour `CLASS_COLORS[i % 10]`."""

L1_COLOR = "#0072b2"
"""L1 everywhere; Okabe and Ito's blue."""
L2_COLOR = "#d55e00"
"""L2 everywhere; Okabe and Ito's vermilion."""
PCA_COLOR = "#8a8f98"
"""PCA, the baseline, everywhere: a grey that steps back."""
EVENT_COLOR = CLASS_COLORS[3]
"""What was changed while a network was trained."""
MEMBER_COLOR, CHOSEN_COLOR, FRONT_COLOR = CLASS_COLORS[0], "#b8341d", CLASS_COLORS[1]
"""Members of a grid, the one where the sliders are, and those that no other beats: they stand in the same
charts, with PCA's grey, and are told apart under every simulation of colour blindness."""
QUIET_COLOR = "#5b6068"
"""Words that step back: the axes' labels."""

SURFACES = ("#f3f1ec", "#262c34")
"""What text may stand on where its contrast is least: the light theme's darkest and the dark one's lightest
background, as .streamlit/config.toml has them."""

READABLE = 4.5
"""Least contrast of text to what it stands on (WCAG 2.2, 1.4.3)."""


@cache
def text_shades(color: str) -> tuple[str, str]:
    """A mark's colour, `#rrggbb`, as words beside the mark have it: in the light theme, in the dark one.

    No colour can be read on both. It is mixed with black, and with white, as far as `READABLE` asks.
    """
    light, dark = (_mixed_until_readable(color, end, on) for end, on in zip("0f", SURFACES, strict=True))
    return light, dark


def text_css(color: str) -> str:
    """A mark's colour as words beside it have it, for a style in HTML; the page's theme chooses."""
    return "light-dark({}, {})".format(*text_shades(color))


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two colours `#rrggbb`, from 1 to 21."""
    a, b = sorted((_luminance(one), _luminance(other)))
    return (b + 0.05) / (a + 0.05)


def _mixed_until_readable(color: str, end: str, surface: str) -> str:
    mixes = (_mix(color, end * 6, step / 50) for step in range(51))
    return next(mixed for mixed in mixes if contrast(mixed, surface) >= READABLE)


def _mix(color: str, end: str, share: float) -> str:
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(end), strict=True)
    return "#" + bytes(round(a + share * (b - a)) for a, b in pairs).hex()


def _luminance(color: str) -> float:
    values = (byte / 255 for byte in bytes.fromhex(color[1:]))
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
