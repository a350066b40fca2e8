"""The test images on which all members of a grid are shown, with PCA's reconstructions beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aecore.grid import Grid
from aecore.store import GridInfo, Probe, read_probe

if TYPE_CHECKING:
    import torch

    from aecore.data import ImageData
    from aecore.store.run import Run


def probe_index(data: ImageData, n: int = 10) -> torch.Tensor:
    """Indices of the test images that every member's pictures show: the first of each class, n in all."""
    import torch

    from aecore.data import first_of_each_class

    first = first_of_each_class(data.test_labels)[:n].tolist()
    rest = [i for i in range(min(len(data.test_labels), 2 * n)) if i not in first]
    return torch.tensor((first + rest)[:n])


def probe_pictures(run: Run, probe: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a run's folder keeps of the probe images, uint8 N x C x H x W: their codes and reconstructions."""
    import torch

    from aecore.data import to_uint8

    code = run.encode(probe)
    return {"reconstruction": torch.from_numpy(to_uint8(run.decode(code))), "code": code}


def make_probe(grid: Grid, data: ImageData) -> Probe:
    """The probe images of a grid's data set, with PCA at every latent size of its members."""
    from aecore.analysis.projection import pca_baseline
    from aecore.data import to_uint8, unit_range

    index = probe_index(data)
    images = data.test_images[index]
    baseline = pca_baseline(data)
    sizes = sorted({config.model.latent_size for config in grid.members})
    return Probe(
        images.numpy(),
        data.test_labels[index].numpy(),
        {n: to_uint8(baseline.reconstruct(unit_range(images), n)) for n in sizes},
    )


def find_probe(info: GridInfo, load: Callable[[str], ImageData] | None = None) -> Probe | None:
    """A grid's probe images: its own, or made from its data set; None where neither is here.

    `load` gives a data set by its name; else `data.load` does. Torch is imported only where they are made.
    """
    try:
        if (found := read_probe(info.path)) is not None:
            return found
        from aecore import data

        return make_probe(info.grid, (load or data.load)(info.config.data.name))
    except ValueError:
        return None
