"""How far a map can be trusted: its scores, measured once and shared by all visitors, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import kept, store
from pages.look.codes.material import Points
from pages.look.codes.projections import Plane
from pages.shared import layout, loading

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 25
"""Points needed for the scores: twelve neighbours must be fewer than half of them."""
SCORED = 2000
"""Points at which scores are measured, at most; all points of the map are neighbours."""
NEIGHBORS = 5
"""Neighbours that vote for a point's class."""
LOST = 0.05
"""Share of the images whose class a map may lose and still be said to keep what the code knows."""


def draw_trust(key: str, points: Points, plane: Plane) -> None:
    """Two small bars for the map and a grey one each for the spaces it was made from, and what they say."""
    from aecore.figures.codes import score_bars

    with st.spinner("Measuring how far the map can be trusted"):
        found = scores(key, points, plane.name, plane.points)
    if found is None:
        st.caption("There are too few images to measure how far the map can be trusted.")
        return
    if len(np.unique(points.labels)) < 2:
        # One class only: every neighbour tells it.
        share = {f"trustworthiness, {len(points):,} points": found.trustworthiness}
        layout.draw_chart(
            score_bars(share, list(share)),
            key="codes_scores",
            alt="How far the map keeps neighbours, from 0 to 1",
        )
        st.caption(
            "These images are of one class, or of none that is known: what a map keeps of it is not asked."
        )
        return
    shares = {
        f"trustworthiness, {len(points):,} points": found.trustworthiness,
        f"{NEIGHBORS}-NN accuracy on the map": found.plane.mean(),
        "in the code": found.code.mean(),
        "in pixels": found.pixels.mean(),
    }
    layout.draw_chart(
        score_bars(shares, list(shares)[:2]),
        key="codes_scores",
        alt="How far the map keeps neighbours and classes, from 0 to 1",
    )
    st.caption(
        f"{map_meaning(found)} {pixels_meaning(found)}",
        help="Trustworthiness: 1 less a penalty for each of the 12 neighbours on the map that is no "
        "neighbour in the code (Venna & Kaski 2001); a random map has about 0.5, and a map of fewer points "
        f"another score. k-NN accuracy: share of images whose class is the commonest among their {NEIGHBORS} "
        f"nearest others. Measured at {len(found.code):,} of the {len(points):,} images on the map, with "
        "neighbours among all of them. Two accuracies are called different where the 95 % interval of their "
        "difference, over the same images, does not hold 0.",
    )


@dataclass(frozen=True)
class Scores:
    """How much of the code a map holds."""

    trustworthiness: float
    """From 0 to 1."""
    plane: np.ndarray
    """bool, one an image: whether its nearest others on the map tell its class; below in the code and in
    pixels, for the same images."""
    code: np.ndarray
    pixels: np.ndarray


def scores(key: str, points: Points, plane_name: str, plane: np.ndarray) -> Scores | None:
    """Scores of a plane that is named uniquely among those of a run; None for too few points.

    All are measured at the same `SCORED` points at most, among all.
    """
    if len(points) < LEAST:
        return None
    stamp, data = store.weights_stamp(key), points.run.config.data.name
    drawn = points.part, len(points)
    trust, in_plane = _plane_scores(key, stamp, drawn, plane_name, points, plane)
    return Scores(
        trust,
        in_plane,
        _code_score(key, stamp, drawn, points),
        _pixel_score(data, drawn, points),
    )


@st.cache_resource(max_entries=60, show_spinner=False)
def _plane_scores(
    key: str, stamp: int, drawn: tuple[str, int], name: str, _points: Points, _plane: np.ndarray
) -> tuple[float, np.ndarray]:
    from aecore.analysis.neighbors import trustworthiness
    from aecore.data import some_of

    rows = some_of(len(_points), SCORED)
    return loading.keep(
        "trust",
        kept.digest(_points.codes, _plane, _points.labels, SCORED),
        lambda: (trustworthiness(_points.codes, _plane, rows=rows), _correct(_plane, _points)),
    )


@st.cache_resource(max_entries=24, show_spinner=False)
def _code_score(key: str, stamp: int, drawn: tuple[str, int], _points: Points) -> np.ndarray:
    made_from = kept.digest(_points.codes, _points.labels, SCORED)
    return loading.keep("code-score", made_from, lambda: _correct(_points.codes, _points))


@st.cache_resource(max_entries=24, show_spinner=False)
def _pixel_score(name: str, drawn: tuple[str, int], _points: Points) -> np.ndarray:
    from aecore.data import unit_range

    made_from = kept.digest(_points.images.numpy(), _points.labels, SCORED)
    return loading.keep(
        "pixel-score", made_from, lambda: _correct(unit_range(_points.images.flatten(1)), _points)
    )


def _correct(space: np.ndarray | Tensor, points: Points) -> np.ndarray:
    from aecore.analysis.neighbors import knn_correct
    from aecore.data import some_of

    return knn_correct(space, points.labels, NEIGHBORS, some_of(len(points), SCORED))


def interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean difference of two values of each of the same images."""
    difference = first.astype(float) - second.astype(float)
    half = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference))
    return float(difference.mean() - half), float(difference.mean() + half)


def map_meaning(found: Scores) -> str:
    """Whether what lies together on the map lies together in the code, as far as classes tell."""
    low, high = interval(found.code, found.plane)
    code, plane = f"{found.code.mean():.1%}", f"{found.plane.mean():.1%}"
    facts = f"neighbours tell the class of {plane} of the images on the map and of {code} in the code"
    if low > LOST:
        return f"Points that overlap here may lie apart in the code: {facts}."
    if high <= LOST:
        return f"The map keeps what the code knows of the classes: {facts}."
    return f"{facts[0].upper()}{facts[1:]}."


def pixels_meaning(found: Scores) -> str:
    """Whether the code or the pixels sort the classes better, or that these images do not tell."""
    low, high = interval(found.code, found.pixels)
    code, pixels = f"{found.code.mean():.1%}", f"{found.pixels.mean():.1%}"
    if low > 0:
        return f"The code sorts the classes better than pixels do ({pixels})."
    if high < 0:
        return f"Pixels sort the classes better than the code does ({pixels})."
    return (
        f"Whether the code ({code}) or the pixels ({pixels}) sort the classes better, "
        f"{len(found.code):,} images do not tell."
    )
