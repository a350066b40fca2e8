"""The colours that mean something, the same in every chart and in both themes.

`CLASS_COLORS` was found by a max-min search in the manner of Petroff (arXiv:2107.02270): ten colours
with OKLab chroma up to 0.18 whose two closest are as far apart as possible in OKLab, for normal vision
and under Machado et al.'s (2009) simulations of protanopia, deuteranopia and tritanopia. Petroff's own
ten fade on white (contrast 1.5 at the faintest); these keep a contrast of 1.9 on the light background
and 2.9 on the dark one, and an OKLab distance of at least 0.09 under every simulation. A test measures it.
"""

from __future__ import annotations

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
MEMBER_COLOR, CHOSEN_COLOR, FRONT_COLOR = CLASS_COLORS[0], CLASS_COLORS[5], CLASS_COLORS[2]
"""Members of a grid, the one where the sliders are, and those that no other beats."""
