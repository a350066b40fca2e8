"""A small classifier of a data set's images, whose features tell how alike two sets of images are.

It stands in for the Inception network of the Fréchet Inception Distance (Heusel et al. 2017), which knows
photographs and would have to be fetched. Distances in its features compare with each other on one data set
and with nothing that is published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from aecore.data import ImageData, unit_range
from aecore.kept import digest
from aecore.results import ClassifierRecord

FEATURES = 64
STEPS, PASSES, BATCH, PEAK = 2000, 100, 128, 3e-3
"""Of the training: updates at most, passes through the images at most, images in an update, and the highest
learning rate of a one-cycle schedule."""
_PASS, _PASS_VALUES = 1024, 1 << 24
LARGEST_SIDE = 64
"""Pixels a side that it sees at most: larger images are averaged down, or training would take minutes."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier in evaluation mode."""

    network: nn.Sequential
    record: ClassifierRecord

    @property
    def digest(self) -> str:
        """Tells classifiers apart by their weights."""
        return digest(*(tensor.float().numpy() for tensor in self.network.state_dict().values()))

    def features(self, images: Tensor) -> Tensor:
        """The last hidden layer: float32 N x 64. Images are uint8, or float and clipped to [0, 1]."""
        return _through(self.network[:-1], images)

    def predict(self, images: Tensor) -> Tensor:
        """The class that gets the highest score: int64, N."""
        return _through(self.network, images).argmax(1)


def _through(layers: nn.Sequential, images: Tensor) -> Tensor:
    size = min(_PASS, max(1, _PASS_VALUES // images[0].numel()))
    with torch.no_grad():
        return torch.cat([layers(_seen(part)) for part in images.split(size)])


def _seen(images: Tensor) -> Tensor:
    """Images as the classifier sees them: float in [0, 1], at most `LARGEST_SIDE` pixels a side."""
    x = unit_range(images).clamp(0, 1)
    size = _seen_size(*images.shape[2:])
    return x if x.shape[2:] == size else interpolate(x, size=size, mode="area")


def _seen_size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def network(shape: tuple[int, int, int], classes: int) -> nn.Sequential:
    """Three convolutions of stride 2, a hidden layer of 64, scores of the classes; images are C x H x W."""
    channels, (height, width) = shape[0], _seen_size(*shape[1:])
    area = -(-height // 8) * -(-width // 8)
    return nn.Sequential(
        nn.Conv2d(channels, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * area, FEATURES),
        nn.ReLU(),
        nn.Linear(FEATURES, classes),
    )


def train(data: ImageData, on_progress: Callable[[float], None] | None = None, seed: int = 0) -> Classifier:
    """Trains on the training images; `on_progress` is told the part that is done after each update.

    Depends on the data and the seed alone; the global random state is left as it was. Raises ValueError in
    one sentence for images of a single class.
    """
    if len(data.train_labels.unique()) < 2:
        raise ValueError("a classifier needs images of at least two classes")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = network(data.shape, len(data.class_names))
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters())
    steps = min(STEPS, PASSES * -(-len(data.train_images) // BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, steps)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(1, steps + 1):
        if not len(order):
            order = torch.randperm(len(data.train_images), generator=random)
        batch, order = order[:BATCH], order[BATCH:]
        loss = cross_entropy(model(_seen(data.train_images[batch])), data.train_labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if on_progress is not None:
            on_progress(step / steps)
    model.eval().requires_grad_(False)
    right = _through(model, data.test_images).argmax(1) == data.test_labels
    record = ClassifierRecord(
        data=data.name,
        checksum=data.checksum,
        shape=data.shape,
        classes=len(data.class_names),
        seed=seed,
        steps=steps,
        accuracy=float(right.double().mean()),
        test_images=len(right),
    )
    return Classifier(model, record)


def restore(tensors: dict[str, Tensor], record: ClassifierRecord) -> Classifier:
    """The classifier of a file's tensors; ValueError in one sentence where they do not fit."""
    channels, height, width = record.shape
    model = network((channels, height, width), record.classes)
    try:
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise ValueError(f"the classifier's weights do not fit: {' '.join(str(error).split())}") from error
    return Classifier(model.eval().requires_grad_(False), record)
