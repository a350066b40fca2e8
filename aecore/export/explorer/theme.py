"""The app's theme for a page that stands alone: the variables that the components' styles read.

The colours are those of `.streamlit/config.toml`, which is not there where only the package is installed; a
test keeps the two equal. Streamlit derives the last three by itself, these are readable on both backgrounds.
"""

from __future__ import annotations

LIGHT = {
    "primary-color": "#2f6f8f",
    "background-color": "#fcfbf9",
    "secondary-background-color": "#f3f1ec",
    "text-color": "#0e1116",
    "link-color": "#2f6f8f",
    "border-color": "#dedad2",
    "gray-color": "#83868d",
    "green-text-color": "#177233",
    "red-text-color": "#b3261e",
}
DARK = {
    "primary-color": "#5aa9cd",
    "background-color": "#15181d",
    "secondary-background-color": "#1f242b",
    "text-color": "#e6e4df",
    "link-color": "#7cbcdb",
    "border-color": "#353b45",
    "gray-color": "#83868d",
    "green-text-color": "#5ce488",
    "red-text-color": "#ff8a80",
}
SHARED = {
    "base-radius": "0.5rem",
    "font": 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
}


def style() -> str:
    """The rules that set them: as the reader's system says, unless `data-theme` on the page chooses."""
    return (
        f":root{{color-scheme:light;{_variables(SHARED | LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{_dark()}}}}}\n"
        f":root[data-theme=dark]{{{_dark()}}}\n"
    )


def _dark() -> str:
    return f"color-scheme:dark;{_variables(DARK)}"


def _variables(values: dict[str, str]) -> str:
    return "".join(f"--st-{name}:{value};" for name, value in values.items())
