"""Why a plain auto-encoder does not generate: its codes' own cloud beside the prior, in one plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import kept
from pages.shared import loading
from pages.use.generation import material

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.delta_generator import DeltaGenerator

    from pages.use.generation.material import Subject

POINTS = 1500
"""Codes drawn on each panel."""
ASKED = 1000
"""Codes of each sampler whose distance to the training codes is measured."""


def draw(subject: Subject, row: DeltaGenerator) -> None:
    from aecore.analysis.sampling import MIXTURE, PRIOR
    from aecore.figures.generation import cloud_chart, common_square, outside, title

    codes = material.codes(subject)[:POINTS].numpy()
    flat, axes = _plane(codes)
    found = material.samplers(subject)
    drawn = {name: found[name].draw(POINTS, 0).numpy() for name in (PRIOR, MIXTURE)}
    variational = subject.run.config.model.variational
    own = "aggregated posterior" if variational else "codes of training images"
    clouds = {own: flat(codes)} | {name: flat(points) for name, points in drawn.items()}
    square = common_square(clouds.values())
    places = st.columns(len(clouds), gap="small")
    for place, (name, points) in zip(places, clouds.items(), strict=True):
        place.markdown(f"**{title(name)}**")
        classes = _classes(subject)[: len(points)] if name == own else None
        place.altair_chart(
            cloud_chart(points, square, axes, classes),
            width="content",
            key=f"generation_{name}",
            alt=f"Codes of two units: {title(name)}",
        )
    shares = _shares(subject.key, subject.stamp)
    st.markdown(f"**{outside(shares, ASKED)}**")
    if variational:
        st.caption(
            "The aggregated posterior: one code from each training image's posterior, coloured by class. A "
            "variational network's loss draws each posterior towards N(0, I), the more strongly, the larger "
            "beta."
        )
    else:
        st.caption(
            "Codes of training images, coloured by class. Nothing in this network's loss says that they "
            "should look like N(0, I). Distances are taken over all units, not only in this plane."
        )


def _plane(codes: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], tuple[str, str]]:
    """Codes onto two axes: the units where there are two at most, else the first two principal components."""
    from aecore.analysis.projection import fit_pca

    if codes.shape[1] <= 2:
        return lambda points: np.pad(points, ((0, 0), (0, 2 - codes.shape[1]))), ("unit 1", "unit 2")
    fitted = fit_pca(codes)
    return lambda points: np.asarray(fitted.transform(points, 2)), ("first component of the codes", "second")


def _classes(subject: Subject) -> list[str]:
    """The class of each training image whose code is drawn."""
    from aecore.analysis.sampling import fitted_on

    labels = subject.data.train_labels[fitted_on(subject.data)]
    return [subject.data.class_names[int(label)] for label in labels[:POINTS]]


@st.cache_data(max_entries=24, show_spinner="Measuring how far drawn codes are from training codes")
def _shares(key: str, stamp: int) -> dict[str, float]:
    """Of each sampler the share of codes that lie farther out than 95 % of test images' codes."""
    (neighbors, usual), samplers = material.surroundings(key, stamp), material.samplers_of(key, stamp)
    return loading.keep(
        "prior-shares",
        kept.digest(neighbors.points, usual, ASKED, *(sampler.digest for sampler in samplers.values())),
        lambda: {
            name: float((neighbors.remoteness(sampler.draw(ASKED, 0))[0] > usual).mean())
            for name, sampler in samplers.items()
        },
    )
