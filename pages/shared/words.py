"""Numbers and devices as people read them."""

from __future__ import annotations

from aecore import cores


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
    if not threads:
        return "the CPU"
    count = cores.available()
    return f"the CPU ({min(threads, count)} of {count} cores)"


def size(count: int) -> str:
    """`420 kB`, `2.8 MB`: bytes, by thousands, as file managers count them."""
    return f"{count / 1e6:.1f} MB" if count >= 999_500 else f"{max(count / 1000, 1):.0f} kB"
