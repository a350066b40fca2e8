"""The shipped experiments are the grids that they are made from, finished, and small."""

import pytest

from aecore import store
from aecore.gallery import experiments, shipped
from tests.conftest import ROOT


@pytest.mark.parametrize("experiment", experiments.ALL, ids=lambda e: e.folder)
def test_what_is_shipped_is_what_the_code_says(experiment):
    info = store.read_grid(ROOT / "checkpoints" / experiment.folder)
    assert info.grid == experiment.grid
    rows = info.members()
    assert [row.k for row in rows] == list(range(len(experiment.grid.members)))
    assert all(row.result is not None and row.validation for row in rows)
    assert store.has_probe(info.path)


def test_each_differs_in_its_own_settings_alone():
    for experiment in experiments.ALL:
        fields = set(experiment.grid.axes)
        for config in experiment.grid.members:
            back = {field: experiment.grid.base.get(field) for field in fields}
            assert config.with_values(back) == experiment.grid.base


def test_they_are_older_than_the_grid_that_choose_opens_on():
    """A whole `make gallery` trains them first."""
    assert [g.folder for g in shipped.GRIDS[: len(experiments.ALL)]] == [e.folder for e in experiments.ALL]
    root = ROOT / "checkpoints"
    last = store.read_grid(root / shipped.UNITS.folder).created
    assert all(store.read_grid(root / e.folder).created < last for e in experiments.ALL)
