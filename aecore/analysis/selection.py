"""Choosing among the members of a grid: the elbow, the front, what matters, and a proposal.

Pure functions of the table of members. Validation figures choose; test figures are only reported.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.config import Config
from aecore.grid import Grid
from aecore.results import Row

LATENT, SEED = "model.latent_size", "train.seed"


@dataclass(frozen=True)
class Candidate:
    """A member with the figures by which it is judged; None for what is not there."""

    k: int
    config: Config
    validation: float | None
    """Squared error per image on the validation images."""
    standard_error: float | None
    """Of that mean, over the validation images."""
    test: float | None
    """Squared error per image on the test images."""
    pca: float | None
    """The same of PCA with as many components as the code has units."""
    active_units: float | None
    """Non-zero units per validation image, dead ones left out."""
    parameters: int | None


@dataclass(frozen=True)
class Group:
    """Members that differ in their seed alone."""

    config: Config
    """The first member's."""
    members: tuple[Candidate, ...]

    @property
    def validation(self) -> float:
        """Mean validation error over the seeds."""
        return _mean(self.validations)

    @property
    def validations(self) -> list[float]:
        return [c.validation for c in self.members if c.validation is not None]

    @property
    def test(self) -> float | None:
        """Mean test error over the seeds, None where a seed has none."""
        return _mean(self.tests) if len(self.tests) == len(self.members) else None

    @property
    def tests(self) -> list[float]:
        return [c.test for c in self.members if c.test is not None]

    @property
    def standard_error(self) -> float | None:
        """Of the mean validation error: over the seeds, or over the validation images for one seed."""
        if len(self.members) == 1:
            return self.members[0].standard_error
        return float(np.std(self.validations, ddof=1) / math.sqrt(len(self.validations)))

    @property
    def best(self) -> Candidate:
        return min(self.members, key=lambda c: math.inf if c.validation is None else c.validation)


@dataclass(frozen=True)
class Proposal:
    """The smallest code that does as well as the best, as far as the validation images can tell."""

    chosen: Group
    best: Group
    limit: float
    """Validation error up to which a group counts as good as the best."""
    over_seeds: bool
    """Whether the standard error is over seeds; over validation images otherwise."""


@dataclass(frozen=True)
class Importance:
    """How much of the variance of the validation error goes with each axis."""

    shares: dict[str, float]
    """From 0 to 1, by axis."""
    interactions: float
    """What is left: the axes' joint effects."""
    method: str
    """The way in which it was found, for the reader."""


def candidates(grid: Grid, rows: Iterable[Row]) -> list[Candidate]:
    """The members that have a finite validation or test error, from rows of the grid's table."""
    found = []
    for row in rows:
        result = row.result
        candidate = Candidate(
            k=row.k,
            config=grid.members[row.k],
            validation=row.validation.get("squared_error"),
            standard_error=result.validation_standard_error if result else None,
            test=result.test.squared_error if result else None,
            pca=result.test.pca_squared_error if result else None,
            active_units=result.validation_code.active_alive_units
            if result and result.validation_code
            else None,
            parameters=result.parameters if result else None,
        )
        if candidate.validation is not None or candidate.test is not None:
            found.append(candidate)
    return found


def groups(members: Iterable[Candidate]) -> list[Group]:
    """Members with a validation error, those that differ in their seed alone together, in their order."""
    found: dict[Config, list[Candidate]] = {}
    for member in members:
        if member.validation is not None:
            found.setdefault(member.config.with_values({SEED: 0}), []).append(member)
    return [Group(same[0].config, tuple(same)) for same in found.values()]


def along_field(found: Iterable[Group], config: Config, field: str = LATENT) -> list[Group]:
    """The groups that differ from `config` in one field at most (and the seed), by that field's value."""

    def rest(c: Config) -> Config:
        return c.with_values({field: config.get(field), SEED: 0})

    wanted = config.with_values({SEED: 0})
    same = [g for g in found if _or_none(rest, g.config) == wanted]
    return sorted(same, key=lambda g: g.config.get(field))


def elbow(x: Sequence[float], y: Sequence[float]) -> int | None:
    """Where a falling curve bends most: the point farthest below the chord from its first to its last point.

    Both axes are scaled to [0, 1] first (Satopaa et al. 2011, "Finding a kneedle in a haystack", without
    smoothing). `x` rises. None for fewer than three points, or where none lies below the chord.
    """
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} positions for {len(y)} errors")
    if len(x) < 3 or x[-1] <= x[0] or y[0] <= y[-1]:
        return None
    along = (np.asarray(x, dtype=float) - x[0]) / (x[-1] - x[0])
    height = (np.asarray(y, dtype=float) - y[-1]) / (y[0] - y[-1])
    below = 1 - along - height
    return int(below.argmax()) if below.max() > 1e-9 else None


def pareto_front(costs: Sequence[Sequence[float]]) -> np.ndarray:
    """Which rows of N x m costs no other row beats: bool, N.

    A row is beaten where another is at most as large in every column and smaller in one.
    """
    values = np.asarray(costs, dtype=float)
    if values.ndim != 2:
        raise ValueError("costs must be a matrix of members x costs")
    no_worse = (values[:, None] <= values[None]).all(-1)
    better = (values[:, None] < values[None]).any(-1)
    beaten = np.any(no_worse & better, axis=0)
    return np.logical_not(beaten)


def propose(found: Sequence[Group]) -> Proposal | None:
    """The smallest code within one standard error of the best validation error (Breiman et al. 1984, 3.4.3).

    Of several with that size the one with the smallest error. None where there is nothing to choose, or
    no standard error: one seed and no validation images.
    """
    if not found:
        return None
    best = min(found, key=lambda g: g.validation)
    error = best.standard_error
    if error is None:
        return None
    limit = best.validation + error
    within = [g for g in found if g.validation <= limit]
    chosen = min(within, key=lambda g: (g.config.model.latent_size, g.validation))
    return Proposal(chosen, best, limit, len(best.members) > 1)


def importance(grid: Grid, members: Iterable[Candidate]) -> Importance | None:
    """How much of the validation error's variance goes with each axis; None where there is none to share.

    On a finished product of axes the main effects of a functional ANOVA (Hutter et al. 2014): the variance
    of the means over all positions that share a value. Otherwise the rise of a random forest's error when
    an axis is shuffled (scikit-learn's permutation importance), scaled to a sum of 1.
    """
    errors = {c.k: c.validation for c in members if c.validation is not None}
    axes = list(grid.axes) or list(dict.fromkeys(name for row in grid.listed for name in row))
    seen = [
        ([_value(grid, position, name) for name in axes], errors[k])
        for position, k in zip(grid.positions, grid.index, strict=True)
        if k in errors
    ]
    values = np.array([error for _, error in seen])
    if len(values) < 2 or values.var() <= 1e-12 * max(1.0, float(np.abs(values).max()) ** 2):
        return None
    levels = _levels([row for row, _ in seen])
    if grid.axes and len(seen) == len(grid.positions):
        shares = {name: _main_effect(levels[:, i], values) for i, name in enumerate(axes)}
        rest = max(0.0, 1 - sum(shares.values()))
        return Importance(shares, rest, "share of variance, main effects of a functional ANOVA")
    if len(seen) < 4:
        return None
    shares = dict(zip(axes, _permuted(levels, values), strict=True))
    return Importance(shares, 0.0, "permutation importance in a random forest, scaled to a sum of 100 %")


def bottleneck(config: Config) -> int | None:
    """Width of the narrowest hidden layer, where it squeezes an image about as much as the code does.

    That is, where it is at most twice as wide as the code.
    """
    narrowest = min(config.model.hidden, default=None)
    return narrowest if narrowest is not None and narrowest <= 2 * config.model.latent_size else None


def wider(config: Config, latent_size: int) -> Config:
    """The config with hidden layers widened by one factor, to at least four times `latent_size`."""
    hidden = config.model.hidden
    if not hidden:
        return config
    factor = max(1, math.ceil(4 * latent_size / min(hidden)))
    return config.with_values({"model.hidden": tuple(min(width * factor, 16384) for width in hidden)})


def positions_by_axis(grid: Grid) -> list[tuple[str, Sequence[Any]]]:
    """The axes on which a position has a place. A list of members has one axis, the member's number."""
    if grid.axes:
        return list(grid.axes.items())
    return [("member", tuple(range(len(grid.listed))))]


def place_of(grid: Grid, k: int) -> list[int]:
    """Member k's place on each of `positions_by_axis`."""
    sizes = [len(values) for _, values in positions_by_axis(grid)]
    return [int(i) for i in np.unravel_index(grid.index.index(k), sizes)]


def member_at(grid: Grid, place: Sequence[int]) -> int:
    """k of the member at a place; ValueError for a place that the grid does not have."""
    sizes = [len(values) for _, values in positions_by_axis(grid)]
    if len(place) != len(sizes) or not all(0 <= i < n for i, n in zip(place, sizes, strict=True)):
        raise ValueError(f"the grid has no place {'-'.join(map(str, place))}")
    return grid.index[int(np.ravel_multi_index(list(place), sizes))]


def slice_places(grid: Grid, place: Sequence[int], *free: int) -> Iterable[list[int]]:
    """All places that differ from `place` on the `free` axes alone."""
    sizes = [len(values) for _, values in positions_by_axis(grid)]
    ranges = [range(n) if i in free else (place[i],) for i, n in enumerate(sizes)]
    return (list(p) for p in itertools.product(*ranges))


def _main_effect(levels: np.ndarray, values: np.ndarray) -> float:
    means = {level: values[levels == level].mean() for level in np.unique(levels)}
    fitted = np.array([means[level] for level in levels])
    return float(fitted.var() / values.var())


def _permuted(levels: np.ndarray, values: np.ndarray) -> list[float]:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    forest = RandomForestRegressor(100, random_state=0).fit(levels, values)
    found = permutation_importance(forest, levels, values, n_repeats=10, random_state=0).importances_mean
    found = np.maximum(found, 0)
    return (found / found.sum() if found.sum() else found).tolist()


def _levels(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """Each column's values by their place in its order (numbers), or in that of their first appearance."""
    columns = []
    for column in zip(*rows, strict=True):
        different = list(dict.fromkeys(column))
        if all(isinstance(value, (int, float)) for value in different):
            different.sort()
        columns.append([different.index(value) for value in column])
    return np.array(columns).T


def _value(grid: Grid, position: Mapping[str, Any], name: str) -> Any:
    return position[name] if name in position else grid.base.get(name)


def _or_none(f: Any, config: Config) -> Config | None:
    try:
        return f(config)
    except ValueError:
        return None


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
