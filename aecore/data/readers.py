"""File formats to tensors. torchvision reads all of these too, but importing it costs seconds, it reads
CIFAR-10 only from pickles, and USPS line by line in Python; each format here is a few lines."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from aecore.data.sprites import FACTOR_NAMES, sprites
from aecore.own import sets


class Parts(NamedTuple):
    """What a reader gives; the fields are those of `ImageData`."""

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    train_factors: torch.Tensor | None = None
    test_factors: torch.Tensor | None = None
    factor_names: tuple[str, ...] = ()


DIGITS = Path(__file__).with_name("digits.npz")
"""scikit-learn's digits as they come with it, and which of them are the test part: importing scikit-learn to
read them takes a training longer than torch."""


def read_digits(_: Path) -> Parts:
    """scikit-learn's digits, 8 x 8 with values 0..16; a fixed fifth of each class is the test part."""
    with np.load(DIGITS, allow_pickle=False) as digits:
        images = np.rint(digits["images"] * (255 / 16)).astype(np.uint8)[:, None]
        labels, test = digits["classes"].astype(np.int64), digits["test"]
    parts = [(torch.from_numpy(images[rows]), torch.from_numpy(labels[rows])) for rows in (~test, test)]
    return Parts(*parts[0], *parts[1])


def read_sprites(_: Path) -> Parts:
    """Generated sprites in a fixed random order, of which the first fifth is the test part; the class is the
    shape.
    """
    images, factors = sprites()
    # Not in the order of their factors: the first images of a part, on which some figures are measured, are
    # then of all shapes.
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    test, train = order.split([len(order) // 5, len(order) - len(order) // 5])
    return Parts(
        images[train],
        factors[train, 0],
        images[test],
        factors[test, 0],
        factors[train],
        factors[test],
        FACTOR_NAMES,
    )


def read_own(folder: Path) -> Parts:
    """A set of one's own images, mapped from its file: what is not looked at takes no memory."""
    own = sets.read_set(folder.name)
    images, labels = (torch.from_numpy(array) for array in sets.read_arrays(own))
    n = own.train_size
    return Parts(images[:n], labels[:n], images[n:], labels[n:])


def existing(path: Path) -> Path | None:
    """The file, or None; an idx file may also be there with .gz, as it is offered for download."""
    if path.is_file():
        return path
    packed = path.with_name(path.name + ".gz")
    return packed if path.name.endswith("-ubyte") and packed.is_file() else None


def read_idx(path: Path) -> torch.Tensor:
    """One uint8 array in LeCun's idx format: 0, 0, type 8, number of axes, big-endian sizes, data."""
    file = existing(path) or path
    if file.suffix == ".gz":
        with gzip.open(file) as stream:
            content = np.frombuffer(bytearray(stream.read()), dtype=np.uint8)
    else:
        content = np.fromfile(file, dtype=np.uint8)
    if len(content) < 4 or content[:3].tolist() != [0, 0, 8]:
        raise ValueError(f"{file.name} is not an idx file of bytes")
    header = 4 + 4 * int(content[3])
    sizes = [int(n) for n in np.frombuffer(content[4:header].tobytes(), dtype=">u4")]
    if len(content) != header + int(np.prod(sizes)):
        raise ValueError(f"{file.name} has {len(content):,} bytes, but its header promises {sizes}")
    return torch.from_numpy(content[header:]).view(sizes)


def read_mnist(folder: Path) -> Parts:
    """MNIST's four files, and those of the sets that took over its format."""
    train, test = ((f"{p}-images-idx3-ubyte", f"{p}-labels-idx1-ubyte") for p in ("train", "t10k"))
    return Parts(*_idx_pair(folder, *train), *_idx_pair(folder, *test))


def read_emnist_letters(folder: Path) -> Parts:
    """EMNIST's letters: 26 classes, numbered from 1 in the files."""
    parts = _read_emnist(folder, "letters")
    return parts._replace(train_labels=parts.train_labels - 1, test_labels=parts.test_labels - 1)


def read_emnist_balanced(folder: Path) -> Parts:
    """EMNIST's balanced set: digits and letters, 47 classes."""
    return _read_emnist(folder, "balanced")


def _read_emnist(folder: Path, split: str) -> Parts:
    train, test = (
        _idx_pair(folder, f"emnist-{split}-{p}-images-idx3-ubyte", f"emnist-{split}-{p}-labels-idx1-ubyte")
        for p in ("train", "test")
    )
    # The files hold each image column by column.
    upright = [images.transpose(2, 3).contiguous() for images in (train[0], test[0])]
    return Parts(upright[0], train[1], upright[1], test[1])


def _idx_pair(folder: Path, images: str, labels: str) -> tuple[torch.Tensor, torch.Tensor]:
    return read_idx(folder / images)[:, None], read_idx(folder / labels).long()


def read_usps(folder: Path) -> Parts:
    """USPS, 16 x 16, in libsvm's text format: classes from 1, then 256 pairs index:value from -1 to 1."""

    def part(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        # Every pixel is listed, so that without its colons the text is a plain table.
        with bz2.open(folder / name, "rt") as lines:
            table = np.loadtxt((line.replace(":", " ") for line in lines), dtype=np.float32, ndmin=2)
        if table.shape[1] != 513:
            raise ValueError(f"{name} has lines of {table.shape[1]} numbers, not of a class and 256 pairs")
        images = np.rint((table[:, 2::2] + 1) * 127.5).clip(0, 255).astype(np.uint8)
        labels = table[:, 0].astype(np.int64) - 1
        return torch.from_numpy(images).view(-1, 1, 16, 16), torch.from_numpy(labels)

    return Parts(*part("usps.bz2"), *part("usps.t.bz2"))


def read_svhn(folder: Path) -> Parts:
    """SVHN's cropped digits in MATLAB files: X is H x W x C x N, and class 10 is the digit 0."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    def part(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        try:
            content = loadmat(folder / name, variable_names=["X", "y"])
        except MatReadError as error:
            raise ValueError(f"{name}: {error}") from error
        labels = torch.from_numpy(content["y"].astype(np.int64).reshape(-1)) % 10
        return torch.from_numpy(np.ascontiguousarray(content["X"].transpose(3, 2, 0, 1))), labels

    return Parts(*part("train_32x32.mat"), *part("test_32x32.mat"))


def read_cifar10(folder: Path) -> Parts:
    """CIFAR-10's binary version: records of one class byte and 3 x 32 x 32 pixel bytes. Not its Python
    version, which is a pickle and could run code."""

    def records(*names: str) -> tuple[torch.Tensor, torch.Tensor]:
        content = np.concatenate([np.fromfile(folder / name, dtype=np.uint8) for name in names])
        if len(content) % 3073:
            raise ValueError(f"{', '.join(names)} do not hold whole records of 3,073 bytes")
        rows = torch.from_numpy(content).view(-1, 3073)
        return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].long()

    return Parts(*records(*(f"data_batch_{i}.bin" for i in range(1, 6))), *records("test_batch.bin"))
