"""The named data sets: what each is, where its files belong, and how to load it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aecore import places
from aecore.cache import DATA_FOLDERS, data_root
from aecore.config import OWN_NAME
from aecore.data import readers, sums
from aecore.data.images import ImageData
from aecore.data.readers import Parts
from aecore.data.sprites import SHAPES
from aecore.naming import data_title
from aecore.own import sets


class DataNotFoundError(ValueError):
    """A data set's files are missing; the message says in one sentence where they belong."""


@dataclass(frozen=True)
class Archive:
    """One file to download, and the files wanted from it."""

    name: str
    size: int
    """Bytes to download."""
    files: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """What is known about a data set before it is loaded."""

    name: str
    title: str
    description: str
    """One sentence."""
    shape: tuple[int, int, int]
    """(C, H, W) of one image."""
    class_names: tuple[str, ...]
    train_size: int
    """Number of training images."""
    test_size: int
    """Number of test images."""
    read: Callable[[Path], Parts]
    """Reads the files in a folder."""
    subfolder: str = ""
    """Below `data_root()`; empty for what is always there."""
    files: tuple[str, ...] = ()
    """What must lie in the folder, as named or with .gz after it where the format is idx."""
    archives: tuple[Archive, ...] = ()
    origin: str = ""
    """Who made it: authors and year."""
    license: str = ""
    """The terms its makers name; empty where none are known here."""

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def known_classes(self) -> tuple[str, ...]:
        """The classes' names; none where nothing is said of classes."""
        return () if self.class_names == (sets.UNNAMED,) else self.class_names

    @property
    def download_bytes(self) -> int:
        """Size of the whole download; 0 for what is always there."""
        return sum(archive.size for archive in self.archives)

    def folder(self) -> Path | None:
        """Where the files belong; None for what is always there."""
        return data_root() / self.subfolder if self.files else None

    def missing(self) -> list[str]:
        """Names of the files that are not in the folder."""
        return [f for f in self.files if not readers.existing(data_root() / self.subfolder / f)]

    def is_ready(self) -> bool:
        """Whether `load` will find its files."""
        return not self.missing()

    def where_to_put(self) -> str:
        """'put FILES into FOLDER', for sentences."""
        origin = f" (from {self.archives[0].name})" if len(self.archives) == 1 else ""
        if self.files[0].endswith("-ubyte"):
            origin += " (packed with .gz will do)"
        return f"put {', '.join(self.files)}{origin} into {self.folder()}"

    def load(self) -> ImageData:
        """The same as `load(name)`."""
        return load(self.name)


def find(name: str) -> Dataset:
    """The data set of that name, one's own images included.

    ValueError that lists the names where there is none; DataNotFoundError for own images that are not here.
    """
    if name in DATASETS:
        return DATASETS[name]
    if OWN_NAME.fullmatch(name):
        return _own(name)
    raise ValueError(f"there is no data set {name!r}; data sets are {', '.join(DATASETS)}")


def datasets() -> dict[str, Dataset]:
    """The named data sets, and then one's own, newest first, by name."""
    return DATASETS | {own.name: _own(own.name) for own in sets.list_sets()}


def _own(name: str) -> Dataset:
    try:
        own = sets.read_set(name)
    except FileNotFoundError:
        if sets.is_in_trash(name):
            raise DataNotFoundError(
                f"the images {name} are in the trash: put them back there on the page Your images, or with "
                f"`{places.command()} trash --restore {name}`"
            ) from None
        raise DataNotFoundError(
            f"the images {name} are not on this machine: make the set again from the same images, "
            f"which gives it "
            "the same name, or put its folder into "
            f"{sets.own_root()}"
        ) from None
    return Dataset(
        name,
        own.title,
        f"One's own images, from {own.source}; {own.treatment}.",
        own.shape,
        own.class_names,
        own.train_size,
        own.test_size,
        readers.read_own,
        f"own/{name}",
    )


def load(name: str) -> ImageData:
    """The named data set, kept in memory for the next call (the last four).

    Raises DataNotFoundError where files are missing, ValueError for an unknown name or damaged files;
    both in one sentence.
    """
    dataset = find(name)
    return _load(name, data_root() / dataset.subfolder)


@lru_cache(maxsize=4)
def _load(name: str, folder: Path) -> ImageData:
    dataset = find(name)
    if not dataset.is_ready():
        raise DataNotFoundError(
            f"{dataset.title} is not on this machine: {dataset.where_to_put()}, or download it on the "
            f"Train page or with `{places.command()} datasets --download {name}`"
        )
    try:
        if bad := sums.damaged(name, folder, dataset.files):
            raise ValueError(f"the check sum of {' and of '.join(bad)} is wrong")
        parts = dataset.read(folder)
        data = ImageData(name=name, class_names=dataset.class_names, **parts._asdict())
        if data.shape != dataset.shape:
            raise ValueError(f"images are {data.shape}, not {dataset.shape}")
    # What readers of truncated or foreign files raise, scipy's and gzip's included.
    except (ValueError, TypeError, KeyError, EOFError, OSError, RuntimeError, zlib.error) as error:
        again = "fetch them again" if dataset.files else "make the set again from the same images"
        raise ValueError(
            f"{dataset.title} can't be read from {folder} ({' '.join(str(error).split())}); "
            f"delete its files there and {again}"
        ) from error
    return data


DIGIT_NAMES = tuple("0123456789")
BALANCED_NAMES = (*DIGIT_NAMES, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abdefghnqrt")


def _idx_files(train: str, test: str) -> tuple[str, ...]:
    return tuple(f"{part}-{kind}-ubyte" for part in (train, test) for kind in ("images-idx3", "labels-idx1"))


_MNIST_FILES = _idx_files("train", "t10k")
_EMNIST_FILES = {s: _idx_files(f"emnist-{s}-train", f"emnist-{s}-test") for s in ("letters", "balanced")}
_EMNIST = (Archive("gzip.zip", 561_753_746, _EMNIST_FILES["letters"] + _EMNIST_FILES["balanced"]),)
_CIFAR_FILES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")


def _packed(files: tuple[str, ...], *sizes: int) -> tuple[Archive, ...]:
    return tuple(Archive(f"{file}.gz", size, (file,)) for file, size in zip(files, sizes, strict=True))


def _plain(**sizes: int) -> tuple[Archive, ...]:
    return tuple(Archive(file, size, (file,)) for file, size in sizes.items())


DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "digits",
            data_title("digits"),
            "Small handwritten digits that come with scikit-learn; always there, trained in seconds.",
            (1, 8, 8),
            DIGIT_NAMES,
            1_437,
            360,
            readers.read_digits,
            origin="E. Alpaydin and C. Kaynak 1998, in the UCI repository; its test part",
            license="CC BY 4.0",
        ),
        Dataset(
            "sprites",
            data_title("sprites"),
            "Drawn shapes of known scale, rotation and position, so that codes can be checked against them.",
            (1, 28, 28),
            SHAPES,
            14_400,
            3_600,
            readers.read_sprites,
            origin="drawn by this program, after dSprites (L. Matthey et al. 2017)",
        ),
        Dataset(
            "mnist",
            data_title("mnist"),
            "Handwritten digits, 28x28, the usual first data set.",
            (1, 28, 28),
            DIGIT_NAMES,
            60_000,
            10_000,
            readers.read_mnist,
            DATA_FOLDERS["mnist"],
            _MNIST_FILES,
            _packed(_MNIST_FILES, 9_912_422, 28_881, 1_648_877, 4_542),
            origin="Y. LeCun, C. Cortes and C. Burges 1998, from NIST's Special Databases 1 and 3",
            license="CC BY-SA 3.0",
        ),
        Dataset(
            "fashion_mnist",
            data_title("fashion_mnist"),
            "Photographs of clothes in ten kinds, made as a harder stand-in for MNIST.",
            (1, 28, 28),
            (
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            60_000,
            10_000,
            readers.read_mnist,
            DATA_FOLDERS["fashion_mnist"],
            _MNIST_FILES,
            _packed(_MNIST_FILES, 26_421_880, 29_515, 4_422_102, 5_148),
            origin="H. Xiao, K. Rasul and R. Vollgraf 2017, from photographs of Zalando",
            license="MIT",
        ),
        Dataset(
            "kmnist",
            data_title("kmnist"),
            "Ten cursive Japanese characters from old books.",
            (1, 28, 28),
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            60_000,
            10_000,
            readers.read_mnist,
            DATA_FOLDERS["kmnist"],
            _MNIST_FILES,
            _packed(_MNIST_FILES, 18_165_135, 29_497, 3_041_136, 5_120),
            origin="T. Clanuwat et al. 2018, from the Kuzushiji data set of the CODH",
            license="CC BY-SA 4.0",
        ),
        Dataset(
            "emnist_letters",
            data_title("emnist_letters"),
            "Handwritten letters, upper and lower case in one class; its download holds every EMNIST set.",
            (1, 28, 28),
            tuple("abcdefghijklmnopqrstuvwxyz"),
            124_800,
            20_800,
            readers.read_emnist_letters,
            DATA_FOLDERS["emnist_letters"],
            _EMNIST_FILES["letters"],
            _EMNIST,
            origin="G. Cohen et al. 2017, from NIST's Special Database 19",
        ),
        Dataset(
            "emnist_balanced",
            data_title("emnist_balanced"),
            "Handwritten digits and letters, 47 classes of one size; its download holds every EMNIST set.",
            (1, 28, 28),
            BALANCED_NAMES,
            112_800,
            18_800,
            readers.read_emnist_balanced,
            DATA_FOLDERS["emnist_balanced"],
            _EMNIST_FILES["balanced"],
            _EMNIST,
            origin="G. Cohen et al. 2017, from NIST's Special Database 19",
        ),
        Dataset(
            "usps",
            data_title("usps"),
            "Digits from envelopes of the United States post, 16x16.",
            (1, 16, 16),
            DIGIT_NAMES,
            7_291,
            2_007,
            readers.read_usps,
            DATA_FOLDERS["usps"],
            ("usps.bz2", "usps.t.bz2"),
            _plain(**{"usps.bz2": 6_579_383, "usps.t.bz2": 1_831_726}),
            origin="J. Hull 1994, in libsvm's collection",
        ),
        Dataset(
            "svhn",
            data_title("svhn"),
            "House numbers cut out of street photographs, in colour.",
            (3, 32, 32),
            DIGIT_NAMES,
            73_257,
            26_032,
            readers.read_svhn,
            DATA_FOLDERS["svhn"],
            ("train_32x32.mat", "test_32x32.mat"),
            _plain(**{"train_32x32.mat": 182_040_794, "test_32x32.mat": 64_275_384}),
            origin="Y. Netzer et al. 2011, from Google Street View",
            license="for non-commercial use only",
        ),
        Dataset(
            "cifar10",
            data_title("cifar10"),
            "Small colour photographs of animals and vehicles.",
            (3, 32, 32),
            (
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            50_000,
            10_000,
            readers.read_cifar10,
            DATA_FOLDERS["cifar10"],
            _CIFAR_FILES,
            (Archive("cifar-10-binary.tar.gz", 170_052_171, _CIFAR_FILES),),
            origin="A. Krizhevsky 2009, from the 80 million tiny images",
        ),
    )
}
