"""Trainings' epochs under a slider that plays: pictures, codes, weights and the curves' cursors together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from aecore.palette import CLASS_COLORS
from aecore.web.arrays import encoded
from pages.components.loader import component

_scrubber = component("epoch_scrubber", "scrubber", "scrubber")


@dataclass(frozen=True)
class Epochs:
    """What is shown of E epochs of one run."""

    identity: str
    """Of the records that these are the first E of: what the browser has of them is not sent again."""
    name: str
    """The run's, written where there are several."""
    epochs: Sequence[int]
    reconstructions: np.ndarray
    """uint8, E x P x C x H x W."""
    originals: np.ndarray | None
    """uint8, P x C x H x W; None where they are not to be had."""
    plane: np.ndarray
    """float32, E x N x 2: codes in one plane."""
    labels: np.ndarray | None
    """N classes of these images; None: all points have one colour."""
    filters: np.ndarray
    """int8, E x F x H x W: first-layer weights, as parts of 127 of their scale."""
    filter_scale: np.ndarray
    """float32, E x F: the largest absolute weight of each."""
    curves: Mapping[str, Sequence[float | None]]
    """E squared errors by name."""


def epoch_scrubber(runs: Sequence[Epochs], *, key: str) -> None:
    """Draws runs side by side under one slider, as wide as its container.

    Everything moves in the browser. The server sends pictures and weights of the epochs that are new since
    the last call; a browser that lacks earlier ones says so, and is sent them all.
    """
    before = st.session_state.get(f"_{key}_sent", {})
    data = [run_data(shown, min(before.get(shown.identity, 0), len(shown.epochs))) for shown in runs]
    st.session_state[f"_{key}_sent"] = {shown.identity: len(shown.epochs) for shown in runs}

    def send_all() -> None:
        st.session_state.pop(f"_{key}_sent", None)

    _scrubber(data={"runs": data}, key=key, on_missing_change=send_all)


def run_data(shown: Epochs, known: int) -> dict[str, Any]:
    """A run's data for the browser, without the pictures and weights of the first `known` epochs."""
    points = shown.plane.shape[1]
    labels = np.zeros(points, int) if shown.labels is None else shown.labels
    return {
        "identity": shown.identity,
        "name": shown.name,
        "epochs": list(shown.epochs),
        "known": known,
        "frames": encoded(shown.reconstructions[known:]),
        "originals": None if shown.originals is None else encoded(shown.originals),
        "pictures": shown.reconstructions.shape[1],
        "shape": list(shown.reconstructions.shape[2:]),
        "plane": encoded(shown.plane),
        "points": points,
        "bounds": [shown.plane[..., axis].min().item() for axis in (0, 1)]
        + [shown.plane[..., axis].max().item() for axis in (0, 1)],
        "colors": [CLASS_COLORS[int(label) % len(CLASS_COLORS)] for label in labels],
        "filters": encoded(shown.filters[known:]),
        "filterScale": encoded(shown.filter_scale),
        "filterCount": shown.filters.shape[1],
        "filterShape": list(shown.filters.shape[2:]),
        "curves": [
            {"name": name, "values": list(values), "color": CLASS_COLORS[place], "dashed": name == "training"}
            for place, (name, values) in enumerate(shown.curves.items())
        ],
    }
