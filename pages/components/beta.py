"""Variational networks of one grid under a slider of beta, which moves pictures, units, codes and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.web.arrays import encoded
from pages.components.loader import component

_slider = component("beta_slider", "beta", "beta")

REACH = 4.0
"""Half the side of the panel of codes in standard deviations of the prior, at least."""


@dataclass(frozen=True)
class Member:
    """What is shown of one network."""

    beta: float
    reconstructions: np.ndarray
    """uint8, P x C x H x W."""
    samples: np.ndarray
    """uint8, S x C x H x W."""
    kl: np.ndarray
    """KL divergence of each unit in nats, largest first."""
    active: np.ndarray
    """bool, one a unit in the same order."""
    codes: np.ndarray
    """float32, N x 2: codes from the posteriors, of the two units with the largest divergence."""
    sentence: str
    """What the network's figures say."""


def payload(originals: np.ndarray, members: Sequence[Member], colors: Sequence[str]) -> dict[str, Any]:
    """What the browser is sent, once: P test images, the members by rising beta, a colour for each code."""
    return {
        "shape": list(originals.shape[1:]),
        "originals": encoded(originals),
        "pictures": len(originals),
        "samples": len(members[0].samples),
        "largest": max(float(member.kl.max()) for member in members),
        "colors": list(colors),
        "members": [
            {
                "beta": f"{member.beta:g}",
                "reconstructions": encoded(member.reconstructions),
                "samples": encoded(member.samples),
                "kl": [float(value) for value in member.kl],
                "active": [bool(value) for value in member.active],
                "codes": encoded(member.codes.astype(np.float32)),
                # Codes that no prior holds reach far beyond it: the panel then shows more, the prior small.
                "reach": max(REACH, 1.1 * float(np.quantile(np.abs(member.codes), 0.99))),
                "sentence": member.sentence,
            }
            for member in members
        ],
    }


def beta_slider(data: dict[str, Any], start: int, *, key: str) -> None:
    """Draws it, first at the member of that number. All moves in the browser; the server is never asked."""
    _slider(data={**data, "start": start}, key=key)
