"""A map that is still forming: the frames that its points move through, in few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.web.arrays import encoded

_STEPS = 65535


@dataclass(frozen=True)
class Frame:
    """The places of all points at one moment."""

    iteration: int
    places: np.ndarray
    """uint16, N x 2: -1 to 1 of what `centred` gives, evenly in 65,536 steps."""

    @classmethod
    def of(cls, iteration: int, points: np.ndarray) -> Frame:
        """From places N x 2 of any size."""
        steps = (centred(points) + 1) * (_STEPS / 2)
        return cls(iteration, steps.round().astype("<u2"))


def centred(points: np.ndarray) -> np.ndarray:
    """Places N x 2 with the middle between their extremes at 0 and the longer side from -1 to 1: float32.

    Places that all coincide, or are no finite numbers, come to lie at 0.
    """
    points = np.asarray(points, dtype=np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    half = (high - low).max() / 2
    if not (np.isfinite(half) and half > 0):
        return np.zeros(points.shape, dtype=np.float32)
    return ((points - (low + high) / 2) / half).astype(np.float32)


def frames_data(flow: str, frames: Sequence[Frame], seconds: float) -> dict[str, Any]:
    """What `flow.js` plays, in `seconds`, on the map whose data has the same `flow`."""
    return {
        "flow": flow,
        "seconds": seconds,
        "frames": [{"iteration": frame.iteration, "xy": encoded(frame.places)} for frame in frames],
    }
