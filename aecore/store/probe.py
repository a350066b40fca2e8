"""The images on which a grid's members are shown, with PCA's reconstructions, kept in the grid's folder.

With them the grid can be looked at where its data set is not. Reading imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aecore.files import StoreError, write_tensors
from aecore.store.grids import GridInfo
from aecore.store.names import PICTURES, PROBE, RESULT


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
        arrays = load_file(path / PROBE)
        pca = {int(name[4:]): a for name, a in arrays.items() if name.startswith("pca.")}
        return Probe(arrays["images"], arrays["labels"], pca)
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise StoreError(f"{PROBE} is damaged: {error}") from error


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
            found[k] = load_file(info.member_path(k) / PICTURES)
        except (SafetensorError, OSError):
            continue
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
