"""What is shipped of a grid is what a look needs, and it scores as the original did."""

from pathlib import Path

import pytest

from aecore import data, store
from aecore.analysis import metrics
from aecore.gallery import rounding, shipping, sparsity
from aecore.grid import Grid
from aecore.jobs.grid_worker import work
from aecore.store import names
from tests.engines import InProcess
from tests.samples import tiny_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a trained grid, which tests only read."""
    grid = Grid(tiny_config(data__name="digits", train__epochs=1), {"model.latent_size": (2, 3)})
    path = store.create_grid(grid, "ours", tmp_path_factory.mktemp("trained"))
    work(path, threads=1, engine=InProcess())
    return path


def test_a_shipped_grid_holds_no_optimizer_and_loads_with_the_same_error(trained, tmp_path):
    target = tmp_path / "shipped" / trained.name
    shipping.ship_grid(trained, target)
    found = {file.name for file in target.rglob("*") if file.is_file()}
    assert names.OPTIMIZER not in found
    assert names.PROGRESS not in found
    info = store.read_grid(target)
    assert [row.k for row in info.members()] == [0, 1]
    digits = data.load("digits")
    for k in (0, 1):
        before = metrics.evaluate(store.load_run(trained / str(k)), digits).squared_error
        after = metrics.evaluate(store.load_run(target / str(k)), digits).squared_error
        assert after == pytest.approx(before, rel=rounding.ALLOWED_CHANGE)
        assert after != before
        result = store.read_result(target / str(k))
        assert result.test.squared_error == pytest.approx(before)
        assert result.stored_squared_error == pytest.approx(after)
        assert info.members()[k].result == result


def test_a_change_that_is_too_large_is_refused(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(rounding, "ALLOWED_CHANGE", 0.0)
    with pytest.raises(ValueError, match="rounding changes the squared error"):
        shipping.ship_grid(trained, tmp_path / "shipped")


def test_the_shipped_table_holds_every_network_of_the_sparsity_page_and_the_weights_of_one_seed():
    members = sparsity.read_members(ROOT / "checkpoints" / sparsity.FOLDER)
    assert [m.config for m in members] == [sparsity.config(*network) for network in sparsity.networks()]
    shipped = {m.config for m in members if m.key is not None}
    assert shipped == {sparsity.config(values, 0) for values in sparsity.MEMBERS}


def test_what_is_made_oldest_is_last_in_the_list(tmp_path):
    folders = [store.create_run(tiny_config(train__seed=seed), f"run {seed}", tmp_path) for seed in range(3)]
    shipping.make_oldest(folders[2], [*folders[:2], tmp_path / "not there"])
    assert [info.name for info in store.list_runs(tmp_path)][-1] == "run 2"
    assert store.read_info(folders[2]).config == tiny_config(train__seed=2)
    alone = store.read_info(folders[0]).created
    shipping.make_oldest(folders[0], [])
    assert store.read_info(folders[0]).created == alone
