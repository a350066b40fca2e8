"""What is shipped of a grid is what a look needs, and it scores as the original did."""

import pytest

from aecore import data, store
from aecore.analysis import metrics
from aecore.gallery import shipping
from aecore.grid import Grid
from aecore.jobs.grid_worker import work
from aecore.store import names
from tests.samples import tiny_config


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    grid = Grid(tiny_config(data__name="digits", train__epochs=1), {"model.latent_size": (2, 3)})
    path = store.create_grid(grid, "ours", tmp_path / "trained")
    work(path, threads=1)
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
        assert after == pytest.approx(before, rel=shipping.ALLOWED_CHANGE)
        assert after != before


def test_a_change_that_is_too_large_is_refused(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "ALLOWED_CHANGE", 0.0)
    with pytest.raises(ValueError, match="half precision changes the squared error"):
        shipping.ship_grid(trained, tmp_path / "shipped")


def test_units_counted_with_shipped_weights_are_those_counted_at_the_trainings_end(trained, tmp_path):
    target = tmp_path / "shipped" / trained.name
    shipping.ship_grid(trained, target)
    at_the_end = store.read_grid(target).members()
    shipping.measure_validation_codes(target)
    info = store.read_grid(target)
    assert info.members() == [info.member_row(k) for k in (0, 1)]
    for row, before in zip(info.members(), at_the_end, strict=True):
        ours, theirs = row.result.validation_code.to_dict(), before.result.validation_code.to_dict()
        assert ours == pytest.approx(theirs, rel=1e-2)
        assert ours["images"] == round(len(data.load("digits").train_images) / 12)
        assert row.result.test == before.result.test
