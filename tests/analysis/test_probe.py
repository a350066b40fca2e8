"""The test images on which all members of a grid are shown."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore.analysis.probe import make_probe, probe_index
from aecore.analysis.projection import pca_baseline
from aecore.grid import Grid
from tests.samples import tiny_config, tiny_data


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path))


def labelled(*labels):
    """Images whose test labels are these."""
    data = tiny_data()
    return replace(
        data,
        test_images=data.test_images[: len(labels)],
        test_labels=torch.tensor(labels),
        class_names=tuple("abcdefgh"),
    )


def test_the_first_of_each_class_come_first_and_others_fill_up():
    data = labelled(2, 2, 0, 2, 0, 5)
    assert probe_index(data, 5).tolist() == [2, 0, 5, 1, 3]
    assert probe_index(data, 2).tolist() == [2, 0]
    assert probe_index(data, 9).tolist() == [2, 0, 5, 1, 3, 4]


def test_a_probe_holds_pcas_reconstruction_at_every_latent_size_once():
    data = tiny_data()
    grid = Grid(tiny_config(), {"model.latent_size": (2, 5), "train.seed": (0, 1)})
    probe = make_probe(grid, data)
    index = probe_index(data)
    assert np.array_equal(probe.images, data.test_images[index].numpy())
    assert probe.labels.tolist() == data.test_labels[index].tolist()
    assert list(probe.pca) == [2, 5]
    for n, pictures in probe.pca.items():
        assert pictures.dtype == np.uint8
        exact = 255 * pca_baseline(data).reconstruct(data.test_images[index] / 255, n).clamp(0, 1)
        assert np.abs(pictures - exact.numpy()).max() <= 0.51
