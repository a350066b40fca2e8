"""What is done to the images that a denoising network sees; the clean image stays its target.

Vincent et al. 2008, "Extracting and composing robust features with denoising autoencoders". Every corruption
is a function of the image and of `Noise`, so that whoever has the same seed, epoch and image number sees the
same noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from aecore.batch import Noise
from aecore.config import TrainConfig

EVALUATION = -1
"""The epoch of the noise with which images are looked at; those of training count from 0."""
_STREAM = 1_000
"""First stream of the noise used here; other uses of the same seed, epoch and image take others."""


def corrupt(images: Tensor, config: TrainConfig, noise: Noise) -> Tensor:
    """Images ... x C x H x W in [0, 1] as the encoder of `config` sees them; a new tensor.

    noise: its `step` holds the images' numbers, one each (shape ... ), and its seed fits beside them.
    """
    return CORRUPTIONS[config.corruption](images, config.corruption_level, noise.spread(3))


def field(corruption: str, shape: tuple[int, int, int], noise: Noise) -> Tensor:
    """The random numbers of an image of `shape` (C, H, W) on which a corruption's level acts, of `FIELDS`.

    They do not depend on the level: as it rises, a pixel once corrupted stays so. Normal, ... x C x H x W,
    for gaussian; uniform in (0, 1), ... x 1 x H x W, for masking and salt_and_pepper.
    """
    return FIELDS[corruption](shape, noise.spread(3), None)


def _normal(shape: torch.Size | tuple[int, ...], noise: Noise, device: torch.device | None) -> Tensor:
    """One normal number a value."""
    return noise.normal(*shape[-3:], stream=_STREAM, device=device)


def _uniform(shape: torch.Size | tuple[int, ...], noise: Noise, device: torch.device | None) -> Tensor:
    """One number in (0, 1) a pixel, for all its channels."""
    return noise.uniform(1, *shape[-2:], stream=_STREAM, device=device)


FIELDS = {"gaussian": _normal, "masking": _uniform, "salt_and_pepper": _uniform}
"""By `train.corruption`: those that treat each pixel by itself."""


def _gaussian(images: Tensor, level: float, noise: Noise) -> Tensor:
    """Normal noise of standard deviation `level` is added to each value; the sum is not clipped."""
    return images + level * _normal(images.shape, noise, images.device).to(images.dtype)


def _masking(images: Tensor, level: float, noise: Noise) -> Tensor:
    """Each pixel, with all its channels, is set to black with probability `level`."""
    return images * (_uniform(images.shape, noise, images.device) >= level)


def _salt_and_pepper(images: Tensor, level: float, noise: Noise) -> Tensor:
    """Each pixel, with all its channels, is set to black or to white with probability `level` / 2 each."""
    draw = _uniform(images.shape, noise, images.device)
    return torch.where(draw < level, (draw < level / 2).to(images.dtype), images)


def _blocks(images: Tensor, level: float, noise: Noise) -> Tensor:
    """One rectangle of the image's proportions and of `level` of its area is set to black, anywhere in it."""
    rows = _span(images.shape[-2], level, noise, 1).unsqueeze(-1)
    columns = _span(images.shape[-1], level, noise, 2).unsqueeze(-2)
    return images.masked_fill(rows & columns, 0)


def _span(size: int, level: float, noise: Noise, stream: int) -> Tensor:
    """Which of `size` places lie in a span of sqrt(level) of them, whose start is drawn: ... x 1 x size."""
    length = round(size * math.sqrt(level))
    draw = noise.uniform(1, 1, 1, stream=_STREAM + stream)
    start = (draw * (size - length + 1)).floor()
    place = torch.arange(size, device=start.device)
    return ((place >= start) & (place < start + length)).squeeze(-2)


def _blur(images: Tensor, level: float, noise: Noise) -> Tensor:
    """A Gaussian of standard deviation `level` pixels is laid over the image, its edge repeated outwards."""
    if not level:
        return images.clone()
    # Far enough out for the weights to vanish; the edge is repeated, so a blur may exceed a small image.
    reach = math.ceil(3 * level)
    weights = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype).div(level)
    weights = weights.square().mul(-0.5).exp()
    weights /= weights.sum()
    flat = images.reshape(-1, 1, *images.shape[-2:])
    padded = functional.pad(flat, (reach,) * 4, mode="replicate")
    down = functional.conv2d(padded, weights.view(1, 1, -1, 1))
    return functional.conv2d(down, weights.view(1, 1, 1, -1)).view(images.shape)


CORRUPTIONS: dict[str, Callable[[Tensor, float, Noise], Tensor]] = {
    "none": lambda images, level, noise: images.clone(),
    "gaussian": _gaussian,
    "masking": _masking,
    "salt_and_pepper": _salt_and_pepper,
    "blocks": _blocks,
    "blur": _blur,
}
"""By `train.corruption`; each keeps the images' shape and type."""
