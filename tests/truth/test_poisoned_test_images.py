"""Nothing by which a member is chosen reads the test images: with others in their place no choice moves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore import data, store
from aecore.analysis import selection
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.results import Score
from tests.engines import InProcess
from tests.samples import tiny_config

BASE = tiny_config(model__code_activation="relu", model__hidden=(16,), train__epochs=2)
GRID = Grid(BASE, {"model.latent_size": (2, 4, 12), "loss.code_l1": (0.0, 0.1), "train.seed": (0, 1)})


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return trained(tmp_path_factory)


def trained(tmp_path_factory):
    """The table of the grid, trained here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("locks")))
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
    digits = data.load("digits")
    noise = torch.randint(0, 256, digits.test_images.shape, generator=torch.Generator().manual_seed(1))
    others = replace(digits, test_images=noise.to(torch.uint8))
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
