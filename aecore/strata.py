"""Some of many things, of each class in proportion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def by_class(places: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """The places (N) of each class, in the order of the classes; `labels` are one for each place."""
    order = np.argsort(labels, kind="stable")
    ends = np.flatnonzero(labels[order][1:] != labels[order][:-1]) + 1
    return np.split(places[order], ends)


def in_proportion(groups: Sequence[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """`count` of all groups' places, sorted: of each as many as its share, rounded by largest remainders."""
    total = sum(map(len, groups))
    exact = np.array([count * len(group) / total for group in groups])
    taken = np.floor(exact).astype(int)
    for k in np.argsort(taken - exact, kind="stable")[: count - int(taken.sum())]:
        taken[k] += 1
    chosen = [random.permutation(group)[:n] for group, n in zip(groups, taken, strict=True)]
    return np.sort(np.concatenate(chosen))
