"""Nearest neighbours in a space of points, and how far a place is from the points that are there."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

# Distances held at once: 330 x 60,000 in float32 are 80 MB.
_CHUNK_VALUES = 20_000_000


def as_points(points: np.ndarray | torch.Tensor, name: str = "points") -> np.ndarray:
    """Points as a finite float32 matrix, N x D; images N x C x H x W are flattened.

    Raises ValueError when there are no points, no dimension, or a value that is not finite.
    """
    if isinstance(points, torch.Tensor):
        points = points.detach().cpu().numpy()
    array = np.asarray(points, dtype=np.float32)
    if array.ndim < 2 or array.shape[0] == 0 or array.size == 0:
        raise ValueError(f"{name} must be a table with at least one row and one column, not {array.shape}")
    array = np.ascontiguousarray(array.reshape(len(array), -1))
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers; {int((~np.isfinite(array)).sum())} values are not")
    return array


class Neighbors:
    """Exact Euclidean nearest neighbours among `points`, N x D.

    Distances come from |a|^2 + |b|^2 - 2 a.b in float32 after centring the points, so that the products stay
    small, and the k distances found are then computed again from the differences: a point is at distance 0
    from itself.
    """

    def __init__(self, points: np.ndarray | torch.Tensor) -> None:
        self.points = as_points(points)
        self._mean = self.points.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._centred = torch.from_numpy(self.points - self._mean)
        self._squares = self._centred.square().sum(dim=1)

    def __len__(self) -> int:
        return len(self.points)

    def query(self, queries: np.ndarray | torch.Tensor, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest points of each query, M x D: (distances M x k float32, indices M x k int64)."""
        queries = as_points(queries, "queries")
        if queries.shape[1] != self.points.shape[1]:
            raise ValueError(f"queries have {queries.shape[1]} columns, the points {self.points.shape[1]}")
        return self._nearest(queries, k, None)

    def among_themselves(self, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest other points of each point (or of `rows` only), as `query`; k is below N."""
        rows = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        return self._nearest(self.points[rows], k, rows)

    @cached_property
    def typical_distance(self) -> float:
        """Median distance from a point to its nearest other point, of 2,000 points drawn with seed 0."""
        rows = np.arange(len(self))
        if len(rows) > 2000:
            rows = np.sort(np.random.default_rng(0).choice(rows, 2000, replace=False))
        return float(np.median(self.among_themselves(1, rows)[0]))

    def remoteness(self, queries: np.ndarray | torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Distance to the nearest point in units of `typical_distance`, and that point: (M float32, M int64).

        About 1 is where points usually are. Where the typical distance is 0 (most points coincide), it is 0
        on a point and infinite elsewhere.
        """
        distances, indices = self.query(queries, 1)
        unit = self.typical_distance
        if unit == 0:
            return np.where(distances[:, 0] == 0, 0, np.inf).astype(np.float32), indices[:, 0]
        return (distances[:, 0] / unit).astype(np.float32), indices[:, 0]

    def _nearest(self, queries: np.ndarray, k: int, own: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        available = len(self) - (own is not None)
        if not 1 <= k <= available:
            raise ValueError(f"the number of neighbours must be from 1 to {available}, not {k}")
        distances = np.empty((len(queries), k), dtype=np.float32)
        indices = np.empty((len(queries), k), dtype=np.int64)
        step = max(1, _CHUNK_VALUES // max(len(self), k * self.points.shape[1]))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            squared = self._squared(torch.from_numpy(queries[part] - self._mean))
            if own is not None:
                squared[torch.arange(len(squared)), torch.from_numpy(own[part])] = torch.inf
            found = squared.topk(k, largest=False).indices.numpy()
            differences = self.points[found] - queries[part, None]
            exact = np.sqrt(np.square(differences, dtype=np.float64).sum(axis=2))
            order = np.argsort(exact, axis=1, kind="stable")
            distances[part] = np.take_along_axis(exact, order, axis=1)
            indices[part] = np.take_along_axis(found, order, axis=1)
        return distances, indices

    def _squared(self, centred: torch.Tensor) -> torch.Tensor:
        found = torch.addmm(self._squares, centred, self._centred.T, alpha=-2)
        return found.add_(centred.square().sum(1, True))


def knn_correct(
    points: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    k: int = 5,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Whether a point's class is the commonest among its k nearest other points: bool, one a row.

    A tie goes to the tied class with the nearest neighbour. `points` is N x D, `labels` N whole numbers >= 0;
    `rows` are the points that are asked (all by default), all N are neighbours.
    """
    neighbors = Neighbors(points)
    labels = np.asarray(labels, dtype=np.int64)
    if labels.shape != (len(neighbors),):
        raise ValueError(f"{len(neighbors)} points need as many labels, not {labels.shape}")
    predicted = _voted(labels[neighbors.among_themselves(k, rows)[1]])
    return predicted == (labels if rows is None else labels[rows])


def knn_predict(
    points: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    queries: np.ndarray | torch.Tensor,
    k: int = 5,
) -> np.ndarray:
    """The commonest class among the k nearest of N labelled points to each query, M x D: M labels.

    Ties are settled as in `knn_correct`.
    """
    return _voted(np.asarray(labels)[Neighbors(points).query(queries, k)[1]])


def _voted(near: np.ndarray) -> np.ndarray:
    """The commonest of each row's labels, M x k with the nearest first; of equally common ones the nearer."""
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2)
    # argmax takes the first of equal counts, and neighbours come nearest first.
    return np.take_along_axis(near, votes.argmax(axis=1)[:, None], axis=1)[:, 0]


def knn_accuracy(points: np.ndarray | torch.Tensor, labels: np.ndarray | torch.Tensor, k: int = 5) -> float:
    """Share of all points for which `knn_correct` holds (leave-one-out)."""
    return float(knn_correct(points, labels, k).mean())


def trustworthiness(
    high: np.ndarray | torch.Tensor,
    low: np.ndarray | torch.Tensor,
    k: int = 12,
    rows: np.ndarray | None = None,
) -> float:
    """How far the k neighbours in `low` (N x 2, say) are neighbours in `high` (N x D) too, from 0 to 1.

    T = 1 - 2 / (n k (2N - 3k - 1)) sum_i sum_{j in U_i} (r(i, j) - k) over n points i, where U_i are those of
    the k nearest points of i in `low` that are not among its k nearest in `high`, and r(i, j) is the rank of
    j by distance from i in `high` (Venna & Kaski 2001). A random map scores about 0.5. The points i are
    `rows` (all by default); neighbours and ranks are among all N, so that a sample of rows estimates the
    score of the whole map.
    """
    high, low = as_points(high, "high"), as_points(low, "low")
    n = len(high)
    if len(low) != n:
        raise ValueError(f"both spaces must hold the same points, not {n} and {len(low)}")
    if not 1 <= k < n / 2:
        raise ValueError(f"k must be at least 1 and below half the number of points ({n}), not {k}")
    asked = torch.from_numpy(np.arange(n) if rows is None else np.asarray(rows, dtype=np.int64))
    near = torch.from_numpy(Neighbors(low).among_themselves(k, asked.numpy())[1])
    space = Neighbors(high)
    excess = 0
    step = max(1, _CHUNK_VALUES // n // 2)
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        squared = space._squared(space._centred[part])
        squared[torch.arange(len(part)), part] = torch.inf
        limits = squared.gather(1, near[start : start + step]).numpy()
        distances = squared.numpy()
        for column in range(k):
            # numpy counts true values far faster than torch sums them.
            ranks = np.count_nonzero(distances < limits[:, column, None], axis=1) + 1
            excess += int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 / (len(asked) * k * (2 * n - 3 * k - 1)) * excess
