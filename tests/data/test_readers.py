import bz2
import gzip
import io
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore import data
from aecore.data import readers
from tests.fake_data import ALWAYS, IDX_FILES, cifar_files, fill, idx, idx_arrays


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize("name", [n for n in data.DATASETS if n not in ALWAYS])
def test_missing_files_give_one_sentence_with_the_folder(name, root):
    dataset = data.DATASETS[name]
    assert not dataset.is_ready()
    with pytest.raises(data.DataNotFoundError) as caught:
        data.load(name)
    message = str(caught.value)
    assert str(dataset.folder()) in message
    assert all(file in message for file in dataset.files)
    assert f"python -m aecore datasets --download {name}" in message
    assert "\n" not in message
    assert not root.exists()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_plain_or_packed(name, packed, root):
    arrays = idx_arrays(IDX_FILES)
    fill(name, {f + ".gz" * packed: gzip.compress(idx(a)) if packed else idx(a) for f, a in arrays.items()})
    loaded = data.load(name)
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images = getattr(loaded, f"{part}_images")
        assert np.array_equal(images[:, 0], arrays[f"{prefix}-images-idx3-ubyte"])
        assert np.array_equal(getattr(loaded, f"{part}_labels"), arrays[f"{prefix}-labels-idx1-ubyte"])
    loaded.train_images[0, 0, 0, 0] = 1


def test_emnist_is_turned_upright_and_letters_start_at_zero(root):
    for name, first in (("emnist_letters", 1), ("emnist_balanced", 0)):
        files = data.DATASETS[name].files
        arrays = idx_arrays(files, first)
        fill(name, {f: idx(a) for f, a in arrays.items()})
        loaded = data.load(name)
        assert np.array_equal(loaded.train_images[:, 0], arrays[files[0]].transpose(0, 2, 1))
        assert np.array_equal(loaded.test_labels, arrays[files[3]] - first)


def test_usps_is_read_from_libsvm_text(root):
    rng = np.random.default_rng(0)
    pixels = {n: rng.integers(0, 256, (n, 256)) for n in (9, 5)}
    text = {
        n: "".join(
            f"{i % 10 + 1} " + " ".join(f"{j + 1}:{v / 127.5 - 1:.6f}" for j, v in enumerate(row)) + " \n"
            for i, row in enumerate(pixels[n])
        )
        for n in pixels
    }
    fill("usps", {"usps.bz2": bz2.compress(text[9].encode()), "usps.t.bz2": bz2.compress(text[5].encode())})
    loaded = data.load("usps")
    assert np.array_equal(loaded.train_images.reshape(9, 256), pixels[9])
    assert np.array_equal(loaded.test_images.reshape(5, 256), pixels[5])
    assert loaded.train_labels.tolist() == list(range(9))


def test_svhn_is_read_from_matlab_files(root):
    from scipy.io import savemat

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    contents = {}
    for file in data.DATASETS["svhn"].files:
        stream = io.BytesIO()
        savemat(stream, {"X": images, "y": np.array([[10], [1], [9], [2]], dtype=np.uint8)})
        contents[file] = stream.getvalue()
    fill("svhn", contents)
    loaded = data.load("svhn")
    assert loaded.train_images[2, 1, 5, 7] == images[5, 7, 1, 2]
    assert np.array_equal(loaded.test_images, images.transpose(3, 2, 0, 1))
    assert loaded.train_labels.tolist() == [0, 1, 9, 2]


def test_cifar10_is_read_from_its_binary_version(root):
    files = cifar_files()
    fill("cifar10", files)
    loaded = data.load("cifar10")
    assert loaded.train_images.shape == (15, 3, 32, 32)
    assert loaded.train_labels.tolist() == [0, 1, 2] * 5
    assert loaded.train_images[4].numpy().tobytes() == files["data_batch_2.bin"][3074 : 2 * 3073]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("mnist", lambda content: content[:-1]),
        ("mnist", lambda content: b""),
        ("mnist", lambda content: b"<html>not found</html>"),
        ("mnist", lambda content: content[:2] + bytes([9]) + content[3:]),
        ("cifar10", lambda content: content[:-1]),
        ("cifar10", lambda content: bytes([255]) + content[1:]),
        ("usps", lambda content: content[:20]),
        ("svhn", lambda content: b"no MATLAB here"),
    ],
)
def test_damaged_files_give_one_sentence(name, damage, root):
    good = {"cifar10": cifar_files()}.get(name) or {f: idx(a) for f, a in idx_arrays(IDX_FILES).items()}
    fill(name, {f: damage(next(iter(good.values()))) for f in data.DATASETS[name].files})
    with pytest.raises(ValueError, match="can't be read from") as caught:
        data.load(name)
    assert not isinstance(caught.value, data.DataNotFoundError)
    assert "\n" not in str(caught.value)


def test_a_damaged_packed_file_gives_one_sentence(root):
    packed = {f"{f}.gz": gzip.compress(idx(a))[:-9] for f, a in idx_arrays(IDX_FILES).items()}
    fill("mnist", packed)
    with pytest.raises(ValueError, match="can't be read from"):
        data.load("mnist")


@pytest.mark.mnist
def test_mnist_is_the_real_one_loads_fast_and_its_folder_stays_untouched():
    folder = data.DATASETS["mnist"].folder()
    before = {p: p.stat().st_mtime_ns for p in folder.parent.rglob("*")}
    start = time.perf_counter()
    parts = readers.read_mnist(folder)
    seconds = time.perf_counter() - start
    mnist = data.load("mnist")
    assert torch.equal(parts.train_images, mnist.train_images)
    assert {p: p.stat().st_mtime_ns for p in folder.parent.rglob("*")} == before
    assert seconds < 1
    assert mnist.train_images.shape == (60_000, 1, 28, 28)
    # Counts per class as published with the data set.
    assert mnist.train_labels.bincount().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert mnist.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    scale = data.scaling("standardized", mnist)
    assert (round(scale.mean[0], 4), round(scale.std[0], 4)) == (0.1307, 0.3081)
    assert len(mnist.split(1 / 12, 0)[1]) == 5000


@pytest.mark.mnist
def test_mnist_is_read_as_torchvision_reads_it():
    from torchvision.datasets import MNIST

    theirs = MNIST(data.data_root(), train=False)
    ours = data.load("mnist")
    assert torch.equal(ours.test_images[:, 0], theirs.data)
    assert torch.equal(ours.test_labels, theirs.targets)
