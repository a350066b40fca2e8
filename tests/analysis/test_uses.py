"""Denoising and labelling: figures against their definitions."""

import numpy as np
import pytest
import torch

from aecore.analysis import uses
from aecore.analysis.denoising import psnr


def test_denoising_figures_are_those_of_each_picture():
    x = torch.rand(100, 1, 8, 8)
    found = uses.denoise(x, 0.5, lambda image: image.clamp(0, 1), lambda image: image * 0 + 0.5)
    noisy = uses.with_gaussian_noise(x, 0.5)
    assert found.noisy == pytest.approx(psnr(x, noisy))
    assert found.network == pytest.approx(psnr(x, noisy.clamp(0, 1)))
    assert found.pca == pytest.approx(psnr(x, torch.full_like(x, 0.5)))
    assert found.clean == float("inf")
    assert found.noisy < found.network


def test_accuracy_of_the_nearest_labelled_point():
    train = np.array([[0.0], [10.0], [0.2], [10.2]])
    labels = np.array([0, 1, 0, 1])
    found = uses.accuracy_by_labels(train, labels, [[0.1], [9.0], [4.0]], [0, 1, 1], (1, 4), draws=6)
    # One label names everything after itself; all four name the first two rightly and the third wrongly.
    assert set(found[:, 0].round(6)) <= {round(1 / 3, 6), round(2 / 3, 6)}
    assert found[:, 1] == pytest.approx(np.full(6, 2 / 3))


def test_two_kinds_of_features_see_the_same_images_labelled():
    points, labels = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 4
    here = uses.accuracy_by_labels(points, labels, points, labels, (5, 20))
    there = uses.accuracy_by_labels(points * 7 + 1, labels, points * 7 + 1, labels, (5, 20))
    assert here == pytest.approx(there)
    with pytest.raises(ValueError, match="not 61"):
        uses.accuracy_by_labels(points, labels, points, labels, (61,))
