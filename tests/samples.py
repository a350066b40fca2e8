"""Small image data and configs that several tests of the core share."""

import torch

from aecore.config import Config
from aecore.data import ImageData


def tiny_data(n: int = 70, shape: tuple[int, int, int] = (1, 6, 5), seed: int = 0) -> ImageData:
    """n training and 20 test images that a small network can learn: two smooth factors and a little noise."""
    random = torch.Generator().manual_seed(seed)
    channels, height, width = shape
    total = n + 20
    a, b = torch.rand(2, total, 1, 1, 1, generator=random)
    rows = torch.linspace(0, 3, height).view(1, 1, height, 1)
    columns = torch.linspace(0, 3, width).view(1, 1, 1, width)
    # Channels differ in mean and spread, so that a mixed-up channel shows.
    level = torch.linspace(0.35, 0.6, channels).view(1, channels, 1, 1)
    images = level + level * 0.5 * torch.sin(rows * (1 + a) + columns * (1 + b))
    images = images + 0.02 * torch.rand(total, *shape, generator=random)
    whole = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    labels = torch.arange(total) % 3
    return ImageData("tiny", whole[:n], labels[:n], whole[n:], labels[n:], ("a", "b", "c"))


def tiny_config(**values) -> Config:
    """A network that trains in milliseconds; dotted fields with a double underscore for the dot."""
    start = {
        "data.name": "digits",
        "model.hidden": (8,),
        "model.latent_size": 3,
        "train.epochs": 3,
        "train.batch_size": 16,
        "train.device": "cpu",
    }
    return Config().with_values(start | {k.replace("__", "."): v for k, v in values.items()})
