"""What a run notes of its layers and keeps of every epoch, however often it was stopped or killed."""

import numpy as np
import pytest
import torch

from aecore import models, store
from aecore.analysis.probe import probe_index
from aecore.data import load, to_uint8
from aecore.files import StoreError
from aecore.jobs import worker
from aecore.jobs.continuation import continue_member
from aecore.jobs.recording import Recording, noted_bytes, updates
from aecore.presets import PRESETS
from aecore.store import names
from tests.jobs.test_recording import grid_of, lone
from tests.samples import tiny_config, tiny_data

CONFIG = tiny_config(train__epochs=4, train__batch_size=128, train__keep_weights="powers_of_two")


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_LOCKS", str(tmp_path))


def notes(path):
    return [(path / name).read_bytes() for name in (names.LOOKS, names.FRAMES)]


def test_frames_are_what_the_run_makes_of_the_images_at_each_epoch(tmp_path):
    path = lone(tmp_path, CONFIG.with_values({"train.keep_weights": "all"}))
    data, frames = load("digits"), store.read_frames(path)
    assert frames.epochs.tolist() == [0, 1, 2, 3, 4]
    images = data.test_images[probe_index(data)]
    assert store.kept_epochs(path) == [1, 2, 3, 4]
    for epoch in (0, 1, 3, 4):
        if epoch:
            run = store.load_run(path, epoch)
            assert [record.epoch for record in run.history] == list(range(1, epoch + 1))
            assert run.result is None
            model = run.model
        else:
            model = models.build(CONFIG.model, data.shape, CONFIG.train.seed)
            run = store.load_run(path)
            run.model.load_state_dict(model.state_dict())
        row = frames.rows[epoch]
        difference = row["reconstructions"].astype(int) - to_uint8(run.reconstruct(images))
        assert np.abs(difference).max() <= 1
        codes = run.encode(torch.cat([images, data.test_images[: frames.header.codes - 10]]))
        np.testing.assert_allclose(row["codes"].astype(np.float32), codes, rtol=1e-3, atol=1e-4)
        weights = model.encoder[1].weight.detach().numpy().reshape(frames.header.filters, *data.shape)
        step = np.abs(weights).max() / 127
        np.testing.assert_allclose(frames.filters(epoch), weights, atol=step)
    last = store.load_run(path).model.state_dict()
    for name, tensor in store.load_run(path, 4).model.state_dict().items():
        assert torch.equal(tensor, last[name])


def test_weights_of_an_epoch_that_were_not_kept_are_refused_in_one_sentence(tmp_path):
    path = lone(tmp_path, CONFIG)
    assert store.kept_epochs(path) == [1, 2, 4]
    with pytest.raises(StoreError, match=r"has no weights of epoch 3: kept are 1, 2, 4"):
        store.load_run(path, 3)
    plain = lone(tmp_path, CONFIG.with_values({"train.keep_weights": "none"}))
    with pytest.raises(StoreError, match="none were"):
        store.load_run(plain, 1)


@pytest.mark.parametrize("stops", [(7,), (3, 13, 26)], ids=str)
def test_a_stopped_run_has_the_notes_of_one_that_was_never_stopped(tmp_path, stops):
    expected = lone(tmp_path / "whole", CONFIG)
    path, data = store.create_run(CONFIG, "", tmp_path), load("digits")
    for stop in (*stops, 10**9):
        recording = Recording.of_run(path, data)

        def on_step(at, stop=stop):
            return at.epoch * at.steps + at.step >= stop

        for update in updates(recording.configs, data, recording.resume(), on_step):
            recording.take(update)
    assert notes(path) == notes(expected)
    assert store.kept_epochs(path) == [1, 2, 4]
    looks = store.read_looks(path)
    assert looks.rows["total"].tolist() == list(range(1, len(looks) + 1))


@pytest.mark.parametrize("saved", [0, 1, 2])
def test_a_kill_between_the_notes_and_the_state_leaves_nothing_twice(tmp_path, saved):
    expected = lone(tmp_path / "whole", CONFIG)
    path, data = store.create_run(CONFIG, "", tmp_path), load("digits")
    recording = Recording.of_run(path, data)
    for number, update in enumerate(updates(recording.configs, data, recording.resume())):
        if number == saved:
            # What a kill leaves: notes of an epoch whose state was never saved, the last row cut short.
            (looks, frames), *_ = recording.headers
            store.append_looks(path, looks, update.looks[0])
            store.append_frames(path, frames, update.frames[0])
            file = path / names.LOOKS
            file.write_bytes(file.read_bytes()[:-7])
            break
        recording.take(update)
    assert worker.work(path, threads=1) is not None
    assert notes(path) == notes(expected)


def test_members_of_a_stack_note_what_they_would_alone(tmp_path):
    stacked, alone = grid_of(tmp_path, [[0, 1]]), grid_of(tmp_path, [[0], [1]])
    for k in (0, 1):
        one, other = (store.read_looks(path / str(k)) for path in (stacked, alone))
        assert one.layers == other.layers
        np.testing.assert_allclose(one.values("gradient_norm"), other.values("gradient_norm"), rtol=1e-6)
        one, other = (store.read_frames(path / str(k)) for path in (stacked, alone))
        assert one.header == other.header
        assert np.array_equal(one.rows["reconstructions"], other.rows["reconstructions"])


def test_a_member_trained_further_goes_on_in_its_notes(tmp_path):
    grid = grid_of(tmp_path, [[0, 1]])
    path = continue_member(grid, 1, 1)
    assert worker.work(path, threads=1) is not None
    assert store.read_frames(path).epochs.tolist() == [0, 1, 2, 3]
    assert store.read_looks(path).epochs == [1, 2, 3]


def test_one_setting_switches_the_notes_off(tmp_path):
    path = lone(tmp_path, CONFIG.with_values({"train.record": False, "train.keep_weights": "none"}))
    assert store.read_looks(path) is None
    assert store.read_frames(path) is None
    assert not (path / names.EPOCHS).exists()


@pytest.mark.parametrize("keep", ["none", "powers_of_two", "all"])
@pytest.mark.parametrize("record", [True, False])
def test_the_size_is_known_before_the_start(tmp_path, keep, record):
    config = CONFIG.with_values({"train.keep_weights": keep, "train.record": record})
    said = noted_bytes(config, load("digits"))
    path = lone(tmp_path, config)
    sizes = [sum(file.stat().st_size for file in path.glob(pattern)) for pattern in ("*.rows", "epochs/*")]
    assert sum(sizes) == pytest.approx(said.total, rel=0.1, abs=2000)
    assert (said.weights > 0) == (keep != "none")
    assert (said.looks + said.frames > 0) == record


def test_a_hundred_epochs_of_the_posts_network_fit_into_a_few_megabytes():
    # As many images as MNIST has, and as large.
    data = tiny_data(60_000, (1, 28, 28))
    said = noted_bytes(PRESETS["post"].with_values({"train.epochs": 100}), data)
    assert said.looks < 1_000_000
    assert said.looks + said.frames < 5_000_000


def test_grids_are_shipped_without_their_members_notes(tmp_path):
    path = grid_of(tmp_path, [[0, 1]])
    run = lone(tmp_path)
    store.copy_for_looking(run, tmp_path / "shipped")
    assert notes(tmp_path / "shipped") == notes(run)
    store.copy_for_looking(path / "0", tmp_path / "member", rows=False)
    assert store.read_looks(tmp_path / "member") is None
