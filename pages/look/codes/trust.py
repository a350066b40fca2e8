"""How far a map can be trusted: its scores, measured once and shared by all visitors, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import store
from pages.look.codes.material import Points, sample
from pages.look.codes.projections import Plane

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 25
"""Points needed for the scores: twelve neighbours must be fewer than half of them."""
SCORED = 2000
"""Points that scores are measured on, at most: 10,000 take 30 times as long and change the third digit."""
NEIGHBORS = 5
"""Neighbours that vote for a point's class."""


def draw_trust(key: str, points: Points, plane: Plane) -> None:
    """Three small bars and a grey one each for what the map was made from."""
    from aecore.figures.codes import score_bars

    with st.spinner("Measuring how far the map can be trusted"):
        found = scores(key, points, plane.name, plane.points)
    if found is None:
        st.caption("There are too few test images to measure how far the map can be trusted.")
        return
    shares = {
        "trustworthiness of the map": found.trustworthiness,
        f"{NEIGHBORS}-NN accuracy on the map": found.plane,
        "in the code": found.code,
        "in pixels": found.pixels,
    }
    st.altair_chart(score_bars(shares, list(shares)[:2]), key="codes_scores")
    st.caption(
        scores_meaning(found),
        help="Trustworthiness: 1 less a penalty for each of the 12 neighbours on the map that is no "
        "neighbour in the code (Venna & Kaski 2001); a random map has about 0.5. k-NN accuracy: share of "
        f"images whose class is the commonest among their {NEIGHBORS} nearest others. Measured on "
        f"{min(len(points), SCORED):,} of the images.",
    )


@dataclass(frozen=True)
class Scores:
    """How much of the code a map holds; shares from 0 to 1."""

    trustworthiness: float
    plane: float
    """k-NN accuracy in the plane, and below in the code and in pixels."""
    code: float
    pixels: float


def scores(key: str, points: Points, plane_name: str, plane: np.ndarray) -> Scores | None:
    """Scores of a plane that is named uniquely among those of a run; None for too few points.

    All are measured on the same `SCORED` points at most.
    """
    if len(points) < LEAST:
        return None
    stamp, count = store.weights_stamp(key), len(points)
    rows = sample(count, SCORED)
    codes, labels, plane = points.codes[rows], points.labels[rows], plane[rows]
    data, images = points.run.config.data.name, points.images[rows]
    trust, in_plane = _plane_scores(key, stamp, count, plane_name, codes, labels, plane)
    return Scores(
        trust,
        in_plane,
        _code_score(key, stamp, count, codes, labels),
        _pixel_score(data, count, images, labels),
    )


@st.cache_resource(max_entries=60, show_spinner=False)
def _plane_scores(
    key: str, stamp: int, count: int, name: str, _codes: np.ndarray, _labels: np.ndarray, _plane: np.ndarray
) -> tuple[float, float]:
    from aecore.analysis.neighbors import knn_accuracy, trustworthiness

    return trustworthiness(_codes, _plane), knn_accuracy(_plane, _labels, NEIGHBORS)


@st.cache_resource(max_entries=24, show_spinner=False)
def _code_score(key: str, stamp: int, count: int, _codes: np.ndarray, _labels: np.ndarray) -> float:
    from aecore.analysis.neighbors import knn_accuracy

    return knn_accuracy(_codes, _labels, NEIGHBORS)


@st.cache_resource(max_entries=24, show_spinner=False)
def _pixel_score(name: str, count: int, _images: Tensor, _labels: np.ndarray) -> float:
    from aecore.analysis.neighbors import knn_accuracy
    from aecore.data import unit_range

    return knn_accuracy(unit_range(_images.flatten(1)), _labels, NEIGHBORS)


def scores_meaning(found: Scores) -> str:
    """What a reader should and should not take from the map, from its figures."""
    lost = found.code - found.plane
    if lost > 0.05:
        plane = (
            f"Do not read overlap as likeness: neighbours tell the class of {found.code:.0%} of the images "
            f"in the code, but of {found.plane:.0%} on this map: what lies together here may be apart there."
        )
    else:
        plane = f"The map keeps what the code knows of the classes ({found.plane:.0%} of {found.code:.0%})."
    gained = found.code - found.pixels
    if gained > 0.01:
        return f"{plane} The code sorts the classes better than pixels do ({found.pixels:.0%})."
    if gained < -0.01:
        return f"{plane} Pixels sort the classes better than the code does ({found.pixels:.0%})."
    return f"{plane} Pixels sort the classes as well ({found.pixels:.0%})."
