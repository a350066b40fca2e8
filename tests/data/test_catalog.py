import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore import data
from aecore.config import DatasetName, Normalization
from aecore.data import fetch
from aecore.data.sprites import FACTOR_NAMES, FACTOR_SIZES, sprites
from tests.fake_data import ALWAYS, IDX_FILES, fill, idx, idx_arrays


def small_data(train: int = 40, channels: int = 1, classes: int = 4, seed: int = 0) -> data.ImageData:
    rng = np.random.default_rng(seed)
    images = torch.from_numpy(rng.integers(0, 256, (train + 8, channels, 6, 5), dtype=np.uint8))
    labels = torch.arange(train + 8) % classes
    return data.ImageData(
        "small", images[:train], labels[:train], images[train:], labels[train:], tuple("abcdefgh"[:classes])
    )


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


# What is known before loading


def test_every_configurable_data_set_is_in_the_catalogue():
    assert tuple(data.DATASETS) == get_args(DatasetName)
    for name, dataset in data.DATASETS.items():
        assert dataset.name == name
        assert dataset.title
        assert dataset.description.endswith(".")
        assert dataset.classes == len(set(dataset.class_names)) > 1
        assert (dataset.download_bytes == 0) == (name in ALWAYS) == (dataset.folder() is None)


def test_every_file_of_the_catalogue_comes_from_an_archive_with_an_address_and_a_checksum():
    for name, dataset in data.DATASETS.items():
        assert set(dataset.files) <= {file for archive in dataset.archives for file in archive.files}
        if not dataset.files:
            continue
        addresses = fetch._addresses(name)
        for archive in dataset.archives:
            urls, md5 = addresses[archive.name]
            assert all(url.startswith("http") and url.endswith(archive.name) for url in urls)
            assert len(md5) == 32


def test_class_names_are_those_of_torchvision():
    from torchvision import datasets as tv

    assert data.DATASETS["fashion_mnist"].class_names == tuple(tv.FashionMNIST.classes)
    assert data.DATASETS["kmnist"].class_names == tuple(tv.KMNIST.classes)
    assert data.DATASETS["emnist_letters"].class_names == tuple(tv.EMNIST.classes_split_dict["letters"][1:])
    assert data.DATASETS["emnist_balanced"].class_names == tuple(tv.EMNIST.classes_split_dict["balanced"])


def test_data_root_is_the_named_folder_or_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    assert data.data_root() == tmp_path
    monkeypatch.setenv("AECORE_DATA", "~/images")
    assert data.data_root() == Path.home() / "images"
    monkeypatch.delenv("AECORE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "w"))
    for platform, folder in {
        "linux": tmp_path / "x" / "aecore",
        "win32": tmp_path / "w" / "aecore",
        "darwin": Path.home() / "Library" / "Caches" / "aecore",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert data.data_root() == folder


def test_unknown_name_lists_the_names():
    for function in (data.load, data.download):
        with pytest.raises(ValueError, match="no data set 'mnits'; data sets are digits, sprites, mnist"):
            function("mnits")


def test_listing_and_loading_do_not_import_torchvision(root):
    fill("mnist", {file: idx(array) for file, array in idx_arrays(IDX_FILES).items()})
    code = (
        "import sys; from aecore import data; "
        "[d.is_ready() for d in data.DATASETS.values()]; data.load('mnist'); "
        "sys.exit('torchvision' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# What is always there


@pytest.mark.parametrize("name", ALWAYS)
def test_always_there_data_are_as_the_catalogue_says_and_the_same_every_time(name, root):
    dataset = data.DATASETS[name]
    assert dataset.is_ready()
    loaded = dataset.load()
    assert loaded is data.load(name)
    assert loaded.shape == dataset.shape
    assert loaded.pixels == np.prod(dataset.shape)
    assert (len(loaded.train_images), len(loaded.test_images)) == (dataset.train_size, dataset.test_size)
    assert loaded.train_images.aminmax() == (0, 255)
    assert (
        set(loaded.train_labels.tolist()) == set(loaded.test_labels.tolist()) == set(range(dataset.classes))
    )
    torch.manual_seed(5)
    again = dataset.read(Path())
    assert torch.equal(again.train_images, loaded.train_images)
    assert torch.equal(again.test_labels, loaded.test_labels)
    assert not root.exists()


def test_digits_are_scikit_learns_scaled_to_bytes_and_split_by_class():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits, theirs = data.load("digits"), load_digits()
    rows = np.arange(len(theirs.target))
    parts = train_test_split(rows, test_size=360, stratify=theirs.target, random_state=0)
    ours = ((digits.train_images, digits.train_labels), (digits.test_images, digits.test_labels))
    for (images, labels), part in zip(ours, map(np.sort, parts), strict=True):
        assert np.array_equal(images[:, 0], np.rint(theirs.images[part] / 16 * 255))
        assert np.array_equal(labels, theirs.target[part])


def test_sprites_follow_their_factors():
    images, factors = sprites()
    assert images.shape == (np.prod(FACTOR_SIZES), 1, 28, 28)
    assert len({image.tobytes() for image in images.numpy()}) == len(images)
    grid = images.view(*FACTOR_SIZES, 28, 28).float()
    # One step of x is one pixel to the right, one step of y one pixel down.
    assert torch.equal(grid[..., 1:, :, :, 1:], grid[..., :-1, :, :, :-1])
    assert torch.equal(grid[..., 1:, 1:, :], grid[..., :-1, :-1, :])
    area = grid.sum(dim=(-1, -2)) / 255
    assert (area.diff(dim=1) > 0).all()
    assert (area.std(dim=2) / area.mean(dim=2)).max() < 0.03
    # Three steps of the rotation are a quarter turn; the pixel grid turns with it exactly.
    turned = grid[:, :, 3:, 5, 5]
    box = (..., slice(5, 24), slice(5, 24))
    assert (turned[box] - grid[:, :, :-3, 5, 5][box].rot90(1, (-2, -1))).abs().max() <= 8
    assert ((images > 0) & (images < 255)).float().mean() > 0.01
    assert torch.equal(factors, torch.cartesian_prod(*(torch.arange(n) for n in FACTOR_SIZES)))


def test_sprites_are_labelled_with_what_they_were_drawn_from():
    loaded = data.load("sprites")
    images, _ = sprites()
    assert loaded.factor_names == FACTOR_NAMES
    for part in ("train", "test"):
        factors = getattr(loaded, f"{part}_factors")
        rows = np.ravel_multi_index(factors.numpy().T, FACTOR_SIZES)
        assert torch.equal(images[torch.from_numpy(rows)], getattr(loaded, f"{part}_images"))
        assert torch.equal(factors[:, 0], getattr(loaded, f"{part}_labels"))
    both = torch.cat([loaded.train_factors, loaded.test_factors])
    assert len(both.unique(dim=0)) == len(images)


@pytest.mark.parametrize("name", ALWAYS)
def test_the_first_images_of_a_part_are_of_all_classes(name):
    """Some figures are measured on the first few hundred images: they must speak for the others."""
    loaded = data.load(name)
    for labels in (loaded.train_labels, loaded.test_labels):
        shares = torch.bincount(labels[:300]) / 300
        assert (shares - torch.bincount(labels) / len(labels)).abs().max() < 0.1


# ImageData


@given(st.integers(2, 300), st.floats(0, 0.5), st.integers(0, 2**32 - 1))
def test_split_is_disjoint_covering_sorted_and_seeded(count, fraction, seed):
    images = small_data(count)
    train, validation = images.split(fraction, seed)
    assert train.dtype == validation.dtype == torch.int64
    assert torch.equal(torch.cat([train, validation]).sort().values, torch.arange(count))
    assert torch.equal(train, train.sort().values)
    assert torch.equal(validation, validation.sort().values)
    assert abs(len(validation) - fraction * count) <= (1 if fraction else 0)
    assert (len(validation) > 0) == (fraction > 0)
    torch.manual_seed(7)
    for ours, again in zip((train, validation), images.split(fraction, seed), strict=True):
        assert torch.equal(ours, again)


def test_split_depends_on_the_seed_and_leaves_global_randomness_alone():
    images = small_data(300)
    state = torch.get_rng_state()
    assert not torch.equal(images.split(0.2, 0)[1], images.split(0.2, 1)[1])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan"), 0.99])
def test_split_refuses_fractions_that_leave_nothing(fraction):
    with pytest.raises(ValueError, match="fraction"):
        small_data(10).split(fraction, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": torch.zeros(40, 1, 6, 5)}, "uint8"),
        ({"train_images": torch.zeros(40, 30, dtype=torch.uint8)}, "N x C x H x W"),
        ({"train_labels": torch.zeros(39, dtype=torch.int64)}, "40 train images"),
        ({"test_labels": torch.full((8,), 4)}, "from 4 to 4, but there are 4 classes"),
        ({"train_factors": torch.zeros(40, 2)}, "40 x 0"),
        ({"test_images": torch.zeros(8, 1, 5, 5, dtype=torch.uint8)}, "differ in size"),
    ],
)
def test_image_data_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        data.ImageData(**{**vars(small_data()), **change})


def test_thumbnails_take_the_classes_in_turn():
    images = small_data(40, classes=4)
    shown = data.thumbnails(images, 10, seed=1)
    assert shown.dtype == torch.uint8
    rows = [(images.train_images == one).all(dim=(1, 2, 3)).nonzero().item() for one in shown]
    assert images.train_labels[rows].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert len(set(rows)) == 10
    assert torch.equal(shown, data.thumbnails(images, 10, seed=1))
    assert not torch.equal(shown, data.thumbnails(images, 10, seed=2))
    assert len(data.thumbnails(images, 100)) == 40


# Scaling


@pytest.mark.parametrize("name", get_args(Normalization))
@pytest.mark.parametrize("channels", [1, 3])
def test_scaling_is_inverted_and_gives_errors_in_the_unit_range(name, channels):
    images = small_data(channels=channels)
    scale = data.scaling(name, images)
    unit = images.train_images.double() / 255
    for source in (images.train_images, unit.float()):
        x = scale.normalize(source)
        assert x.dtype == torch.float32
        assert (scale.denormalize(x) - unit).abs().max() < 1e-6
    assert (scale.denormalize(scale.normalize(images.train_images, torch.float64)) - unit).abs().max() < 1e-14
    exact = scale.normalize(unit)
    other = exact + torch.randn(exact.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    in_unit_range = (scale.denormalize(other) - unit).square().sum(dim=(0, 2, 3))
    in_training_range = (other - exact).square().sum(dim=(0, 2, 3))
    assert torch.allclose(in_unit_range, torch.tensor(scale.factor).double() * in_training_range)
    assert data.Scaling.from_dict(json.loads(json.dumps(scale.to_dict()))) == scale


def test_scaling_ranges():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    images = small_data(channels=1)
    for name, low in (("zero_one", 0.0), ("minus_one_one", -1.0)):
        x = data.scaling(name, images).normalize(levels)
        assert x.flatten()[[0, -1]].tolist() == [low, 1.0]
        assert (x.flatten().diff() > 0).all()
    colour = small_data(channels=3, seed=2)
    x = data.scaling("standardized", colour).normalize(colour.train_images, torch.float64)
    assert x.mean(dim=(0, 2, 3)).abs().max() < 1e-12
    assert (x.var(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-12


def test_normalize_leaves_its_input_alone_and_keeps_gradients():
    scale = data.scaling("minus_one_one", small_data())
    x = torch.full((2, 1, 3, 3), 0.25, requires_grad=True)
    scale.denormalize(scale.normalize(x)).sum().backward()
    assert torch.equal(x, torch.full_like(x, 0.25))
    assert torch.equal(x.grad, torch.ones_like(x))


def test_constant_images_can_be_standardized():
    black = torch.zeros(5, 1, 4, 4, dtype=torch.uint8)
    labels = torch.zeros(5, dtype=torch.int64)
    images = data.ImageData("black", black, labels, black, labels, ("black",))
    assert torch.equal(data.scaling("standardized", images).normalize(black), torch.zeros(5, 1, 4, 4))


def test_bad_scalings_are_refused():
    for mean, std, message in [
        ((0.0,), (0.0,), "above 0"),
        ((0.0, 0.0), (1.0,), "one value per channel"),
        ((), (), "one value per channel"),
        ((float("nan"),), (1.0,), "finite"),
        ("0", "1", "finite"),
        (None, (1.0,), "finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            data.Scaling(mean, std)
    with pytest.raises(ValueError, match="mean and std"):
        data.Scaling.from_dict({"mean": [0]})
    with pytest.raises(ValueError, match="3 channels, not"):
        data.Scaling((0,) * 3, (1,) * 3).normalize(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match="one of zero_one"):
        data.scaling("unit", small_data())


def test_every_data_set_names_who_made_it():
    assert all(dataset.origin for dataset in data.DATASETS.values())
