"""The images on which a grid's members are shown, with PCA's reconstructions, kept in the grid's folder.

With them the grid can be looked at where its data set is not. Reading imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aecore.files import StoreError, check_tensors, write_tensors
from aecore.owners import changes
from aecore.store.grids import GridInfo
from aecore.store.names import PICTURES, PROBE, RESULT

LARGEST_PICTURES = 256 << 20
"""Bytes of a file of pictures."""

_NOTHING = np.zeros(0)


@dataclass(frozen=True)
class Probe:
    """Test images that all members are shown on."""

    images: np.ndarray
    """uint8, n x C x H x W."""
    labels: np.ndarray
    """int64, n."""
    pca: dict[int, np.ndarray]
    """PCA's reconstructions by number of components, uint8, n x C x H x W."""


@dataclass(frozen=True)
class Pictures:
    """What every member makes of the probe images."""

    images: np.ndarray
    """uint8, members x n x C x H x W; zeros where there are none yet."""
    codes: list[np.ndarray | None]
    """float32, n x latent_size for each member, None where there are none yet."""


@changes("path")
def write_probe(path: Path, probe: Probe) -> None:
    """Keeps a probe in a grid's folder."""
    import torch

    tensors = {"images": probe.images, "labels": probe.labels}
    tensors |= {f"pca.{n}": picture for n, picture in probe.pca.items()}
    write_tensors(path / PROBE, {name: torch.from_numpy(t) for name, t in tensors.items()})


def has_probe(path: Path) -> bool:
    return (path / PROBE).exists()


def read_probe(path: Path) -> Probe | None:
    """What `write_probe` kept, None where there is nothing; StoreError where it is damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        check_tensors(path / PROBE, LARGEST_PICTURES)
        arrays = load_file(path / PROBE)
        pca = {int(name[4:]): a for name, a in arrays.items() if name.startswith("pca.")}
        probe = Probe(arrays["images"], arrays["labels"], pca)
    except FileNotFoundError:
        return None
    except StoreError:
        raise
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise StoreError(f"{PROBE} is damaged: {error}") from error
    shape = probe.images.shape
    if not _are_pictures(probe.images) or not all(
        _are_pictures(p) and p.shape == shape for p in pca.values()
    ):
        raise StoreError(f"{PROBE} must hold uint8 images n x C x H x W, and PCA's of the same shape")
    if probe.labels.dtype != np.int64 or probe.labels.shape != shape[:1]:
        raise StoreError(f"{PROBE} must hold a whole number as the label of each image")
    return probe


def _are_pictures(array: np.ndarray) -> bool:
    return array.dtype == np.uint8 and array.ndim == 4 and array.size > 0 and array.shape[1] in (1, 3)


def pictures_stamp(info: GridInfo) -> int:
    """Changes whenever a member's pictures do: a cache key. A finished grid's never do."""
    if info.result is not None:
        return (info.path / RESULT).stat().st_mtime_ns
    files = (info.member_path(k) / PICTURES for k in range(len(info.grid.members)))
    return sum(file.stat().st_mtime_ns for file in files if file.exists())


def read_all_pictures(info: GridInfo, members: Iterable[int] | None = None) -> Pictures:
    """The pictures of all members, or of those named; a damaged file counts as none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    found: dict[int, dict[str, np.ndarray]] = {}
    for k in range(len(info.grid.members)) if members is None else members:
        try:
            check_tensors(info.member_path(k) / PICTURES, LARGEST_PICTURES)
            pictures = load_file(info.member_path(k) / PICTURES)
        except (SafetensorError, OSError, StoreError):
            continue
        images, code = (pictures.get(name, _NOTHING) for name in ("reconstruction", "code"))
        size = (len(images), info.grid.members[k].model.latent_size)
        if _are_pictures(images) and code.shape == size and code.dtype.kind == "f":
            found[k] = pictures
    count = len(info.grid.members)
    shapes = {tuple(p["reconstruction"].shape) for p in found.values()}
    if len(shapes) > 1:
        raise StoreError("the members' pictures are of different sizes")
    images = np.zeros((count, *(shapes.pop() if shapes else (0, 1, 1, 1))), dtype=np.uint8)
    codes: list[np.ndarray | None] = [None] * count
    for k, pictures in found.items():
        images[k] = pictures["reconstruction"]
        codes[k] = pictures["code"].astype(np.float32)
    return Pictures(images, codes)
