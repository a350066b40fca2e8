"""Branches: a new run from a kept epoch of another, or from its initial weights, with other settings."""

import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from aecore import store
from aecore.data import load
from aecore.events import Request
from aecore.jobs import process, worker
from aecore.jobs.branching import (
    branch_epochs,
    create_branch,
    find_origin,
    keeps_moments,
    settings_after,
)
from aecore.jobs.replay import create_replay
from aecore.store import names
from aecore.training.single import Training
from tests.jobs.test_control import KILLED_MIDWAY, ROOT, same_weights
from tests.samples import tiny_config

CONFIG = tiny_config(train__epochs=4, train__keep_weights="powers_of_two")


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path))


def trained(root, config=CONFIG, *asked):
    path = store.create_run(config, "first", root)
    for request in asked:
        store.add_request(path, request)
    assert worker.work(path, threads=1) is not None
    return store.read_info(path)


def branch(info, epoch, **values):
    """A branch of the run in the same root, with some settings changed, not trained yet."""
    config = settings_after(info, epoch).with_values({k.replace("__", "."): v for k, v in values.items()})
    return create_branch(info, epoch, config, root=info.path.parent)


def timeless(path):
    return [replace(r, images_per_second=0.0, seconds=0.0) for r in store.read_history(path)]


def contents(path):
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


def test_a_branch_from_the_last_epoch_goes_on_as_if_it_had_been_given_more_epochs(tmp_path):
    short, long = trained(tmp_path, CONFIG.with_values({"train.epochs": 2})), trained(tmp_path / "long")
    before = contents(short.path)
    path = branch(short, 2, train__epochs=4)
    info = store.read_info(path)
    assert info.name == "first, from epoch 2"
    assert (info.origin.run, info.origin.epoch, info.origin.moments) == (short.key, 2, True)
    assert not info.has_weights
    assert timeless(path) == timeless(short.path)
    worker.work(path, threads=1)
    assert same_weights(path, long.path)
    assert timeless(path) == timeless(long.path)
    for read in (store.read_frames, store.read_looks):
        assert read(path).rows.tobytes() == read(long.path).rows.tobytes()
    assert contents(short.path) == before


def test_a_branch_from_the_initial_weights_without_a_change_is_the_same_run(tmp_path):
    info = trained(tmp_path)
    path = branch(info, 0)
    assert store.read_history(path) == []
    worker.work(path, threads=1)
    assert same_weights(path, info.path)


def test_the_very_same_initial_weights_are_there_for_another_seed(tmp_path):
    info = trained(tmp_path)
    path = branch(info, 0, train__seed=7)
    first = Training(info.config, load("digits")).member(0)
    start = store.load_start(path)
    assert all(torch.equal(start[f"model.{name}"][0], t) for name, t in first.items())
    worker.work(path, threads=1)
    assert not same_weights(path, info.path)


def test_a_branch_from_an_earlier_epoch_has_its_weights_and_new_moments(tmp_path):
    info = trained(tmp_path)
    assert branch_epochs(info) == [0, 1, 2, 4]
    assert [keeps_moments(info, epoch, CONFIG) for epoch in (2, 4)] == [False, True]
    path = branch(info, 2, train__learning_rate=3e-3, loss__code_l1=0.01, train__batch_size=32)
    kept = store.read_weights(info.path, 2)
    state = store.load_state(path)
    assert all(torch.equal(state[f"model.{name}"][0], t) for name, t in kept.items())
    assert not any(name.startswith("optimizer.") for name in state)
    assert [record.epoch for record in store.read_history(path)] == [1, 2]
    # Looks are placed by their steps, which other batches have others of.
    assert store.read_looks(path) is None
    assert store.read_frames(path).epochs.tolist() == [0, 1, 2]
    worker.work(path, threads=1)
    assert [record.epoch for record in store.read_history(path)] == [1, 2, 3, 4]
    by_hand = Training(store.read_info(path).config, load("digits"))
    by_hand.model.load_state_dict(kept)
    by_hand.epoch = 2
    list(by_hand)
    after = store.read_weights(path)
    assert all(torch.equal(after[name], t) for name, t in by_hand.member(0).items())


def test_a_killed_branch_and_its_replay_have_the_bits_of_one_that_was_not(tmp_path):
    info = trained(tmp_path)
    whole, broken = (branch(info, 1, train__learning_rate=2e-3) for _ in range(2))
    store.delete_run(info.path)
    store.add_request(whole, Request("change", {"loss.code_l1": 0.02}))
    worker.work(whole, threads=1)
    (event,) = store.read_events(whole)
    store.append_event(broken, event)
    # Before its first save there is nothing but what it began with; then in the middle of a later epoch.
    for place in ("(1, 40)", "(2, 30)"):
        midway = KILLED_MIDWAY.replace("(1, 40)", place)
        killed = subprocess.run([sys.executable, "-c", midway, str(broken)], cwd=ROOT, check=False)
        assert killed.returncode == -signal.SIGKILL
    worker.work(broken, threads=1)
    assert same_weights(broken, whole)
    again = create_replay(whole, root=tmp_path / "again")
    worker.work(again, threads=1)
    assert same_weights(again, whole)
    assert timeless(again) == timeless(whole)


def test_a_branch_of_a_branch_starts_where_that_began(tmp_path):
    info = trained(tmp_path)
    first = store.read_info(branch(info, 2))
    assert branch_epochs(first) == [2]
    worker.work(first.path, threads=1)
    first = store.read_info(first.path)
    assert branch_epochs(first) == [2, 4]
    path = branch(first, 2, loss__code_l2=0.1)
    assert store.read_info(path).name == "first, from epoch 2, from epoch 2"
    start = store.load_start(path)
    kept = store.read_weights(info.path, 2)
    assert all(torch.equal(start[f"model.{name}"][0], t) for name, t in kept.items())


def test_its_settings_are_those_in_force_at_the_epoch(tmp_path):
    info = trained(tmp_path, CONFIG, Request("change", {"train.learning_rate": 2e-4}))
    assert settings_after(info, 0) == CONFIG
    assert settings_after(info, 1) == CONFIG.with_values({"train.learning_rate": 2e-4})
    assert store.read_events(branch(info, 1)) == []


def test_another_optimizer_begins_with_its_own_moments(tmp_path):
    info = trained(tmp_path)
    path = branch(info, 4, train__optimizer="sgd", train__epochs=5)
    assert not store.read_info(path).origin.moments
    assert worker.work(path, threads=1) is not None


def test_a_run_that_stands_in_the_middle_of_an_epoch_offers_only_whole_ones(tmp_path, monkeypatch):
    path, update = store.create_run(CONFIG, "stopped", tmp_path), process.Reporter.update
    monkeypatch.setattr(
        process.Reporter,
        "update",
        lambda self, **values: update(self, **values) or (values.get("epoch"), values.get("step")) == (1, 5),
    )
    assert worker.work(path, threads=1) is None
    assert store.load_state(path)["position"].tolist() == [1, 5]
    info = store.read_info(path)
    assert branch_epochs(info) == [0, 1]
    assert not keeps_moments(info, 1, CONFIG)


@pytest.mark.parametrize(
    ("epoch", "values", "says"),
    [
        (2, {"model__latent_size": 5}, "which another model.latent_size changes"),
        (2, {"model__hidden": (9,)}, "which another model.hidden changes"),
        (2, {"data__name": "sprites"}, "which another data.name changes"),
        (0, {"model__init": "he"}, "model.init does nothing in a branch"),
        (2, {"train__epochs": 2}, "train.epochs must be above 2, the epoch that the branch begins after"),
        (3, {}, "first has no weights of epoch 3: there are those of 0, 1, 2, 4"),
    ],
)
def test_what_can_not_be_is_one_sentence_and_leaves_no_folder(tmp_path, epoch, values, says):
    info = trained(tmp_path)
    with pytest.raises(ValueError, match=says):
        branch(info, epoch, **values)
    assert [run.name for run in store.list_runs(tmp_path)] == ["first"]


def test_an_origin_that_is_gone_or_another_run_by_now_is_not_found(tmp_path):
    info = trained(tmp_path)
    origin = store.read_info(branch(info, 1)).origin
    assert find_origin(origin, tmp_path).path == info.path
    values = (info.path / names.CONFIG).read_text().replace('"seed": 0', '"seed": 5')
    (info.path / names.CONFIG).write_text(values)
    assert find_origin(origin, tmp_path) is None
    store.delete_run(info.path)
    assert find_origin(origin, tmp_path) is None


def test_a_run_without_its_state_offers_its_last_weights(tmp_path):
    info = trained(tmp_path, CONFIG.with_values({"train.keep_weights": "none"}))
    (info.path / names.OPTIMIZER).unlink()
    assert branch_epochs(info) == [0, 4]
    path = branch(info, 4, train__epochs=5)
    assert not store.read_info(path).origin.moments
    assert worker.work(path, threads=1).epochs == 5
