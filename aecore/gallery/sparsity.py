"""The networks of the Sparsity page: paths of strengths for L1 and L2, and one lesson beside another.

`MEMBERS` are shipped with weights, for one seed, as one grid folder; of `FIGURES_ONLY`, and of everything
at the further seeds, only figures are kept, in a table in that folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore import store
from aecore.analysis import comparison
from aecore.analysis.comparison import Member
from aecore.config import Config
from aecore.gallery import shipped, shipping
from aecore.gallery.rounding import round_weights
from aecore.grid import Grid
from aecore.presets import PRESETS
from aecore.results import FigureRow, Figures, FigureTable, GridResult

if TYPE_CHECKING:
    from aecore.data import ImageData

FOLDER = "grid-mnist-dictionary-a04b9ba5"
"""Kept as it is: links name it."""
NAME = "Sparsity: L1 and L2 on MNIST"
SEEDS = (0, 1, 2)

BASE = PRESETS["dictionary"].with_values({"loss.code_l1": 0.0})
"""ReLU code, one linear decoder layer whose columns have norm 1, no penalty."""

L1_STRENGTHS = (3e-4, 6e-4, 1e-3, 1.7e-3, 3e-3, 4e-3)
L2_STRENGTHS = (1.5e-4, 3e-4, 6e-4, 1e-3, 1.7e-3, 2.8e-3)
"""Chosen so that the two paths go through the same squared errors."""

KEPT = (5, 10, 20)
"""Units kept by TopK."""
THRESHOLDS = (0.5, 1.0, 1.5)

LINEAR = {"model.code_activation": "linear"}
FREE = {"model.unit_norm": False}
LONGER = {"train.epochs": 6}
WARM_UP = LONGER | {"loss.warmup_delay": 1.0, "loss.warmup_epochs": 2.0}
WHOLE_BATCH = {"loss.code_whole_batch_norm": 1e-3}
LARGE_BATCH = {"train.batch_size": 512, "train.epochs": 16}
"""Four times the batch and four times the epochs: as many updates."""
DEEP = {"model.family": "mlp", "model.output_activation": "tanh"}
POST = {
    "model.family": "mlp",
    "model.latent_size": 12,
    "model.code_activation": "linear",
    "model.output_activation": "tanh",
}
"""The post's network, on which the penalties on weights are compared."""
ADAMW = {"train.optimizer": "adamw"}


HARD = DEEP | LONGER
"""What TopK and BatchNorm with a threshold are compared on: the post's deep decoder and 6 epochs. BatchNorm
fixes the scale of a unit, which atoms of norm 1 can't make up for."""


def threshold(t: float) -> dict[str, Any]:
    """BatchNorm and soft threshold."""
    return {"model.code_activation": "soft_threshold", "model.threshold": t}


def top_k(k: int) -> dict[str, Any]:
    return {"model.code_activation": "top_k", "model.top_k": k}


MEMBERS: list[dict[str, Any]] = [
    {"loss.code_l1": 0.0},
    *({"loss.code_l1": s} for s in L1_STRENGTHS[1:]),
    *({"loss.code_l2": s} for s in L2_STRENGTHS[1:]),
    HARD | top_k(10),
    HARD | threshold(1.5),
    LINEAR | {"loss.code_l1": 3e-3},
    LINEAR | {"loss.code_l2": 3e-3},
    FREE | {"loss.code_l1": 3e-3},
    FREE | {"loss.code_l2": 2e-3},
    LONGER | {"loss.code_l1": 3e-3},
    WARM_UP | {"loss.code_l1": 3e-3},
    WHOLE_BATCH,
    WHOLE_BATCH | LARGE_BATCH,
    POST,
    *(POST | {"loss.weight_l1": t} for t in (1e-5, 5e-5)),
    *(POST | ADAMW | {"train.weight_decay": d} for d in (0.1, 1.0)),
]
"""Each by the fields in which it differs from `BASE`."""

FIGURES_ONLY: list[dict[str, Any]] = [
    {"loss.code_l1": L1_STRENGTHS[0]},
    {"loss.code_l2": L2_STRENGTHS[0]},
    LARGE_BATCH,
    *({"loss.code_l2": s} for s in (1.4e-3, 2e-3, 2.3e-3, 3.3e-3)),
    *(top_k(k) for k in KEPT),
    *(HARD | top_k(k) for k in KEPT if k != 10),
    *(HARD | threshold(t) for t in THRESHOLDS if t != 1.5),
]
"""Further points of the trade-off and of L2's path, so that each seed finds its match, and what the size of
a batch does without a penalty."""


def networks() -> list[tuple[dict[str, Any], int]]:
    """Every network whose figures are shown: its difference from `BASE`, and its seed."""
    return [(values, seed) for seed in SEEDS for values in (*MEMBERS, *FIGURES_ONLY)]


def config(values: Mapping[str, Any], seed: int) -> Config:
    return BASE.with_values({**values, "train.seed": seed})


def train(root: Path, threads: int | None = None) -> Path:
    """Trains every network and ships them into `root`; returns the grid's folder."""
    from aecore.jobs import grid_worker

    everything = Grid(BASE, listed=[values | {"train.seed": seed} for values, seed in networks()])
    with tempfile.TemporaryDirectory() as folder:
        draft = store.create_grid(everything, NAME, Path(folder))
        grid_worker.work(draft, threads)
        return ship({c: draft / str(k) for k, c in enumerate(everything.members)}, root)


def ship(trained: Mapping[Config, Path], root: Path) -> Path:
    """Makes the shipped grid folder under `root` from finished run folders by config.

    Weights go rounded, and figures are measured with what is shipped, but for the weights' own, which
    rounding would change. Networks that `trained` does not hold are left out of the table of figures; of
    `MEMBERS` each is needed (KeyError).
    """
    from aecore import data

    images = data.load(BASE.data.name)
    grid = Grid(BASE, listed=MEMBERS)
    with tempfile.TemporaryDirectory(dir=root, prefix=".") as folder:
        draft = store.create_grid(grid, NAME, Path(folder))
        info = store.read_grid(draft)
        for number, member in enumerate(grid.members):
            store.copy_for_looking(trained[member], info.member_path(number), rows=False)
            round_weights(info.member_path(number), _shows_weights(member))
        numbers = {member: k for k, member in enumerate(grid.members)}
        table = []
        for values, seed in networks():
            if (wanted := config(values, seed)) in trained:
                k = numbers.get(wanted)
                figures = comparison.measure(store.load_run(trained[wanted]), images)
                if k is not None:
                    figures = _measured_again(info.member_path(k), figures, images)
                table.append(FigureRow(values, seed, k, figures))
        rows = tuple(info.members())
        seconds = sum(row.result.seconds for row in rows if row.result is not None)
        store.write_result(draft, GridResult(rows, seconds))
        store.write_figures(draft, FigureTable(tuple(table)))
        target = root / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    shipping.make_oldest(target, [root / shipped.UNITS.folder])
    return target


def round_shipped(root: Path) -> None:
    """Rounds the weights of the folder under `root`, and measures its table's figures again with them."""
    from aecore import data

    path, images = root / FOLDER, data.load(BASE.data.name)
    info = store.read_grid(path)
    for k, member in enumerate(info.grid.members):
        if _shows_weights(member) and not store.is_packed(info.member_path(k)):
            round_weights(info.member_path(k), fine=True)
    shipping.round_grid(path)
    rows = [
        row
        if row.k is None
        else replace(row, figures=_measured_again(info.member_path(row.k), row.figures, images))
        for row in store.read_figures(path).members
    ]
    store.write_figures(path, FigureTable(tuple(rows)))


def _shows_weights(member: Config) -> bool:
    """Whether the network is one of those whose weights the page counts and prunes."""
    return all(member.get(field) == value for field, value in POST.items())


def _measured_again(path: Path, figures: Figures, images: ImageData) -> Figures:
    """The figures with the weights as they are shipped, but for those of the weights themselves."""
    return replace(
        comparison.measure(store.load_run(path), images),
        weight_zeros=figures.weight_zeros,
        weight_near_zeros=figures.weight_near_zeros,
    )


def read_members(folder: str | Path) -> list[Member]:
    """Every network of the table in `folder`; StoreError in one sentence where it can't be used."""
    folder = Path(folder)
    try:
        return [
            Member(
                config(row.values, row.seed),
                row.figures,
                None if row.k is None else f"{folder.name}/{row.k}",
            )
            for row in store.read_figures(folder).members
        ]
    except (TypeError, ValueError) as error:
        raise store.StoreError(f"the table of figures can't be used: {error}") from error
