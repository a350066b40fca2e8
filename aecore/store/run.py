"""A trained model as it is used: images in [0, 1] to codes and back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aecore.config import Config
from aecore.data import ImageData, Scaling
from aecore.kept import digest
from aecore.models import AutoEncoder
from aecore.results import EpochRecord, Result

BATCH = 1024
"""Images or codes per pass, at most; keeps the memory of a convolutional model small."""
BATCH_VALUES = 1 << 24
"""Values of the images of a pass, at most: of 256 x 256 pixels in colour 85 images."""


@dataclass(frozen=True)
class Run:
    """What `aecore.load_run` returns. The model is in evaluation mode and is not to be changed."""

    path: Path
    name: str
    config: Config
    shape: tuple[int, int, int]
    """(C, H, W) of the images."""
    scaling: Scaling
    model: AutoEncoder
    history: list[EpochRecord] = field(default_factory=list)
    result: Result | None = None
    """Test figures; None while the run is not finished."""

    @cached_property
    def digest(self) -> str:
        """Tells networks apart by all that codes and reconstructions depend on: settings and weights."""
        state = {name: tensor.detach().cpu() for name, tensor in self.model.state_dict().items()}
        # As bytes, since numpy lacks some of the types.
        weights = [(name, str(tensor.dtype), tuple(tensor.shape)) for name, tensor in state.items()]
        content = [tensor.contiguous().flatten().view(torch.uint8).numpy() for tensor in state.values()]
        return digest(self.config.to_dict(), self.shape, self.scaling, weights, *content)

    @property
    def latent_size(self) -> int:
        return self.config.model.latent_size

    def check_images(self, data: ImageData) -> None:
        """ValueError where the images of the data set that the run names are not of its size."""
        if data.shape != self.shape:
            sizes = [" x ".join(map(str, shape)) for shape in (data.shape, self.shape)]
            raise ValueError(
                f"the run names the data set {data.name}, whose images are {sizes[0]}, "
                f"but its network takes {sizes[1]}"
            )

    @property
    def batch(self) -> int:
        """Images or codes per pass."""
        return min(BATCH, max(1, BATCH_VALUES // math.prod(self.shape)))

    def encode(self, x: Tensor | np.ndarray) -> Tensor:
        """Images N x C x H x W, float in [0, 1] or uint8, to codes N x latent_size, float32."""
        x = torch.as_tensor(x)
        if x.ndim != 4 or tuple(x.shape[1:]) != self.shape:
            raise ValueError(
                f"images must have the shape N x {' x '.join(map(str, self.shape))}, not "
                f"{' x '.join(map(str, x.shape))}"
            )
        parts = [self.model.encode(self._normalize(part)).float() for part in self._parts(x)]
        return torch.cat(parts) if parts else torch.empty(0, self.latent_size)

    def decode(self, code: Tensor | np.ndarray) -> Tensor:
        """Codes N x latent_size to images N x C x H x W, float32; a linear output may leave [0, 1]."""
        code = torch.as_tensor(code, dtype=torch.float32)
        if code.ndim != 2 or code.shape[1] != self.latent_size:
            raise ValueError(
                f"codes must have the shape N x {self.latent_size}, not {' x '.join(map(str, code.shape))}"
            )
        parts = [self.scaling.denormalize(self.model.decode(part).float()) for part in self._parts(code)]
        return torch.cat(parts) if parts else torch.empty(0, *self.shape)

    def reconstruct(self, x: Tensor | np.ndarray) -> Tensor:
        """decode(encode(x))"""
        return self.decode(self.encode(x))

    def _normalize(self, x: Tensor) -> Tensor:
        return self.scaling.normalize(x, dtype=torch.float32)

    def _parts(self, rows: Tensor) -> Iterator[Tensor]:
        with torch.no_grad():
            yield from (part for part in rows.split(self.batch) if len(part))
