"""A training's epochs under a slider that plays: pictures, codes, weights and the curves' cursor together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aecore.palette import CLASS_COLORS
from pages.components.loader import component, encoded

_scrubber = component("epoch_scrubber", "scrubber", "scrubber")


@dataclass(frozen=True)
class Epochs:
    """What is shown of E epochs."""

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
    """int8, E x F x H x W: first-layer weights, white at 0."""
    curves: Mapping[str, Sequence[float | None]]
    """E squared errors by name."""


def epoch_scrubber(shown: Epochs, *, key: str) -> None:
    """Draws it, as wide as its container. Everything moves in the browser; the server is never asked."""
    plane = shown.plane
    points = plane.shape[1]
    labels = np.zeros(points, int) if shown.labels is None else shown.labels
    data = {
        "epochs": list(shown.epochs),
        "frames": encoded(shown.reconstructions),
        "originals": None if shown.originals is None else encoded(shown.originals),
        "pictures": shown.reconstructions.shape[1],
        "shape": list(shown.reconstructions.shape[2:]),
        "plane": encoded(plane),
        "points": points,
        "bounds": [plane[..., axis].min().item() for axis in (0, 1)]
        + [plane[..., axis].max().item() for axis in (0, 1)],
        "colors": [CLASS_COLORS[int(label) % len(CLASS_COLORS)] for label in labels],
        "filters": encoded(shown.filters),
        "filterCount": shown.filters.shape[1],
        "filterShape": list(shown.filters.shape[2:]),
        "curves": [
            {"name": name, "values": list(values), "color": CLASS_COLORS[place], "dashed": name == "training"}
            for place, (name, values) in enumerate(shown.curves.items())
        ],
    }
    _scrubber(data=data, key=key)
