"""Words in charts that can be read in both themes.

Streamlit gives a chart its theme's background, and Vega lets an expression ask for it. Where there is none,
as in a chart that is looked at outside the app, the page is taken to be light.
"""

from __future__ import annotations

import altair as alt

from aecore.palette import QUIET_COLOR, text_shades


def ink(color: str) -> alt.ExprRef:
    """A mark's colour as words beside the mark have it, whichever theme the chart stands in."""
    light, dark = text_shades(color)
    return alt.ExprRef(f"luminance(background) < 0.4 ? '{dark}' : '{light}'")


@alt.theme.register("aecore", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    """Axes, legends and headers, which Streamlit draws in a grey with a contrast of 3.6."""
    words = {"labelColor": ink(QUIET_COLOR).to_dict(), "titleColor": ink(QUIET_COLOR).to_dict()}
    return {"config": dict.fromkeys(("axis", "legend", "header"), words)}  # type: ignore[typeddict-item]
