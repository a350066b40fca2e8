"""Sets of images at the edge, and what else a training meets: it ends well, or says why in a sentence."""

import json
import subprocess
import sys

import pytest
import torch

from aecore import data, jobs, store
from aecore.data import ImageData, sums
from aecore.jobs import recording, worker
from aecore.jobs.recording import updates
from aecore.memory import TOO_LITTLE
from tests.fake_data import fill, idx, idx_arrays
from tests.samples import tiny_config, tiny_data
from tests.trust.bounds import tell
from tests.trust.test_configs import attempt, is_sentence

CONFIGS = {
    "mlp": tiny_config(train__epochs=2),
    "conv": tiny_config(model__family="conv", model__channels=(4,), train__epochs=2),
    "dictionary": tiny_config(
        model__family="dictionary",
        model__output_activation="linear",
        model__code_activation="soft_threshold",
        train__epochs=2,
    ),
    "variational": tiny_config(model__variational=True, train__epochs=2),
    "one_cycle": tiny_config(train__schedule="one_cycle", train__batch_size=1000, train__epochs=2),
    "no validation": tiny_config(data__validation_fraction=0.0, train__epochs=2),
    "standardized": tiny_config(
        data__normalization="standardized", model__output_activation="linear", train__epochs=2
    ),
}


def images(count: int, classes: int = 3, level: int | None = None) -> ImageData:
    some = tiny_data(max(count, 1), shape=(1, 8, 8))
    if level is not None:
        for tensor in (some.train_images, some.test_images):
            tensor.fill_(level)
    labels = torch.arange(count + 20) % classes
    names = tuple("abc"[:classes])
    return ImageData("odd", some.train_images, labels[:count], some.test_images, labels[count:], names)


SETS = {
    "one image": images(1),
    "two images": images(2),
    "one class": images(30, classes=1),
    "black": images(30, level=0),
    "white": images(30, level=255),
    "fewer images than a batch": images(5),
    "one more image than a batch": images(17),
}


@pytest.mark.parametrize("name", SETS)
def test_odd_sets_train_to_finite_figures_or_are_refused_in_a_sentence(name):
    refused = []
    for kind, config in CONFIGS.items():
        found, said = attempt(lambda config=config: list(updates([config], SETS[name])))
        if found is None:
            assert is_sentence(said), (kind, said)
            refused.append(kind)
            continue
        assert found[-1].fraction == 1.0
        (outcome,) = found[-1].outcomes
        assert outcome.test.squared_error >= 0
        assert json.dumps(outcome.to_dict(), allow_nan=False)
    note = f"refused in a sentence for {', '.join(refused)}" if refused else "all trained"
    tell(f"a set of {name}", len(CONFIGS), 0, note)


def test_a_gpu_without_memory_is_told_with_what_to_do_and_the_run_goes_on(tmp_path, monkeypatch):
    """Torch's own exception, raised in the middle as a driver would."""
    config = tiny_config(train__epochs=3)
    path, whole = (store.create_run(config, "", tmp_path / name) for name in ("short", "whole"))
    worker.work(whole, threads=1)
    take, calls = recording.Recording.take, []

    def fail(self, update):
        calls.append(update)
        if len(calls) == 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        take(self, update)

    monkeypatch.setattr(recording.Recording, "take", fail)
    with pytest.raises(RuntimeError, match="not enough memory") as raised:
        worker.work(path, threads=1)
    assert str(raised.value) == TOO_LITTLE == store.read_progress(path).message
    assert jobs.status(store.read_info(path)) == "failed"
    store.load_run(path)
    monkeypatch.undo()
    assert worker.work(path, threads=1) is not None
    one, two = (store.read_weights(p) for p in (path, whole))
    assert all(torch.equal(one[name], two[name]) for name in two)
    tell("out of memory on a GPU (torch's exception, raised by hand)", 1, 0)


def test_what_is_printed_to_a_full_disk_is_one_sentence():
    if sys.platform != "linux":
        pytest.skip("/dev/full is Linux's.")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "aecore", "datasets"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("aecore: there is no room for what is printed")
    assert done.stderr.count("\n") == 1
    tell("printed to /dev/full", 1, 0)


def test_data_files_that_were_damaged_are_named(tmp_path, monkeypatch):
    """The check sums have tests of their own (tests/data/test_sums.py); here it is a run whose data are."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))
    arrays = {name: idx(array) for name, array in idx_arrays(data.DATASETS["fashion_mnist"].files).items()}
    folder = fill("fashion_mnist", arrays)
    sums.remember(folder, list(arrays))
    spoiled = "t10k-images-idx3-ubyte"
    (folder / spoiled).write_bytes(arrays[spoiled][:-1] + b"\x07")
    path = store.create_run(tiny_config(data__name="fashion_mnist"), "", tmp_path)
    with pytest.raises(ValueError, match=spoiled):
        worker.work(path, threads=1)
    message = store.read_progress(path).message
    assert spoiled in message
    assert is_sentence(message)
    assert "check" in message
    assert jobs.status(store.read_info(path)) == "failed"
    tell("a byte of a data file changed", 1, 0, "the file and its check sum are named")
