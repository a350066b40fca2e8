"""The shipped variational networks are those that the code names, good, small, and never opened unasked."""

import pytest

from aecore import store
from aecore.gallery import shipped, variational
from tests.conftest import ROOT

CHECKPOINTS = ROOT / "checkpoints"
RUN, BETAS = CHECKPOINTS / variational.RUN.folder, CHECKPOINTS / variational.BETAS.folder


def test_what_is_shipped_is_what_the_code_says():
    info, grid = store.read_info(RUN), store.read_grid(BETAS)
    assert info.config == variational.RUN.config
    assert grid.grid == variational.BETAS.grid
    assert all(row.result is not None and row.result.test.bound is not None for row in grid.members())


def test_the_long_recipe_comes_below_a_hundred_nats():
    bound = store.read_info(RUN).result.test.bound
    assert -bound.elbo <= 100
    assert -bound.elbo == pytest.approx(bound.reconstruction + bound.kl)


def test_along_beta_the_divergence_falls_and_the_error_rises():
    tests = [row.result.test for row in store.read_grid(BETAS).members()]
    assert [row.axes["loss.beta"] for row in store.read_grid(BETAS).members()] == [0, 0.1, 0.3, 1, 2, 4, 10]
    assert [t.kl for t in tests] == sorted((t.kl for t in tests), reverse=True)
    assert [t.squared_error for t in tests[2:]] == sorted(t.squared_error for t in tests[2:])
    # The bound itself is best where it is what is trained for.
    assert max(tests, key=lambda t: t.elbo) == tests[3]


@pytest.mark.parametrize(("folder", "megabytes"), [(RUN, 2.5), (BETAS, 3.0)])
def test_they_are_small(folder, megabytes):
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < megabytes * 1e6


def test_the_app_opens_on_others():
    runs = [info.path.name for info in store.list_runs(CHECKPOINTS)]
    assert runs.index(variational.RUN.folder) > max(runs.index(run.folder) for run in shipped.RUNS)
    grids = [info.path.name for info in store.list_grids(CHECKPOINTS)]
    assert grids.index(variational.BETAS.folder) > max(grids.index(grid.folder) for grid in shipped.GRIDS)
