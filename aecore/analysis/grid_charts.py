"""The numbers behind the charts over a whole grid: curves through its members, the front. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aecore.analysis import selection
from aecore.analysis.selection import LATENT, SEED, Candidate, Group
from aecore.config import Config, field_paths
from aecore.grid import Grid
from aecore.settings import values_of

DECADES = 8
"""A field whose largest value is this many times its smallest has a logarithmic axis."""


@dataclass(frozen=True)
class Point:
    """A value of a field, with the members of a curve that have it: those that differ in their seed."""

    members: tuple[int, ...]
    """Their k."""
    best: int
    """k of the one with the smallest validation error."""
    x: float
    error: float
    """Squared error per image, mean over the seeds."""
    low: float
    """Of the seeds, as `high`."""
    high: float
    pca: float | None
    """PCA's with as many components, where the errors are those of test images."""


@dataclass(frozen=True)
class Curve:
    """Squared error against one field, all others the same."""

    field: str
    values: tuple[float, ...]
    """All values that the members on it have, rising; where there are fewer than two, there is no curve."""
    points: tuple[Point, ...]
    """By rising value; those that a logarithmic axis can't show are left out."""
    on_test: bool
    """Whether the errors are those of test images, else of validation images."""
    log: bool
    """Whether the values span decades, so that the axis is logarithmic."""
    elbow: float | None
    """The code's size from which the validation error falls by less than `selection.GAIN` a unit."""

    @property
    def seeds(self) -> int:
        """The most members at one value."""
        return max((len(point.members) for point in self.points), default=1)

    def error_of(self, member: Candidate) -> float | None:
        """A member's own figure of the kind that the curve shows."""
        return member.test if self.on_test else member.validation


def numeric_fields(grid: Grid) -> list[str]:
    """Fields with a number that differs between members, the latent size first."""
    varying = []
    for field, kind in field_paths().items():
        if kind in (int, float) and field != SEED:
            values = {config.get(field) for config in grid.members}
            if len(values) > 1:
                varying.append(field)
    return sorted(varying, key=lambda field: field != LATENT)


def curve_through(groups: Sequence[Group], config: Config, field: str) -> Curve:
    """The curve along a field through the members with a config, whatever their seed."""
    return _curve(selection.along_field(groups, config, field), field)


def curves(grid: Grid, groups: Sequence[Group], field: str) -> tuple[list[Curve], list[int]]:
    """Every curve along a field, and for each member the place of its own: as `curve_through` makes it."""

    def rest(config: Config) -> tuple[Any, ...]:
        return tuple(value for name, value in values_of(config).items() if name not in (field, SEED))

    own = [rest(config) for config in grid.members]
    through: dict[tuple[Any, ...], list[Group]] = {key: [] for key in own}
    for group in groups:
        through[rest(group.config)].append(group)
    places = {key: i for i, key in enumerate(through)}
    found = [_curve(sorted(same, key=lambda g: g.config.get(field)), field) for same in through.values()]
    return found, [places[key] for key in own]


def front(members: Sequence[Candidate]) -> list[tuple[Candidate, bool]]:
    """Members with an error, active units and parameters, and whether no other beats them in all three."""
    judged = [c for c in members if None not in (c.validation, c.active_units, c.parameters)]
    if not judged:
        return []
    costs = [(c.validation or 0.0, c.active_units or 0.0, c.parameters or 0) for c in judged]
    return [(c, bool(best)) for c, best in zip(judged, selection.pareto_front(costs), strict=True)]


def spans_decades(values: Sequence[float]) -> bool:
    """Whether the positive ones among the values are far enough apart for a logarithmic axis."""
    positive = [value for value in values if value > 0]
    return len(positive) > 1 and max(positive) / min(positive) >= DECADES


def _curve(through: Sequence[Group], field: str) -> Curve:
    """The curve of groups that differ in a field alone, by its value."""
    on_test = all(group.test is not None for group in through)
    values = tuple(group.config.get(field) for group in through)
    log = spans_decades(values)
    if log:
        through = [group for group in through if group.config.get(field) > 0]
    points = tuple(_point(group, field, on_test) for group in through)
    bend = None
    if field == LATENT and len(values) > 1:
        at = selection.elbow([point.x for point in points], [group.validation for group in through])
        bend = None if at is None else points[at].x
    return Curve(field, values, points, on_test, log, bend)


def _point(group: Group, field: str, on_test: bool) -> Point:
    errors = [(c.test if on_test else c.validation) or 0.0 for c in group.members]
    return Point(
        members=tuple(c.k for c in group.members),
        best=group.best.k,
        x=group.config.get(field),
        error=sum(errors) / len(errors),
        low=min(errors),
        high=max(errors),
        pca=group.members[0].pca if on_test else None,
    )
