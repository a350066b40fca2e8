"""Runs side by side: what may be compared, which runs match in squared error, and what differs then.

A comparison of penalties is only fair at equal reconstruction, so that every function here that pairs
runs pairs them by squared error, and says how near the pair is. Validation images choose the pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from aecore.config import PENALTIES, Config
from aecore.results import Figures

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from aecore.data import ImageData
    from aecore.store.run import Run

WEIGHT_DECAY = "weight_decay"
"""Decay by AdamW or Muon is no term of the loss, but it is a penalty to whoever compares."""

CLOSE = 0.03
"""Pairs whose squared errors differ by at most this share count as matched."""

PRUNED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the smallest weights set to zero in `pruned_errors`."""


@dataclass(frozen=True)
class Member:
    """A trained network in a comparison: its config and figures, and where its weights are."""

    config: Config
    figures: Figures
    """As `measure` gives them."""
    key: str | None = None
    """What `load_run` takes; None for a network of which only the figures are kept."""

    @property
    def squared_error(self) -> float:
        return self.figures.squared_error


@dataclass(frozen=True)
class Match:
    """The one of a list of runs whose squared error is nearest to another's."""

    index: int
    difference: float
    """(its squared error - the other's) / the other's."""

    @property
    def close(self) -> bool:
        return abs(self.difference) <= CLOSE


@dataclass(frozen=True)
class Spread:
    """A figure over seeds."""

    mean: float
    low: float
    high: float
    n: int


def penalties(config: Config) -> dict[str, float]:
    """Penalties in use with their strengths, by field name, decoupled `weight_decay` among them."""
    decay = {WEIGHT_DECAY: config.train.weight_decay} if config.train.weight_decay else {}
    return config.loss.penalties | decay


def recipe(config: Config) -> Config:
    """The config without its penalties and with seed 0: equal for runs that differ in strength alone."""
    off: dict[str, Any] = {f"loss.{name}": 0.0 for name in PENALTIES}
    off |= {"train.seed": 0, f"train.{WEIGHT_DECAY}": 0.0}
    if config.train.optimizer == "adamw":
        # Without decay AdamW is Adam.
        off["train.optimizer"] = "adam"
    return config.with_values(off)


def along_strength(
    members: Iterable[Member], base: Config, penalty: str | None, seed: int = 0
) -> list[Member]:
    """Members trained as `base` but for the strength of one penalty, from weak to strong.

    With `penalty` None those without any penalty: one, or none.
    """
    base = recipe(base)
    wanted = [] if penalty is None else [penalty]
    found = [
        m
        for m in members
        if m.config.train.seed == seed and list(penalties(m.config)) == wanted and recipe(m.config) == base
    ]
    return sorted(found, key=lambda m: sum(penalties(m.config).values()))


def nearest(target: float, errors: Sequence[float]) -> Match:
    """Which of `errors` is nearest to `target`, which must be above 0. ValueError for an empty list."""
    if not errors:
        raise ValueError("there is no run to match; the list is empty")
    index = min(range(len(errors)), key=lambda i: abs(errors[i] - target))
    return Match(index, (errors[index] - target) / target)


def match(target: Figures, others: Sequence[Figures]) -> Match:
    """Which of `others` is nearest to `target` in squared error on the validation images.

    So that the test images choose nothing. They do for networks of which no validation error is known, and
    `matched_on` says so. ValueError for an empty list.
    """
    errors = ((i, figures.validation_squared_error) for i, figures in enumerate(others))
    known = {i: error for i, error in errors if error is not None}
    if target.validation_squared_error is None or not known:
        return nearest(target.squared_error, [figures.squared_error for figures in others])
    found = nearest(target.validation_squared_error, list(known.values()))
    return Match(list(known)[found.index], found.difference)


def matched_on(pair: Iterable[Figures]) -> str:
    """Whether networks that were matched were so on `validation` or on `test` images."""
    return "test" if any(figures.validation_squared_error is None for figures in pair) else "validation"


def over_seeds(members: Iterable[Member], config: Config) -> list[Member]:
    """Members that differ from `config` in their seed alone, by seed."""
    wanted = config.with_values({"train.seed": 0})
    same = [m for m in members if m.config.with_values({"train.seed": 0}) == wanted]
    return sorted(same, key=lambda m: m.config.train.seed)


def same_seeds(left: Iterable[Member], right: Iterable[Member]) -> list[tuple[Member, Member]]:
    """Pairs of the members whose seed is on both sides, in the order of the left one."""
    by_seed = {m.config.train.seed: m for m in right}
    return [(m, by_seed[m.config.train.seed]) for m in left if m.config.train.seed in by_seed]


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean and range of the values that there are; None where there is none."""
    there = [v for v in values if v is not None]
    return Spread(fmean(there), min(there), max(there), len(there)) if there else None


def why_not_comparable(left: Config, right: Config) -> str:
    """Why two runs can't stand side by side, in one sentence; empty where they can."""
    if left == right:
        return "Both sides show the same run: choose two different ones."
    if left.data.name != right.data.name:
        return (
            f"These runs can't be compared: one was trained on {left.data.name}, the other on "
            f"{right.data.name}, and errors on different images mean nothing beside each other."
        )
    if left.model.latent_size != right.model.latent_size:
        return (
            f"These runs can't be compared: their codes have {left.model.latent_size} and "
            f"{right.model.latent_size} units, so counts of active units do not mean the same."
        )
    return ""


@dataclass(frozen=True)
class UnitUse:
    """The codes of N images, and how much each of the units is used in them."""

    codes: np.ndarray
    """float32 N x units."""
    use: np.ndarray
    """Share of the images for which each unit is non-zero."""
    dead: np.ndarray
    """bool, one a unit, as `aecore.analysis.sparsity.dead_units` defines it."""
    order: np.ndarray
    """Units by falling use, then by falling mean size."""


def unit_use(codes: Tensor) -> UnitUse:
    """Use, state and order of the units from the codes of at least two images."""
    import numpy as np

    from aecore.analysis.sparsity import dead_units

    values = codes.numpy()
    use = (values != 0).mean(0)
    order = np.lexsort((-np.abs(values).mean(0), -use))
    return UnitUse(values, use, dead_units(codes).numpy(), order)


def measure(run: Run, data: ImageData) -> Figures:
    """All figures of a run on the test images, and its squared error on its validation images."""
    from aecore import models
    from aecore.analysis import sparsity
    from aecore.analysis.metrics import errors_on, errors_on_test_images
    from aecore.data import unit_range

    held_out = data.split(run.config.data.validation_fraction, run.config.data.split_seed)[1]
    validation = None
    if len(held_out):
        validation = errors_on(run, data.train_images, held_out).double().mean().item()
    codes = run.encode(data.test_images)
    weights = sparsity.weight_sparsity(run.model.get_parameter(n) for n in models.weight_names(run.model))
    sample = slice(0, 1000)
    used = sparsity.used_units(unit_range(data.test_images[sample]), codes[sample], run.decode)
    return Figures(
        **vars(sparsity.code_sparsity(codes)),
        squared_error=errors_on_test_images(run, data).double().mean().item(),
        validation_squared_error=validation,
        used_units=int(used.sum()),
        column_norm=first_decoder_weight(run).double().norm(dim=0).mean().item(),
        weight_zeros=weights.exact_zeros,
        weight_near_zeros=weights.near_zeros,
    )


def pruned_errors(run: Run, data: ImageData, fractions: Sequence[float] = PRUNED) -> list[float]:
    """Squared error on the test images with that share of the smallest weights set to zero."""
    import torch
    from torch.func import functional_call

    from aecore import models
    from aecore.analysis.metrics import squared_errors
    from aecore.analysis.sparsity import error_after_pruning
    from aecore.data import unit_range

    uint8 = data.test_images
    x, normalized = unit_range(uint8), run.scaling.normalize(uint8, dtype=torch.float32)

    @torch.no_grad()
    def evaluate(weights: dict[str, Tensor]) -> float:
        output = functional_call(run.model, weights, (normalized,)).reconstruction
        return squared_errors(x, run.scaling.denormalize(output.float())).double().mean().item()

    weights = {name: run.model.get_parameter(name) for name in models.weight_names(run.model)}
    return [p.squared_error for p in error_after_pruning(weights, fractions, evaluate)]


def first_decoder_weight(run: Run) -> Tensor:
    """The decoder's first matrix, outputs x latent_size: one column a unit."""
    return next(p for p in run.model.decoder.parameters() if p.ndim == 2)
