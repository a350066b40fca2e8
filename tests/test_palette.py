"""The colours are what the module and the theme say of them."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from aecore import palette

BUTTONS = (Path(__file__).parents[1] / "pages" / "shared" / "contrast.css").read_text()
THEME = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]

# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colors):
    """Hexadecimal sRGB to linear RGB, n x 3."""
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Ottosson 2020: linear RGB to a space in which distance is about difference seen."""
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(rgb @ np.transpose(to_lms)) @ np.transpose(to_lab)


def smallest_distance(colors, vision):
    seen = oklab(np.clip(linear(colors) @ np.transpose(VISION[vision]), 0, 1))
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    return distance[np.triu_indices(len(colors), 1)].min()


def contrast(colors, background):
    """WCAG 2 contrast ratio of each colour to the background."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    front, back = linear(colors) @ weights + 0.05, linear([background]) @ weights + 0.05
    return np.maximum(front, back) / np.minimum(front, back)


def surfaces(mode):
    """Every background that text stands on in a theme."""
    theme = THEME[mode]
    return [part[name] for part in (theme, theme["sidebar"]) for name in BACKGROUNDS]


BACKGROUNDS = ("backgroundColor", "secondaryBackgroundColor")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_every_background(mode):
    text = THEME[mode]["textColor"]
    for surface in surfaces(mode):
        assert contrast([text], surface) >= 7.0
        # Streamlit's captions are the text's colour at 60 %.
        caption = "#" + "".join(
            f"{round(0.6 * int(text[i : i + 2], 16) + 0.4 * int(surface[i : i + 2], 16)):02x}"
            for i in (1, 3, 5)
        )
        assert contrast([caption], surface) >= 4.5
        assert contrast([THEME[mode]["linkColor"]], surface) >= 4.5
        for color in (*palette.CLASS_COLORS, palette.L1_COLOR, palette.L2_COLOR, palette.PCA_COLOR):
            assert contrast([palette.text_shades(color)[mode == "dark"]], surface) >= 4.5
        assert contrast([palette.text_shades(palette.QUIET_COLOR)[mode == "dark"]], surface) >= 4.5
    # Words in the primary colour, on the page and on its own tint; white on a primary button.
    primary = THEME[mode]["primaryColor"]
    assert contrast([primary], THEME[mode]["backgroundColor"]) >= 5
    light, dark = re.search(r"background-color: light-dark\((#\w+), (#\w+)\)", BUTTONS).groups()
    assert contrast(["#ffffff"], {"light": light, "dark": dark}[mode]) >= 4.5


def test_the_hardest_surfaces_are_those_of_the_themes():
    light, dark = palette.SURFACES
    assert light in surfaces("light")
    assert dark in surfaces("dark")
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#8a8f98", light) == pytest.approx(float(contrast(["#8a8f98"], light)[0]))
    assert palette.text_css("#000000") == f"light-dark(#000000, {palette.text_shades('#000000')[1]})"


def test_theme_has_the_class_colors():
    assert tuple(THEME["chartCategoricalColors"]) == palette.CLASS_COLORS
    assert not any("chartCategoricalColors" in THEME[mode] for mode in ("light", "dark"))


def test_all_colors_differ():
    colors = [*palette.CLASS_COLORS, palette.L1_COLOR, palette.L2_COLOR, palette.PCA_COLOR]
    assert len(set(colors)) == 13


@pytest.mark.parametrize("vision", VISION)
def test_colors_stay_apart_under_colour_blindness(vision):
    assert smallest_distance(palette.CLASS_COLORS, vision) >= 0.09
    assert smallest_distance([palette.L1_COLOR, palette.L2_COLOR, palette.PCA_COLOR], vision) >= 0.12


@pytest.mark.parametrize("vision", VISION)
def test_what_stands_in_one_chart_is_told_apart_under_colour_blindness(vision):
    choose = [palette.MEMBER_COLOR, palette.CHOSEN_COLOR, palette.FRONT_COLOR, palette.PCA_COLOR]
    # Training and validation have one colour, and are told apart by dashes.
    curves = [palette.CLASS_COLORS[0], palette.EVENT_COLOR, palette.PCA_COLOR]
    for colors in (choose, curves, [palette.L1_COLOR, palette.L2_COLOR]):
        assert smallest_distance(colors, vision) >= 0.09


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_of_charts_can_be_seen_on_the_background(mode):
    """WCAG 2.2, 1.4.11."""
    marks = [palette.MEMBER_COLOR, palette.CHOSEN_COLOR, palette.FRONT_COLOR, palette.PCA_COLOR]
    marks += [palette.EVENT_COLOR, palette.L1_COLOR, palette.L2_COLOR]
    assert contrast(marks, THEME[mode]["backgroundColor"]).min() >= 3.0


@pytest.mark.parametrize(("mode", "least"), [("light", 1.9), ("dark", 2.9)])
def test_every_color_is_visible_on_the_background(mode, least):
    background = THEME[mode]["backgroundColor"]
    assert contrast(palette.CLASS_COLORS, background).min() >= least
    lines = [palette.L1_COLOR, palette.L2_COLOR, palette.PCA_COLOR]
    assert contrast(lines, background).min() >= 3.0
    assert contrast([THEME[mode]["textColor"]], background).min() >= 7.0
