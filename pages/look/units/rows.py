"""The rows of the Units page: what each unit of the code does, in five columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import store
from pages.shared import images, layout, loading

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.units import Units
    from aecore.data import ImageData

STEPS, EXTREMES = 9, 8
"""Pictures in a traversal, and images that move a unit most and least."""

SMALL = "font-size:0.75rem;opacity:0.75"
WIDTHS = [1.2, 1.6, 3.2, 2.9, 1.0]


@dataclass(frozen=True)
class Material:
    """All that the rows are drawn from."""

    data: ImageData
    units: Units
    codes: Tensor
    """Of all test images, N x units."""
    atoms: np.ndarray
    """At the mean code, units x C x H x W."""
    strongest: np.ndarray
    """Test images that move each unit most, units x EXTREMES, and those that move it least."""
    weakest: np.ndarray


def load_material(key: str, data: ImageData) -> Material:
    """Measured once and shared by all visitors."""
    return Material(
        data, loading.units(key), loading.test_codes(key), *_pictures(key, store.weights_stamp(key))
    )


@st.cache_resource(max_entries=6, show_spinner=False)
def _pictures(key: str, stamp: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atoms, and the images that move each unit most and least."""
    from aecore.analysis.units import atoms, extremes

    run, units = loading.load_run(key), loading.units(key)
    return atoms(run, units.mean), *extremes(loading.test_codes(key), EXTREMES)


HEADINGS = (
    (
        "Unit",
        "Rise of the squared error per image when the unit is replaced by its mean. Of a variational "
        "network also the KL divergence of the unit's posterior from the prior, mean over test images.",
    ),
    ("Values by class", "All test images."),
    (
        f"From the 1st to the 99th percentile, {STEPS} steps",
        "Above, all other units at their mean; below, those of the chosen image.",
    ),
    ("Strongest and weakest images", "Test images with the largest (above) and least values (below)."),
    (
        "Atom",
        "Change of the decoded image per 1.0 of the unit, at the mean code: red brighter, blue darker, "
        "white no change.",
    ),
)
"""Of the columns: their text, and what they show."""


def draw_heading() -> None:
    """The headings above the rows; on a phone, where a row stands by itself, layout.css hides them."""
    with st.container(key="units_heading"):
        for column, (text, explanation) in zip(st.columns(WIDTHS), HEADINGS, strict=True):
            column.caption(f"**{text}**", help=explanation)


def draw_unit(material: Material, unit: int, strips: np.ndarray) -> None:
    """One row; `strips` is 2 x steps x C x H x W, from the mean code and from the chosen image."""
    from aecore.figures.units import value_histogram

    data, units, atom = material.data, material.units, material.atoms[unit]
    labels = data.test_labels.numpy()
    columns = st.container(key=f"unit_row_{unit}").columns(WIDTHS, vertical_alignment="center")
    for i, (text, explanation) in enumerate(HEADINGS[1:], 1):
        # Seen on a phone alone.
        columns[i].container(key=f"unit_heading_{unit}_{i}").caption(f"**{text}**", help=explanation)
    columns[0].html(importance_bar(units, unit))
    values = material.codes[:, unit].numpy()
    silent = values == 0
    with columns[1]:
        if silent.mean() < 0.1 or silent.all():
            layout.draw_chart(
                value_histogram(values, labels, data.class_names),
                key=f"units_values_{unit}",
                alt=f"Values of unit {unit} by class",
            )
        else:
            # One bar of zeros would flatten all the others.
            chart = value_histogram(values[~silent], labels[~silent], data.class_names, height=96)
            layout.draw_chart(
                chart, key=f"units_values_{unit}", alt=f"Values of unit {unit} that are not zero, by class"
            )
            st.html(f'<div style="{SMALL}">and zero for {silent.mean():.0%}</div>')
    low, high = units.low[unit], units.high[unit]
    both = images.mosaic(strips.reshape(-1, *strips.shape[2:]), STEPS)
    ends = f"{low:.2f}", f"{high:.2f}"
    columns[2].html(
        images.tag(both, "100%", f"unit {unit} from {ends[0]} to {ends[1]}, from the mean and from the image")
        + f'<div style="display:flex;justify-content:space-between;{SMALL}">'
        f"<span>{ends[0]}</span><span>{ends[1]}</span></div>"
    )
    strongest, weakest = material.strongest[unit], material.weakest[unit]
    extreme = data.test_images[np.concatenate([strongest, weakest])].numpy()
    columns[3].html(
        images.tag(images.mosaic(extreme, len(strongest)), "100%", f"images that move unit {unit}")
        + f'<div style="{SMALL}">'
        f"above: its largest values, from {values.max():.2f}; "
        f"below: its smallest, from {values.min():.2f}</div>"
    )
    limit = float(np.abs(atom).mean(0).max())
    columns[4].html(
        images.tag(images.difference_rgb(atom, limit or 1.0), "100%", f"atom of unit {unit}")
        + f'<div style="{SMALL}">&plusmn;{limit:.2g} per 1.0</div>'
    )


def importance_bar(units: Units, unit: int) -> str:
    from aecore.analysis.units import CAUSES

    largest = max(units.importance.max(), 1e-9)
    share = max(units.importance[unit] / largest, 0)
    cause = units.cause[unit]
    kl = "" if units.kl is None else f"<br>KL {units.kl[unit]:.2f} nats"
    state = f'<div style="font-size:0.75rem">{cause}: {CAUSES[cause]}</div>' if cause else ""
    return (
        f'<div style="font-weight:600">Unit {unit}</div>'
        '<div style="background:rgba(128,128,128,0.2);border-radius:3px;height:8px;margin:6px 0">'
        f'<div style="background:#2f86ad;border-radius:3px;height:8px;width:{100 * share:.1f}%"></div></div>'
        f'<div style="font-size:0.8rem;opacity:0.75">without it, error '
        f"{units.importance[unit]:+.2f}{kl}</div>{state}"
    )
