"""How many cores this process may use: what a machine has is more than what a container is given of it."""

from __future__ import annotations


def available() -> int:
    """Cores by the process's affinity and its share of a container (`docker run --cpus`), at least 1."""
    # It takes a fifth of a second to import.
    import joblib

    return joblib.cpu_count()
