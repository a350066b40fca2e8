"""A data set's images on the device that trains: their order in an epoch, their cuts, their batches."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aecore.batch import Batch, Noise
from aecore.binarization import binarized
from aecore.config import Config
from aecore.corruption import corrupt
from aecore.data import FloatData, Scaling, TrainingData, scaling, unit_range

DTYPES = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "bfloat16": torch.float32,
    "float64": torch.float64,
}
"""Type of the stored weights; tf32 rounds within products, and bfloat16 is autocast over float32 weights."""


def resolve_device(name: str) -> torch.device:
    """The device that `train.device` names; ValueError in one sentence where this machine has none."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available[name]:
        usable = ", ".join(kind for kind, there in available.items() if there)
        raise ValueError(f"train.device {name} is not on this machine; use {usable} or auto")
    return torch.device(name)


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The order of n training images in an epoch (counted from 0): a permutation, int64, on the CPU."""
    state = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]
    return torch.randperm(n, generator=torch.Generator().manual_seed(int(state >> 1)))


def batch_slices(n: int, batch_size: int) -> list[slice]:
    """Cuts of an epoch. A lone last image is left out: BatchNorm needs two."""
    cuts = [slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    return cuts[:-1] if len(cuts) > 1 and n % batch_size == 1 else cuts


SHIFTS = 1
"""Stream of the noise from which an image's shift is drawn."""


def shifted(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Images (..., C, H, W) moved by `down` and `right` whole pixels, one value an image, of any sign.

    The pixels that come in repeat the image's edge, so that a plain background goes on.
    """
    height, width = images.shape[-2:]
    rows = (torch.arange(height, device=images.device) - down[..., None]).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) - right[..., None]).clamp(0, width - 1)
    place = (width * rows[..., :, None] + columns[..., None, :]).flatten(-2)[..., None, :]
    # One gather over flat images: on the CPU three times as fast as indexing by rows and columns.
    pixels = images.flatten(-2)
    return pixels.gather(-1, place.expand(pixels.shape)).view(images.shape)


RESIDENT_SHARE = 0.5
"""Part of an accelerator's free memory that images may fill; the rest is for the training."""


def fit_on(device: torch.device, images: Tensor) -> bool:
    """Whether all the images may lie on the device; on the CPU they lie where they are."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes <= RESIDENT_SHARE * free


class Images:
    """A data set's images as uint8, normalized batch by batch; or rows of numbers in their place, as floats.

    They are resident on the device, or, where they are too many for it, sent there batch by batch.
    """

    def __init__(self, config: Config, data: TrainingData, device: torch.device) -> None:
        if isinstance(data, FloatData):
            data.check(config.train)
        self.scaling: Scaling = scaling(config.data.normalization, data)
        self.dtype = DTYPES[config.train.precision]
        self.config = config.train
        self.device = device
        self.train = data.train_images.to(device if fit_on(device, data.train_images) else "cpu")
        order, validation = data.split(config.data.validation_fraction, config.data.split_seed)
        self.train_index = order.to(device)
        self.validation_index = validation.to(device)
        std = self.scaling.std
        self.std: float | Tensor = (
            float(std[0])
            if len(set(std)) == 1
            else torch.tensor(std, dtype=self.dtype, device=device).view(-1, 1, 1)
        )

    def epoch_index(self, seed: int, epoch: int) -> Tensor:
        """Indices of the training images in the order of that epoch, on the device."""
        return self.train_index[epoch_order(seed, epoch, len(self.train_index)).to(self.device)]

    def at(self, index: Tensor) -> Tensor:
        """Training images at `index` (any shape) as they are, normalized: *index.shape x C x H x W."""
        return self.normalize(self._gathered(index))

    def moves(self, index: Tensor, noise: Noise) -> Tensor:
        """Pixels by which a training image is shifted down and to the right: 2 x *index.shape of -1, 0, 1.

        They depend on the member's seed, the epoch and the image alone, whatever batch it is in.
        """
        of_images = _noise_of_images(index, noise)
        draws = of_images.uniform(3, *[1] * index.ndim, stream=SHIFTS, device=index.device)
        return torch.where(draws[0] < self.config.shift, (3 * draws[1:]).long() - 1, 0)

    def batch(self, index: Tensor, noise: Noise) -> Batch:
        """What a step is given: the training images at `index`, clean as the target, corrupted as the input.

        Where the config says so, some are shifted and all are binarized first, input and target alike.
        """
        images = self._gathered(index)
        if self.config.shift:
            images = shifted(images, *self.moves(index, noise))
        of_images = _noise_of_images(index, noise)
        return self.corrupted(self._binarized(images, of_images), of_images)

    def corrupted(self, images: Tensor, noise: Noise) -> Batch:
        """uint8 images as input, corrupted as the config says by each one's noise, and as target."""
        target = self.normalize(images)
        if self.config.corruption == "none":
            return Batch(input=target, target=target, noise=noise)
        pixels = corrupt(unit_range(images).to(self.dtype), self.config, noise)
        return Batch(input=self.normalize(pixels), target=target, noise=noise)

    def uncorrupted(self, images: Tensor, noise: Noise) -> Batch:
        """uint8 images as input and target, binarized where the config says so."""
        target = self.normalize(self._binarized(images, noise))
        return Batch(input=target, target=target, noise=noise)

    def _binarized(self, images: Tensor, noise: Noise) -> Tensor:
        return binarized(images, noise) if self.config.binarize else images

    def normalize(self, images: Tensor) -> Tensor:
        return self.scaling.normalize(images, dtype=self.dtype)

    def stored(self, index: Tensor) -> Tensor:
        """Training images at `index` (N numbers), uint8, N x C x H x W, where they are kept."""
        # index_select copies whole images: on the CPU ten times as fast as indexing by a tensor.
        return self.train.index_select(0, index.to(self.train.device))

    def _gathered(self, index: Tensor) -> Tensor:
        """Training images at `index` (any shape), uint8, *index.shape x C x H x W, on the device."""
        images = self.stored(index.reshape(-1)).to(self.device)
        return images.view(*index.shape, *images.shape[1:])


def _noise_of_images(index: Tensor, noise: Noise) -> Noise:
    """Noise that depends on the member's seed, the epoch and each image's number, whatever its batch."""
    seed = noise.seed
    if isinstance(seed, Tensor):
        # Members with the same seed share one batch.
        seed = seed[:, None] if index.ndim > 1 else seed[0]
    return Noise(seed, noise.epoch, index)
