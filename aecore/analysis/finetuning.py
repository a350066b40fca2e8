"""The encoder taught further with few labels, beside the same network taught from its initial weights.

Hinton & Salakhutdinov 2006 and Erhan et al. 2010 ask so what training without labels was worth. Both get a
linear layer on the code and are trained alike: Adam, cross-entropy, batches of the labelled images; the
learning rate and the step at which to stop are chosen on validation images.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from aecore.analysis.features import Split, Task
from aecore.data import ImageData
from aecore.models import AutoEncoder, build
from aecore.store.run import Run

COUNTS = (1, 10, 100)
"""Labels a class."""
DRAWS = 5
"""Of the task's draws, the first so many."""
RATES = (5e-4, 3e-3)
STEPS, CHECK, PATIENCE = 400, 10, 8
"""Steps at most, steps between two looks at validation images, and looks without a gain before the end."""
BATCH_SIZE = 64
CHOSEN_ON = 500
"""Validation images at most that are looked at."""
TUNED, SCRATCH = "fine-tuned", "from scratch"
WAYS = (TUNED, SCRATCH)


@dataclass(frozen=True)
class Taught:
    """The classes that test images were given by networks that learnt from the same labels."""

    way: str
    """One of `WAYS`."""
    count: int
    """Labels a class."""
    given: np.ndarray
    """int16, draws x M labels."""
    rate: float
    """Learning rate, the best of `RATES` on validation images over all draws."""


class Classifier(nn.Module):
    """An encoder with a linear layer on its code: normalized images N x C x H x W to scores N x classes."""

    def __init__(self, model: AutoEncoder, latent_size: int, classes: int, seed: int) -> None:
        super().__init__()
        self.model = model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Linear(latent_size, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.model.encode(x))


def classifier(run: Run, way: str, classes: int, seed: int) -> Classifier:
    """A copy of the run's network, or the same network from initial weights of that seed."""
    model = copy.deepcopy(run.model) if way == TUNED else build(run.config.model, run.shape, seed)
    return Classifier(model.requires_grad_(True), run.latent_size, classes, seed)


def teach(
    network: Classifier,
    images: Tensor,
    labels: Tensor,
    validation: tuple[Tensor, Tensor],
    rate: float,
    seed: int,
) -> float:
    """Trains until validation images gain no more; the weights are then those with the least loss on them.

    `images` are normalized, `labels` int64; `validation` holds both. Returns that loss. The same seed gives
    the same bits.
    """
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), rate)
    least, best, since = _loss(network, *validation), copy.deepcopy(network.state_dict()), 0
    for step in range(1, STEPS + 1):
        network.train()
        chosen = torch.randperm(len(images), generator=random)[:BATCH_SIZE]
        optimizer.zero_grad()
        functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
        optimizer.step()
        if step % CHECK:
            continue
        loss = _loss(network, *validation)
        since = 0 if loss < least else since + 1
        if loss < least:
            least, best = loss, copy.deepcopy(network.state_dict())
        if since == PATIENCE:
            break
    network.load_state_dict(best)
    return least


def fine_tuning(
    run: Run, data: ImageData, split: Split, task: Task, counts: Sequence[int] = COUNTS
) -> Iterator[Taught | None]:
    """Teaches every network, few labels first, and gives a `Taught` when a way is done with a count.

    After each of the other networks it gives None: `steps(task, counts)` in all. Whoever wants no more stops
    asking.
    """
    classes = int(max(task.train.max(), task.test.max())) + 1
    few = split.validation[:CHOSEN_ON]
    validation = (_images(run, data.train_images[few]), torch.from_numpy(task.validation[:CHOSEN_ON]))
    tests = data.test_images[split.test]
    for count in _offered(task, counts):
        for way in WAYS:
            losses: list[float] = []
            networks: list[Classifier] = []
            drawn = list(enumerate(task.drawn[count][:DRAWS]))
            for draw, rate in itertools.product(drawn, RATES):
                if losses:
                    yield None
                seed, rows = draw
                images = _images(run, data.train_images[split.train[rows]])
                networks.append(classifier(run, way, classes, seed))
                labels = torch.from_numpy(task.train[rows])
                losses.append(teach(networks[-1], images, labels, validation, rate, seed))
            best = int(np.reshape(losses, (len(drawn), len(RATES))).mean(0).argmin())
            given = np.stack([_given(network, run, tests) for network in networks[best :: len(RATES)]])
            yield Taught(way, count, given, RATES[best])


def steps(task: Task, counts: Sequence[int] = COUNTS) -> int:
    """How many networks `fine_tuning` teaches."""
    return sum(len(task.drawn[count][:DRAWS]) for count in _offered(task, counts)) * len(WAYS) * len(RATES)


def _offered(task: Task, counts: Sequence[int]) -> list[int]:
    return [count for count in counts if count in task.drawn]


def _images(run: Run, images: Tensor) -> Tensor:
    return run.scaling.normalize(images, dtype=torch.float32)


@torch.no_grad()
def _loss(network: Classifier, images: Tensor, labels: Tensor) -> float:
    network.eval()
    return functional.cross_entropy(network(images), labels).item()


@torch.no_grad()
def _given(network: Classifier, run: Run, images: Tensor) -> np.ndarray:
    network.eval()
    parts = [network(_images(run, part)).argmax(1) for part in images.split(run.batch)]
    return torch.cat(parts).numpy().astype(np.int16)
