"""Download of a data set's files: with progress, stoppable, checked, and whole or not at all.

torchvision's own download can neither report to a page nor be stopped, and leaves half a file behind
when it is interrupted; its tables of addresses and checksums are used, so that a new mirror arrives
with its next release.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from io import BufferedIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.request import Request, urlopen

from aecore.access import writes
from aecore.data.catalog import Archive, DataNotFoundError, find
from aecore.data.sums import remember

Progress = Callable[[int, int], bool | None]
Stream = IO[bytes] | BufferedIOBase

_CHUNK = 1 << 16
_TIMEOUT = 15
"""Seconds without an answer after which the next address is tried."""


class _StoppedError(Exception):
    """The caller's progress function asked to stop."""


@writes
def download(name: str, progress: Progress | None = None) -> bool:
    """Fetches what `DATASETS[name]` lacks into its folder; True when it is ready, False when stopped.

    `progress(done_bytes, total_bytes)` is called for every 64 KiB; it stops the download by returning
    True. Each file is checked against its MD5 and moved into place whole, so that a stopped or failed
    download leaves no part of a file. Raises DataNotFoundError in one sentence, with the folder to
    fill by hand, when no address gives the right file, and ValueError for an unknown name.
    """
    dataset = find(name)
    folder = dataset.folder()
    if folder is None or dataset.is_ready():
        return True
    missing = set(dataset.missing())
    archives = [archive for archive in dataset.archives if missing & set(archive.files)]
    meter = _Meter(archives, progress)
    try:
        addresses = _addresses(name)
        folder.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            with TemporaryDirectory(prefix=".download-", dir=folder) as temporary:
                packed = Path(temporary) / archive.name
                _fetch(*addresses[archive.name], packed, meter)
                _unpack(packed, archive.files, folder)
    except _StoppedError:
        return False
    except (OSError, HTTPException, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
        reason = " ".join(_reason(error).split())
        raise DataNotFoundError(
            f"{dataset.title} could not be downloaded ({reason}): try again "
            f"when this machine is online, or {dataset.where_to_put()} by hand"
        ) from error
    return True


def _reason(error: BaseException) -> str:
    """What went wrong, without the number that an operating system gives it."""
    inner = getattr(error, "reason", None) or error
    return (isinstance(inner, OSError) and inner.strerror) or str(inner)


class _Meter:
    """Bytes done and to do, over all archives of one download."""

    def __init__(self, archives: list[Archive], progress: Progress | None) -> None:
        self.sizes = {archive.name: archive.size for archive in archives}
        self.done = dict.fromkeys(self.sizes, 0)
        self.progress = progress

    def update(self, archive: str, done: int, size: int | None = None) -> None:
        """Raises _StoppedError when the caller wants to stop."""
        self.done[archive] = done
        # What the server says of the size is newer than the catalog.
        self.sizes[archive] = max(size or self.sizes[archive], done)
        if self.progress and self.progress(sum(self.done.values()), sum(self.sizes.values())):
            raise _StoppedError


def _addresses(name: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Archive name -> (addresses to try in order, MD5)."""
    # Here and not above: the import takes seconds, and only a download needs it.
    from torchvision import datasets as tv

    if name == "cifar10":
        # The authors' binary version, with the MD5 from their page; torchvision lists the pickled one.
        url = tv.CIFAR10.url.replace(tv.CIFAR10.filename, "cifar-10-binary.tar.gz")
        return {"cifar-10-binary.tar.gz": ((url,), "c32a1d4ab5d03f1284b67883e8d87530")}
    if name.startswith("emnist"):
        return {"gzip.zip": ((tv.EMNIST.url,), tv.EMNIST.md5)}
    if name in ("usps", "svhn"):
        table = {"usps": tv.USPS, "svhn": tv.SVHN}[name].split_list
        return {file: ((url,), md5) for url, file, md5 in table.values()}
    source = {"mnist": tv.MNIST, "fashion_mnist": tv.FashionMNIST, "kmnist": tv.KMNIST}[name]
    return {file: (tuple(m + file for m in source.mirrors), md5) for file, md5 in source.resources}


def _fetch(urls: tuple[str, ...], md5: str, path: Path, meter: _Meter) -> None:
    """The first address that gives a file with this MD5; the last one's OSError where none does."""
    for url in urls:
        try:
            return _fetch_one(url, md5, path, meter)
        except (OSError, HTTPException):
            if url == urls[-1]:
                raise
    return None


def _fetch_one(url: str, md5: str, path: Path, meter: _Meter) -> None:
    meter.update(path.name, 0)
    digest, done = hashlib.md5(usedforsecurity=False), 0
    # Some of these servers refuse urllib's own name.
    with (
        urlopen(Request(url, headers={"User-Agent": "aecore"}), timeout=_TIMEOUT) as answer,
        path.open("wb") as file,
    ):
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            meter.update(path.name, done, done + (answer.length or 0))
    if digest.hexdigest() != md5:
        raise OSError(f"what {url} sent is not the right file: its MD5 differs")


def _unpack(packed: Path, files: tuple[str, ...], folder: Path) -> None:
    """Moves the wanted files out of an archive into the folder, each at once under its final name."""
    found = []
    for name, stream in _members(packed, files):
        part = packed.with_name(f"{name}.part")
        with part.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        found.append(name)
        os.replace(part, folder / name)
    remember(folder, found)
    if lacking := set(files) - set(found):
        raise OSError(f"{packed.name} lacks {', '.join(sorted(lacking))}")


def _members(packed: Path, files: tuple[str, ...]) -> Iterator[tuple[str, Stream]]:
    """(name, open file) of every wanted file in an archive; only these are read, by their bare names."""
    if packed.suffix == ".zip":
        with zipfile.ZipFile(packed) as archive:
            for path in archive.namelist():
                name = path.rsplit("/", 1)[-1].removesuffix(".gz")
                if name in files:
                    with archive.open(path) as member, gzip.open(member) as stream:
                        yield name, stream
    elif packed.name.endswith(".tar.gz"):
        with tarfile.open(packed, "r:gz") as tar:
            for entry in tar:
                name = entry.name.rsplit("/", 1)[-1]
                if name in files and entry.isfile() and (content := tar.extractfile(entry)):
                    yield name, content
    else:
        with gzip.open(packed) if packed.suffix == ".gz" else packed.open("rb") as stream:
            yield files[0], stream
