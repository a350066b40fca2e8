"""Choosing among the members of a grid: the elbow, the front, what matters, and a proposal.

Pure functions of the table of members. Validation figures choose; test figures are only reported.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aecore.config import Config, field_paths
from aecore.grid import Grid
from aecore.results import Row

if TYPE_CHECKING:
    from aecore.store import GridInfo

SHUFFLES = 499
"""Times that the errors are shuffled to see what chance makes of an axis."""

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
    """Those of the grid."""
    further: tuple[Candidate, ...] = ()
    """The same settings at further seeds, trained elsewhere: `k` is not of this grid."""

    @property
    def seeds(self) -> int:
        return len(self.validations)

    @property
    def finished(self) -> bool:
        """Whether each member has come to its end."""
        return all(c.parameters is not None for c in self.members)

    @property
    def validation(self) -> float:
        """Mean validation error over the seeds."""
        return _mean(self.validations)

    @property
    def validations(self) -> list[float]:
        return [c.validation for c in (*self.members, *self.further) if c.validation is not None]

    @property
    def test(self) -> float | None:
        """Mean test error over the grid's own seeds, None where a seed has none."""
        return _mean(self.tests) if len(self.tests) == len(self.members) else None

    @property
    def tests(self) -> list[float]:
        return [c.test for c in self.members if c.test is not None]

    @property
    def standard_error(self) -> float | None:
        """Of the mean validation error: over the seeds, or over the validation images for one seed."""
        if self.seeds == 1:
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

    @property
    def over_seeds(self) -> bool:
        """Whether the standard error is over seeds; over validation images otherwise."""
        return self.best.seeds > 1


@dataclass(frozen=True)
class Importance:
    """How much of the variance of the validation error goes with each axis."""

    shares: dict[str, float]
    """At most 1, by axis."""
    interactions: float
    """What is left in a finished grid: the axes' joint effects, and chance."""
    noise: float
    """The largest axis's share stays at or below this in 99 of 100 grids whose errors are shuffled."""
    method: str
    """The way in which it was found, for the reader."""

    @property
    def telling(self) -> dict[str, float]:
        """The axes whose share chance does not make, the largest first."""
        found = {name: share for name, share in self.shares.items() if share > self.noise + 1e-9}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def candidates(grid: Grid, rows: Iterable[Row]) -> list[Candidate]:
    """The members that have a finite validation or test error, from rows of the grid's table.

    One that was stopped because it was beaten is none: its error is that of a part of its epochs.
    """
    found = []
    for row in rows:
        if row.beaten is not None:
            continue
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


def elsewhere(info: GridInfo, others: Iterable[GridInfo]) -> list[Candidate]:
    """The members of the other finished grids on the same data set, for the seeds that a grid lacks."""
    return [
        candidate
        for other in others
        if other.key != info.key and other.result and other.config.data == info.config.data
        for candidate in candidates(other.grid, other.result.members)
    ]


def groups(members: Iterable[Candidate], further: Iterable[Candidate] = ()) -> list[Group]:
    """Members with a validation error, those that differ in their seed alone together, in their order.

    `further` are finished members of other grids: one with the settings of a group, at a seed that the group
    does not have, adds its figures to it.
    """
    found: dict[Config, list[Candidate]] = {}
    for member in members:
        if member.validation is not None:
            found.setdefault(member.config.with_values({SEED: 0}), []).append(member)
    others: dict[Config, dict[int, Candidate]] = {}
    for other in further:
        settings = other.config.with_values({SEED: 0})
        if settings in found and other.validation is not None and other.parameters is not None:
            others.setdefault(settings, {}).setdefault(other.config.train.seed, other)
    return [
        Group(
            same[0].config,
            tuple(same),
            tuple(
                other
                for seed, other in others.get(settings, {}).items()
                if seed not in {member.config.train.seed for member in same}
            ),
        )
        for settings, same in found.items()
    ]


def further_seeds(proposal: Proposal, count: int = 3) -> Grid | None:
    """A grid of the proposed and the best settings at the seeds that lack to `count`; None where none does.

    With it either's mean and its standard error are over seeds.
    """
    base = proposal.chosen.config
    rows = []
    for group in dict.fromkeys([proposal.chosen, proposal.best]):
        known = {c.config.train.seed for c in (*group.members, *group.further)}
        new = [seed for seed in range(count + len(known)) if seed not in known][: max(count - len(known), 0)]
        rows += [{**_differences(group.config, base), SEED: seed} for seed in new]
    return Grid(base, listed=rows) if rows else None


def _differences(config: Config, base: Config) -> dict[str, Any]:
    return {name: config.get(name) for name in field_paths() if config.get(name) != base.get(name)}


def along_field(found: Iterable[Group], config: Config, field: str = LATENT) -> list[Group]:
    """The groups that differ from `config` in one field at most (and the seed), by that field's value."""

    def rest(c: Config) -> Config:
        return c.with_values({field: config.get(field), SEED: 0})

    wanted = config.with_values({SEED: 0})
    same = [g for g in found if _or_none(rest, g.config) == wanted]
    return sorted(same, key=lambda g: g.config.get(field))


GAIN = 0.02
"""Below this relative fall of the error for each further unit, a curve counts as flat."""


def elbow(x: Sequence[float], y: Sequence[float]) -> int | None:
    """Where a falling curve turns flat: the first point from which the next gains less than `GAIN` a unit.

    The gain is the rate r at which y falls by exp(-r) with each unit of x, so that it asks for no range: a
    curve that is cut short has the same elbow, or none where it ends before it. `x` rises.
    """
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} positions for {len(y)} errors")
    for i in range(len(x) - 1):
        if y[i] <= y[i + 1] * math.exp(GAIN * (x[i + 1] - x[i])):
            return i
    return None


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
    done = [group for group in found if group.finished and group.standard_error is not None]
    if not done:
        return None
    best = min(done, key=lambda g: g.validation)
    limit = best.validation + (best.standard_error or 0.0)
    within = [g for g in done if g.validation <= limit]
    chosen = min(within, key=lambda g: (g.config.model.latent_size, g.validation))
    return Proposal(chosen, best, limit)


def importance(grid: Grid, members: Iterable[Candidate]) -> Importance | None:
    """How much of the validation error's variance goes with each axis; None where there is none to share.

    On a finished product of axes the main effects of a functional ANOVA (Hutter et al. 2014): the variance
    of the means over all positions that share a value. Otherwise the rise of the leave-one-out error when an
    additive model of the axes' values (ridge, weight 1) has to do without the axis, by the errors' variance.
    Either is found again for errors shuffled among the members, which says what chance makes.
    """
    errors = {c.k: c.validation for c in members if c.validation is not None}
    axes = list(grid.axes) or list(dict.fromkeys(name for row in grid.listed for name in row))
    seen = [
        ([_value(grid, position, name) for name in axes], k)
        for position, k in zip(grid.positions, grid.index, strict=True)
        if k in errors
    ]
    numbers = {k: i for i, k in enumerate(dict.fromkeys(k for _, k in seen))}
    values = np.array([errors[k] for k in numbers])
    if len(values) < 4 or values.var() <= 1e-12 * max(1.0, float(np.abs(values).max()) ** 2):
        return None
    levels = _levels([row for row, _ in seen])
    # Positions may share a member: its error moves as one. A column a shuffle, the first as it is.
    random = np.random.default_rng(0)
    shuffled = np.column_stack([values, *(random.permutation(values) for _ in range(SHUFFLES))])
    columns = shuffled[[numbers[k] for _, k in seen]]
    whole = bool(grid.axes) and len(seen) == len(grid.positions)
    found = _main_effects(levels, columns) if whole else _left_out(levels, columns)
    noise = float(np.quantile(found[:, 1:].max(0), 0.99, method="higher"))
    shares = dict(zip(axes, found[:, 0].tolist(), strict=True))
    if whole:
        rest = max(0.0, 1 - sum(shares.values()))
        return Importance(shares, rest, noise, "share of the variance (main effects, functional ANOVA)")
    return Importance(shares, 0.0, noise, "rise of the leave-one-out error without it, by the variance")


def without_penalty(grid: Grid, k: int) -> int | None:
    """The member that differs from member k in having none of its penalties; None where there is none."""
    config = grid.members[k]
    if not config.loss.penalties:
        return None
    plain = config.with_values({f"loss.{name}": 0.0 for name in config.loss.penalties})
    return grid.members.index(plain) if plain in grid.members else None


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


def _main_effects(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of the variance of each column of N x M `values` that each of A axes explains: A x M."""
    variance = values.var(0)
    shares = []
    for axis in levels.T:
        kinds = np.eye(axis.max() + 1)[axis]
        means = kinds.T @ values / kinds.sum(0)[:, None]
        shares.append((kinds @ means).var(0) / variance)
    return np.array(shares)


def _left_out(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rise of the leave-one-out error of each column of N x M `values` without each of A axes: A x M."""
    blocks = [np.eye(axis.max() + 1)[axis] for axis in levels.T]
    whole = _leave_one_out(np.hstack(blocks), values)
    rises = []
    for i in range(len(blocks)):
        rest = [np.zeros((len(values), 0)), *blocks[:i], *blocks[i + 1 :]]
        rises.append((_leave_one_out(np.hstack(rest), values) - whole) / values.var(0))
    return np.array(rises)


def _leave_one_out(inputs: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean squared leave-one-out error of ridge regression of each column of `values` on `inputs`."""
    n = len(values)
    # The intercept is not shrunk; residuals without row i are those with it by 1 - h_ii (Allen's PRESS).
    design = np.column_stack([np.ones(n), inputs])
    weights = np.diag([1e-9] + [1.0] * inputs.shape[1])
    hat = design @ np.linalg.solve(design.T @ design + weights, design.T)
    residuals = (values - hat @ values) / (1 - np.diag(hat))[:, None]
    return np.square(residuals).mean(0)


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
