"""Two directions of the code as a plane to move in: what `pad.js` is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aecore.palette import CLASS_COLORS
from aecore.web.arrays import encoded

if TYPE_CHECKING:
    from aecore.analysis.projection import PCA

MARGIN = 0.08
"""Share of the points' extent that the plane goes beyond them on each side."""


@dataclass(frozen=True)
class CodePlane:
    """Two directions in the space of codes, D long."""

    names: tuple[str, str]
    """What each direction is called."""
    directions: np.ndarray
    """float32, 2 x D; orthonormal."""
    middle: np.ndarray
    """float32, D: the code that lies at 0, 0."""

    @classmethod
    def of_units(cls, first: int, second: int, size: int) -> CodePlane:
        """Unit against unit of a code of so many. Raises ValueError for one unit twice."""
        _check(first, second, size, "unit")
        directions = np.eye(size, dtype=np.float32)[[first, second]]
        return cls((f"unit {first}", f"unit {second}"), directions, np.zeros(size, np.float32))

    @classmethod
    def of_components(cls, pca: PCA, first: int, second: int) -> CodePlane:
        """Component against component of the codes, numbered from 0. Raises ValueError for one twice."""
        _check(first, second, len(pca), "component")
        names = (f"component {first + 1}", f"component {second + 1}")
        return cls(names, pca.components[[first, second]], pca.mean)

    def places(self, codes: np.ndarray) -> np.ndarray:
        """Where codes N x D lie: float32, N x 2."""
        return ((codes - self.middle) @ self.directions.T).astype(np.float32)


def _check(first: int, second: int, count: int, what: str) -> None:
    if first == second or not (0 <= first < count and 0 <= second < count):
        raise ValueError(f"a plane needs two different {what}s of {count}, not {first} and {second}")


def pad_data(
    decoder: dict[str, Any],
    plane: CodePlane,
    start: tuple[str, np.ndarray],
    codes: np.ndarray,
    labels: np.ndarray,
    *,
    reference: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The plane with codes N x D of images of the classes `labels` on it, and the decoder for its places.

    `start` is a name and a code, D: what lies across the plane stays as in that code, and the point stands
    on it at first. For `reference` see `payload.code_reference`.
    """
    places = plane.places(codes)
    every = np.concatenate([places, plane.places(start[1][None])])
    low, high = every.min(axis=0), every.max(axis=0)
    beyond = np.maximum(MARGIN * (high - low), 1e-3)
    return {
        "decoder": decoder,
        "axes": list(plane.names),
        "directions": plane.directions.tolist(),
        "middle": plane.middle.tolist(),
        "start": {"name": start[0], "code": start[1].tolist()},
        "points": encoded(places.astype("<f4")),
        "tones": encoded((labels % len(CLASS_COLORS)).astype(np.uint8)),
        "colors": list(CLASS_COLORS),
        "low": (low - beyond).tolist(),
        "high": (high + beyond).tolist(),
        "reference": reference,
    }
