"""Nothing by which a member is chosen reads the test images: with others in their place no choice moves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore import data, store
from aecore.analysis import selection
from aecore.analysis.comparison import Member
from aecore.config import TrainConfig
from aecore.gallery import sparsity as gallery
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.results import Figures, Score
from pages.look.sparsity import choice, sources
from pages.look.sparsity.lessons import LESSONS
from pages.shared import loading
from pages.use.denoising import ways
from tests.conftest import ROOT
from tests.engines import InProcess
from tests.samples import tiny_config

BASE = tiny_config(model__code_activation="relu", model__hidden=(16,), train__epochs=2)
GRID = Grid(BASE, {"model.latent_size": (2, 4, 12), "loss.code_l1": (0.0, 0.1), "train.seed": (0, 1)})


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return trained(tmp_path_factory)


def trained(tmp_path_factory):
    """The table of the grid, trained here."""
    path = store.create_grid(GRID, "", tmp_path_factory.mktemp("grids"))
    assert grid_worker.work(path, 1, engine=InProcess()) is not None
    return store.read_grid(path).members()


def judged(rows):
    """All by which members are chosen."""
    return [
        (c.k, c.validation, c.standard_error, c.active_units, c.parameters)
        for c in selection.candidates(GRID, rows)
    ]


def choices(rows):
    """Every choice that the Choose page makes of a table."""
    members = selection.candidates(GRID, rows)
    groups = selection.groups(members)
    through = selection.along_field(groups, GRID.members[0])
    sizes = [group.config.model.latent_size for group in through]
    front = selection.pareto_front([(c.validation, c.active_units, c.parameters) for c in members])
    proposal = selection.propose(groups)
    return {
        "proposed": proposal.chosen.best.k,
        "best": proposal.best.best.k,
        "limit": proposal.limit,
        "elbow": selection.elbow(sizes, [group.validation for group in through]),
        "front": front.tolist(),
        "importance": selection.importance(GRID, members),
    }


def test_a_training_with_other_test_images_comes_to_the_same_choices(rows, tmp_path_factory, monkeypatch):
    others = other_test_images(data.load("digits"))
    monkeypatch.setattr(data, "load", lambda name: others)
    poisoned = trained(tmp_path_factory)
    tests = [[row.result.test.squared_error for row in table] for table in (rows, poisoned)]
    assert np.all(np.array(tests[1]) > np.array(tests[0]))
    assert judged(poisoned) == judged(rows)
    assert choices(poisoned) == choices(rows)


@pytest.mark.parametrize("seed", range(5))
def test_other_test_figures_move_no_choice(rows, seed):
    random = np.random.default_rng(seed)

    def poison(row):
        code = replace(
            row.result.code, active_units=random.uniform(0, 12), dead_units=int(random.integers(12))
        )
        test = Score(*random.uniform(0, 99, 3).tolist())
        return replace(row, result=replace(row.result, test=test, code=code))

    poisoned = [poison(row) for row in rows]
    assert choices(poisoned) == choices(rows)


def other_test_images(known):
    """The same data set with noise for test images."""
    noise = torch.randint(0, 256, known.test_images.shape, generator=torch.Generator().manual_seed(1))
    return replace(known, test_images=noise.to(torch.uint8))


def paths(random):
    """Networks of the Sparsity page's two paths; their test figures are `random`'s."""
    members = []
    for penalty, strengths in (("code_l1", gallery.L1_STRENGTHS), ("code_l2", gallery.L2_STRENGTHS)):
        for seed in gallery.SEEDS:
            for i, strength in enumerate(strengths):
                figures = Figures(
                    100, 64, *random.uniform(0, 1, 4).tolist(), 9.0, 60, 4, 1.0,
                    squared_error=random.uniform(10, 30),
                    column_norm=1.0,
                    validation_squared_error=15.0 + 2 * i + 0.9 * seed * (penalty == "code_l2"),
                )  # fmt: skip
                config = gallery.config({f"loss.{penalty}": strength}, seed)
                members.append(Member(config, figures, f"grid/{len(members)}"))
    return members


@pytest.mark.parametrize("seed", range(3))
def test_the_other_side_of_a_lesson_is_matched_by_no_test_figure(seed):
    lesson = LESSONS["ReLU code"]

    def matches(members):
        return [
            [m.config for m in choice.match_seeds(lesson.right, members, first).right]
            for first in lesson.left.drawn(members)
        ]

    known, poisoned = (matches(paths(np.random.default_rng(s))) for s in (99, seed))
    assert poisoned == known
    assert all(len(pair) == 3 for pair in known)


@pytest.mark.mnist
def test_exact_codes_are_matched_by_other_images_than_those_shown(gallery_root, monkeypatch):
    key = f"{gallery.FOLDER}/0"
    known = sources.exact(key)
    poisoned = other_test_images(loading.load_data("mnist"))
    monkeypatch.setattr(loading, "images_of", lambda run: poisoned)
    sources._exact.clear()
    other = sources.exact(key)
    sources._exact.clear()
    for a, b in zip(known, other, strict=True):
        assert b.validation_errors == a.validation_errors
        assert b.errors[0] > a.errors[0]


@pytest.fixture
def gallery_root(monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(ROOT / "checkpoints"))


@pytest.mark.parametrize("fraction", [0.1, 0.0])
def test_the_classical_filter_is_chosen_without_the_test_images(monkeypatch, fraction):
    train = TrainConfig(corruption="masking", corruption_level=0.5)
    poisoned = other_test_images(data.load("digits"))
    known = ways.classical_filter("digits", train, fraction, 0)
    ways.classical_filter.clear()
    monkeypatch.setattr(loading, "load_data", lambda name: poisoned)
    other = ways.classical_filter("digits", train, fraction, 0)
    ways.classical_filter.clear()
    assert other.name == known.name
