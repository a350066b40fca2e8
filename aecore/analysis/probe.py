"""The test images on which all members of a grid are shown, with PCA's reconstructions beside them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from aecore.analysis.projection import pca_baseline
from aecore.data import ImageData, first_of_each_class, to_uint8, unit_range
from aecore.data import load as load_images
from aecore.grid import Grid
from aecore.store import GridInfo, Probe, read_probe


def probe_index(data: ImageData, n: int = 10) -> torch.Tensor:
    """Indices of the test images that every member's pictures show: the first of each class, n in all."""
    first = first_of_each_class(data.test_labels)[:n].tolist()
    rest = [i for i in range(min(len(data.test_labels), 2 * n)) if i not in first]
    return torch.tensor((first + rest)[:n])


def make_probe(grid: Grid, data: ImageData) -> Probe:
    """The probe images of a grid's data set, with PCA at every latent size of its members."""
    index = probe_index(data)
    images = data.test_images[index]
    baseline = pca_baseline(data)
    sizes = sorted({config.model.latent_size for config in grid.members})
    return Probe(
        images.numpy(),
        data.test_labels[index].numpy(),
        {n: to_uint8(baseline.reconstruct(unit_range(images), n)) for n in sizes},
    )


def find_probe(info: GridInfo, load: Callable[[str], ImageData] = load_images) -> Probe | None:
    """A grid's probe images: its own, or made from its data set, which `load` gives; None without either."""
    try:
        if (found := read_probe(info.path)) is not None:
            return found
        return make_probe(info.grid, load(info.config.data.name))
    except ValueError:
        return None
