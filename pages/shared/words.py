"""Numbers, devices and comparisons with PCA as people read them."""

from __future__ import annotations

import os

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


def clipped_pca(output: str, error: float | None) -> str:
    """PCA's squared error with its values in [0, 1] too, where a network's can't leave that range.

    `output` is the network's output activation, `error` that of the clipped values on the same images. Empty
    for an output without ends.
    """
    if output == "linear" or error is None:
        return ""
    return (
        " PCA's values may leave [0, 1], as this network's outputs cannot; clipped to it, its squared error "
        f"is {error:.2f}."
    )


def time_left(seconds: float | None) -> str:
    """`1:05 left`, `2:01:05 left`, or that it is not known yet."""
    if seconds is None:
        return "starting"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} left" if hours else f"{minutes}:{rest:02d} left"


def about(seconds: float) -> str:
    """`under a second`, `about 8 seconds`."""
    return duration(seconds) if seconds < 1 else f"about {duration(seconds)}"


def duration(seconds: float) -> str:
    """`under a second`, `8 seconds`, `3 minutes`, `1.5 hours`."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def age(seconds: float) -> str:
    """`just now`, `5 min`, `3 h`, `12 days`."""
    for unit, size in (("days", 86_400 * 2), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / (86_400 if unit == 'days' else size):.0f} {unit}"
    return "just now"


def device_words(device: str, threads: int | None = None) -> str:
    """`the CPU (1 of 2 cores)`, `the GPU (CUDA)`, `the GPU (Apple MPS)`."""
    kind = device.split(":")[0]
    if kind in ("cuda", "mps"):
        return {"cuda": "the GPU (CUDA)", "mps": "the GPU (Apple MPS)"}[kind]
    cores = os.cpu_count() or 1
    return f"the CPU ({min(threads, cores)} of {cores} cores)" if threads else "the CPU"
