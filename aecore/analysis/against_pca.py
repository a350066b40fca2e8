"""How a network's squared error stands beside PCA's, as a number and in words. Imports no torch."""

from __future__ import annotations

ALIKE = 0.05
"""Squared errors that differ by less than this share are called alike: about what another seed changes."""


def ranked(error: float, other: float) -> int:
    """-1 where a network's squared error is below another by `ALIKE` or more, 1 where above, else 0."""
    if error < (1 - ALIKE) * other:
        return -1
    return int(error >= (1 + ALIKE) * other)


def beside_pca(error: float, pca: float) -> str:
    """`36% less`, `12% more: PCA does better`, or that the two are alike."""
    share = f"{abs(1 - error / pca):.0%}" if pca else "no end"
    match ranked(error, pca):
        case -1:
            return f"{share} less"
        case 1:
            return f"{share} more: PCA does better"
    return f"about as large (within {ALIKE:.0%}, which another seed may change)"
