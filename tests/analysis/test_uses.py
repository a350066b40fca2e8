"""Denoising: figures against their definitions."""

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
