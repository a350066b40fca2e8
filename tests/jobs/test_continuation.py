"""A member trained further goes on as if its training had been longer from the start."""

import pytest
import torch

from aecore import store
from aecore.config import Config
from aecore.data import load
from aecore.files import StoreError
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.jobs.continuation import continue_member
from aecore.store import names
from aecore.training.single import train
from tests.engines import InProcess

BASE = Config().with_values(
    {
        "data.name": "digits",
        "model.hidden": (12,),
        "train.epochs": 2,
        "train.batch_size": 200,
        "train.precision": "float64",
    }
)


def trained(grid, root):
    path = store.create_grid(grid, "", root)
    grid_worker.work(path, 1, engine=InProcess())
    return path


def weights_after(config, state=None):
    training = train(config, load(config.data.name), state=state)
    for _ in training:
        pass
    return training.model.state_dict()


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_a_stacked_padded_member_goes_on_as_a_longer_run_alone(tmp_path, optimizer):
    # Two rates are two optimizers within the stack, and three sizes are padded to the largest.
    axes = {"model.latent_size": (2, 5, 3), "train.learning_rate": (1e-3, 3e-3), "train.seed": (0, 1)}
    grid = Grid(BASE.with_values({"train.optimizer": optimizer, "loss.code_l1": 1e-3}), axes)
    path = trained(grid, tmp_path)
    assert all(len(members) > 1 for members in store.read_stacks(path))
    for k in (0, 5, 11):
        run = continue_member(path, k, 2)
        config = store.read_info(run).config
        assert config == grid.members[k].with_values({"train.epochs": 4})
        found = weights_after(config, store.load_state(run))
        for name, expected in weights_after(config).items():
            assert found[name].dtype == torch.float64
            torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-9)
        store.delete_run(run)


def test_a_member_that_was_trained_alone_goes_on_too(tmp_path):
    base = BASE.with_values({"model.code_activation": "soft_threshold", "model.latent_size": 4})
    path = trained(Grid(base, {"model.threshold": (0.5, 1.0)}), tmp_path)
    run = continue_member(path, 1, 1)
    config = store.read_info(run).config
    for name, expected in weights_after(config).items():
        found = weights_after(config, store.load_state(run))[name]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_the_run_brings_its_history_and_can_be_listed(tmp_path):
    path = trained(Grid(BASE, {"model.latent_size": (2, 4)}), tmp_path)
    run = continue_member(path, 1, 3, "longer")
    info = store.read_info(run)
    assert (info.name, info.config.train.epochs, info.result) == ("longer", 5, None)
    assert [record.epoch for record in store.read_history(run)] == [1, 2]
    assert run in [r.path for r in store.list_runs(tmp_path)]


def test_what_cannot_go_on_is_said_in_one_sentence(tmp_path):
    path = trained(Grid(BASE, {"model.latent_size": (2, 4)}), tmp_path)
    with pytest.raises(StoreError, match="no member 2"):
        continue_member(path, 2, 1)
    with pytest.raises(StoreError, match="at least 1, not 0"):
        continue_member(path, 0, 0)
    (store.stack_path(path, 0) / names.OPTIMIZER).unlink()
    with pytest.raises(StoreError, match="no optimizer state"):
        continue_member(path, 0, 1)
    assert not list(store.list_runs(tmp_path)), "nothing was made"
