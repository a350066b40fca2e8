"""What every test of this folder can ask for."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy import linalg

from aecore import data, store
from aecore.data import ImageData
from aecore.grid import Grid
from aecore.jobs import grid_worker
from aecore.jobs.worker import work
from tests.conftest import ROOT
from tests.engines import InProcess
from tests.pages.conftest import TINY
from tests.truth.recompute import images


@pytest.fixture
def gallery(monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(ROOT / "checkpoints"))


@pytest.fixture(scope="session")
def mnist() -> dict[str, np.ndarray]:
    """Training, test and validation images; of PyTorch only the permutation that defines the split."""
    train = images("train")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0)).numpy()
    return {"train": train, "test": images("t10k"), "validation": train[np.sort(order[:5000])]}


@pytest.fixture(scope="session")
def components(mnist) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the training images in [0, 1] and their principal axes, 784 x 784, the largest first."""
    mean = mnist["train"].mean(0) / 255
    covariance = 0
    for part in np.split(mnist["train"], 6):
        x = part / 255.0 - mean
        covariance = covariance + x.T @ x
    return mean, linalg.eigh(covariance)[1][:, ::-1]


@pytest.fixture(scope="session")
def pca_errors(mnist, components) -> dict[str, np.ndarray]:
    """Squared error of each test image with n principal components of the training images, for some n."""
    mean, axes = components
    test = mnist["test"] / 255.0 - mean
    scores = test @ axes
    left = np.square(test).sum(1)[:, None] - np.cumsum(np.square(scores), axis=1)
    found = {str(n): left[:, n - 1] for n in (2, 4, 8, 12, 32, 64)}
    for n in (2, 12):
        clipped = np.clip(scores[:, :n] @ axes[:, :n].T + mean, 0, 1) - mnist["test"] / 255.0
        found[f"{n} clipped"] = np.square(clipped).sum(1)
    return found | {"0": np.square(test).sum(1)}


class Elsewhere(NamedTuple):
    """Runs and a grid on a data set that needs no files, trained for a moment."""

    root: Path
    runs: dict[str, Path]
    """By name: without a penalty, trained on noise, and with L1 on a ReLU code; the last is the newest."""
    grid: Path
    """Two sizes of code, with L1 and without, at two seeds."""
    data: ImageData


@pytest.fixture(scope="session", params=["digits", "sprites"])
def elsewhere(request, tmp_path_factory) -> Elsewhere:
    root = tmp_path_factory.mktemp(request.param)
    batch = {"digits": 64, "sprites": 256}[request.param]
    config = TINY.with_values({"data.name": request.param, "train.epochs": 2, "train.batch_size": batch})
    noise = {"train.corruption": "masking", "train.corruption_level": 0.5}
    kinds = {
        "noisy": config.with_values(noise),
        "sparse": config.with_values({"model.code_activation": "relu", "loss.code_l1": 0.01}),
        "plain": config,
    }
    axes = {"model.latent_size": (2, 6), "loss.code_l1": (0.0, 0.05), "train.seed": (0, 1)}
    paths = {name: store.create_run(one, name, root) for name, one in kinds.items()}
    for path in paths.values():
        work(path, threads=1)
    grid = store.create_grid(Grid(config.with_values({"train.epochs": 1}), axes), "small", root)
    grid_worker.work(grid, 1, engine=InProcess())
    return Elsewhere(root, paths, grid, data.load(request.param))
