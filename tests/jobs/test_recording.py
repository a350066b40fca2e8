"""One path from a step to a file: lone, stacked or alone in a grid, and killed between two files."""

import pytest
import torch

from aecore import store
from aecore.analysis.selection import candidates, groups, propose
from aecore.data import load
from aecore.grid import Grid
from aecore.jobs import grid_worker, worker
from aecore.jobs.recording import Recording, updates
from aecore.store import names
from tests.engines import InProcess
from tests.samples import tiny_config

CONFIG = tiny_config(train__epochs=2, train__precision="float64")


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path))


def lone(root, config=CONFIG):
    path = store.create_run(config, "", root)
    assert worker.work(path, threads=1) is not None
    return path


def grid_of(root, stacks, seeds=(0, 1)):
    path = store.create_grid(Grid(CONFIG, {"train.seed": seeds}), "", root)
    store.write_stacks(path, stacks)
    assert grid_worker.work(path, 1, engine=InProcess()) is not None
    return path


def test_a_lone_run_and_a_grids_member_leave_the_same_records(tmp_path):
    run, alone, stacked = (
        lone(tmp_path),
        grid_of(tmp_path, [[0], [1]]) / "0",
        grid_of(tmp_path, [[0, 1]]) / "0",
    )
    results = [store.read_result(path).to_dict() for path in (run, alone, stacked)]
    histories = [[record.to_dict() for record in store.read_history(path)] for path in (run, alone, stacked)]
    assert results[0].keys() == results[1].keys() == results[2].keys()
    for result, history in zip(results[1:], histories[1:], strict=True):
        for name in ("test", "validation", "code"):
            assert result[name] == pytest.approx(results[0][name], rel=1e-9), name
        assert result["validation_standard_error"] == pytest.approx(
            results[0]["validation_standard_error"], rel=1e-9
        )
        for ours, theirs in zip(history, histories[0], strict=True):
            assert ours.keys() == theirs.keys()
            assert ours["train"] == pytest.approx(theirs["train"], rel=1e-9)
    pictures = [store.read_pictures(path) for path in (run, alone, stacked)]
    for other in pictures[1:]:
        assert other["reconstruction"].equal(pictures[0]["reconstruction"])


def test_states_have_one_layout(tmp_path):
    data = load("digits")
    one, two = (
        list(updates(configs, data))[-1].state
        for configs in ([CONFIG], [CONFIG, CONFIG.with_values({"train.seed": 1})])
    )
    assert one.keys() == two.keys()
    for name in one.keys() - {"position", "seconds"}:
        assert one[name].shape == (1, *two[name].shape[1:]), name
        assert len(two[name]) == 2, name


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_kill_between_state_and_weights_of_the_last_epoch_scores_the_states_weights(tmp_path, epochs):
    config = CONFIG.with_values({"train.epochs": epochs})
    expected = lone(tmp_path / "whole", config)
    path = store.create_run(config, "", tmp_path)
    data = load("digits")
    recording = Recording.of_run(path, data)
    for update in updates(recording.configs, data, recording.resume()):
        if int(update.state["position"][0]) < epochs:
            recording.take(update)
            continue
        # What a kill leaves: the last epoch's record and state are there, its weights are not.
        store.append_history(path, update.records[0])
        store.save_state(path, update.state)
        break
    assert store.has_weights(path) == (epochs > 1)
    assert worker.work(path, threads=1) is not None
    ours, theirs = store.load_run(path), store.load_run(expected)
    for name, tensor in theirs.model.state_dict().items():
        assert torch.equal(ours.model.state_dict()[name], tensor)
    assert ours.result.test == theirs.result.test
    assert [record.epoch for record in ours.history] == list(range(1, epochs + 1))


def test_a_run_that_diverged_says_so_again_and_has_no_weights_to_offer(tmp_path):
    config = tiny_config(train__optimizer="sgd", train__learning_rate=1e6, model__output_activation="linear")
    path = store.create_run(config, "", tmp_path)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"no longer finite in epoch 1 .* no weights are kept"):
            worker.work(path, threads=1)
    assert not store.has_weights(path)
    assert store.read_progress(path).status == "failed"
    assert not (path / names.RESULT).exists()


def test_a_newly_trained_grid_of_one_seed_proposes(tmp_path):
    path = store.create_grid(Grid(tiny_config(), {"model.latent_size": [1, 2, 3]}), "", tmp_path)
    grid_worker.work(path, 1, engine=InProcess())
    info = store.read_grid(path)
    found = propose(groups(candidates(info.grid, info.members())))
    assert found is not None
    assert not found.over_seeds
    best = min(info.members(), key=lambda row: row.validation["squared_error"])
    error = best.result.validation_standard_error
    assert error > 0
    assert found.limit == pytest.approx(best.validation["squared_error"] + error)
