"""The table of all members: what stands in it, and what each column means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aecore.config import PENALTIES, Config
from aecore.grid import PENALTY, STRENGTH, Grid, axis_text
from aecore.presets import penalty_text
from aecore.results import Result, Row
from aecore.settings import axis_label, member_names

Kind = Literal["text", "plain", "two", "one", "percent", "count"]
"""How a cell reads: as it is, with few digits, with two or one decimals, in per cent, as a count."""


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    name: str
    kind: Kind
    value: Callable[[Config, Row], Any]
    """None where a member has no such figure."""
    help: str = ""


def _test(name: str) -> Callable[[Config, Row], Any]:
    return lambda config, row: getattr(row.result.test, name) if row.result else None


def _code(name: str) -> Callable[[Config, Row], Any]:
    return lambda config, row: getattr(row.result.code, name) if row.result and row.result.code else None


def _of(value: Callable[[Result], Any]) -> Callable[[Config, Row], Any]:
    return lambda config, row: value(row.result) if row.result else None


def _setting(name: str) -> Callable[[Config, Row], Any]:
    return lambda config, row: axis_text(name, config.get(name))


def _penalty(config: Config, row: Row) -> str:
    used = config.loss.penalties
    if len(used) > 1:
        return penalty_text(config.loss)
    return PENALTIES[next(iter(used))].name if used else "none"


def _strength(config: Config, row: Row) -> float | None:
    used = config.loss.penalties
    return next(iter(used.values())) if len(used) == 1 else None


SETTINGS = (
    Column("units", "plain", lambda config, row: config.model.latent_size, "in the code"),
    Column("penalty", "text", _penalty),
    Column("strength", "plain", _strength, "of the penalty"),
    Column("seed", "plain", lambda config, row: config.train.seed),
)
_SETTLED = {"model.latent_size", PENALTY, STRENGTH, "train.seed", *(f"loss.{name}" for name in PENALTIES)}
"""Axes that these columns show."""

ERRORS = (
    Column(
        "validation error",
        "two",
        lambda config, row: row.validation.get("squared_error"),
        "squared error per held-out training image: this is what chooses",
    ),
    Column("test error", "two", _test("squared_error"), "squared error per test image; it only reports"),
    Column("PCA's", "two", _test("pca_squared_error"), "test error of PCA with as many components"),
)
BOUND = (
    Column("ELBO, nats", "two", _test("elbo"), "evidence lower bound on the test images, beta at 1"),
    Column("KL, nats", "two", _test("kl"), "of the posteriors from the prior, mean over test images"),
)
REST = (
    Column("active units", "one", _code("active_alive_units"), "not zero, mean over test images"),
    Column("exact zeros", "percent", _code("exact_zeros"), "share of the codes' values"),
    Column("parameters", "count", _of(lambda result: result.parameters), "trained weights and biases"),
    Column("seconds", "one", _of(lambda result: result.seconds), "of training; its share of its stack's"),
)


def columns(grid: Grid) -> list[Column]:
    """The columns of a grid: settings, further axes, errors, the bound where there is one, and the rest."""
    names = list(grid.axes) or list(dict.fromkeys(name for row in grid.listed for name in row))
    further = [Column(axis_label(name), "text", _setting(name)) for name in names if name not in _SETTLED]
    bound = BOUND if any(config.model.variational for config in grid.members) else ()
    return [*SETTINGS, *further, *ERRORS, *bound, *REST]


def table_data(grid: Grid, rows: Sequence[Row]) -> dict[str, Any]:
    """The table, a row a member in the order of k, without columns that no member has a figure in."""
    every = [(column, [column.value(grid.members[row.k], row) for row in rows]) for column in columns(grid)]
    names = member_names(grid)
    shown = [(column, cells) for column, cells in every if any(cell is not None for cell in cells)]
    return {
        "columns": [{"name": c.name, "kind": c.kind, "help": c.help} for c, _ in shown],
        "rows": [
            {
                "k": row.k,
                "name": names[row.k],
                "note": _note(row),
                "cells": [cells[i] for _, cells in shown],
            }
            for i, row in enumerate(rows)
        ],
    }


def _note(row: Row) -> str:
    if row.failed is not None:
        return f"diverged in epoch {row.failed}"
    if row.beaten is not None:
        return f"stopped after epoch {row.beaten}: clearly beaten"
    return "" if row.result else f"{row.epochs} epoch{'s' * (row.epochs != 1)} so far"
