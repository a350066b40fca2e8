"""L1 against L2 on MNIST: what each leaves at exactly zero, at the same squared error.

Trains the networks of the Sparsity page that its claims rest on (see `aecore.gallery.sparsity`) and
scores them on the test images. For each seed the L2 dictionary whose squared error on validation images is
nearest to the L1 dictionary's is its match. Figures are means over seeds (`--quick` takes one), with the
least and largest squared error; each row says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from aecore import store
from aecore.analysis import comparison
from aecore.config import Config
from aecore.data import ImageData, load
from aecore.gallery import sparsity as gallery
from aecore.results import Figures
from aecore.store.run import Run
from aecore.training.single import Training

L1 = {"loss.code_l1": 3e-3}
L2_STRENGTHS = (1.4e-3, 1.7e-3, 2e-3, 2.3e-3)


def run(quick: bool = False, runs: Path | None = None) -> list[dict[str, Any]]:
    """One row for each set-up. `quick` takes one seed; finished runs under `runs` are not trained again."""
    data = load(gallery.BASE.data.name)
    there = {i.config: i.path for i in store.list_runs(runs) if i.result} if runs else {}
    seeds = gallery.SEEDS[:1] if quick else gallery.SEEDS

    def over_seeds(values: dict[str, Any]) -> list[Figures]:
        return [_figures(gallery.config(values, seed), data, there) for seed in seeds]

    l1 = over_seeds(L1)
    candidates = [over_seeds({"loss.code_l2": strength}) for strength in L2_STRENGTHS]
    matched, note = _match(l1, candidates)
    plain = over_seeds(gallery.POST)
    pruned = over_seeds(gallery.POST | {"loss.weight_l1": 5e-5})
    rise = fmean(p.squared_error for p in pruned) - fmean(p.squared_error for p in plain)
    return [
        _row("dictionary, ReLU code", "L1 3e-3", l1),
        _row("dictionary, ReLU code", "L2, matched", matched, note),
        _row("dictionary, linear code", "L1 3e-3", over_seeds(gallery.LINEAR | L1)),
        _row("dictionary, linear code", "L2 3e-3", over_seeds(gallery.LINEAR | {"loss.code_l2": 3e-3})),
        _row("dictionary, ReLU code, 6 epochs", "L1 3e-3", over_seeds(gallery.LONGER | L1)),
        _row("dictionary, ReLU code, 6 epochs", "L1 3e-3 after a warm-up", over_seeds(gallery.WARM_UP | L1)),
        _row("TopK, k = 10, deep decoder, 6 epochs", "none", over_seeds(gallery.HARD | gallery.top_k(10))),
        _row(
            "BatchNorm, threshold 1.5, deep decoder, 6 epochs",
            "none",
            over_seeds(gallery.HARD | gallery.threshold(1.5)),
        ),
        _row("the post's network", "none", plain),
        _row("the post's network", "weights: proximal L1 5e-5", pruned, f"squared error {rise:+.2f}"),
    ]


def _match(l1: Sequence[Figures], candidates: Sequence[Sequence[Figures]]) -> tuple[list[Figures], str]:
    """For each seed the candidate nearest in validation error, and what the comparison gives."""
    chosen, differences, ratios = [], [], []
    for i, figures in enumerate(l1):
        others = [path[i] for path in candidates]
        match = comparison.match(figures, others)
        chosen.append(others[match.index])
        differences.append(abs(others[match.index].squared_error / figures.squared_error - 1))
        ratios.append(others[match.index].active_units / figures.active_units)
    note = (
        f"{min(ratios):.1f} to {max(ratios):.1f} x L1's active units, matched within {max(differences):.1%}"
    )
    return chosen, note


def _row(setup: str, penalty: str, figures: Sequence[Figures], note: str = "") -> dict[str, Any]:
    def mean(value: Callable[[Figures], float]) -> float:
        return fmean(map(value, figures))

    errors = [f.squared_error for f in figures]
    return {
        "set-up": setup,
        "seeds": len(figures),
        "penalty": penalty,
        "squared error": mean(lambda f: f.squared_error),
        "range": f"{min(errors):.1f} to {max(errors):.1f}",
        "exact zeros": mean(lambda f: f.exact_zeros),
        "zeros of units that fire": mean(lambda f: f.exact_zeros_alive or 0.0),
        "active units": mean(lambda f: f.active_units),
        "of": figures[0].units,
        "dead units": mean(lambda f: f.dead_units),
        "most dead": max(f.dead_units for f in figures),
        "weights exactly 0": mean(lambda f: f.weight_zeros or 0.0),
        "note": note,
    }


def _figures(config: Config, data: ImageData, there: dict[Config, Path]) -> Figures:
    if config in there:
        return comparison.measure(store.load_run(there[config]), data)
    training = Training(config, data)
    for _ in training:
        pass
    model = training.model.cpu().eval().requires_grad_(False)
    run = Run(Path(), "", config, data.shape, training.images.scaling, model)
    return comparison.measure(run, data)
