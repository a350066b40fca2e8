"""Denoising and sampling: figures against their definitions."""

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


def test_samples_have_the_mean_and_covariance_of_the_codes():
    mix = torch.tensor([[2.0, 0.0], [1.5, 0.5]])
    codes = torch.randn(500, 2) @ mix.T + torch.tensor([3.0, -1.0])
    samples = uses.gaussian_samples(codes, 40_000)
    assert samples.dtype == torch.float32
    assert samples.mean(0).numpy() == pytest.approx(codes.mean(0).numpy(), abs=0.05)
    assert np.cov(samples.T.numpy()) == pytest.approx(np.cov(codes.T.numpy()), abs=0.12)


def test_a_unit_that_never_varies_stays_where_it_is():
    codes = torch.stack([torch.randn(30), torch.full((30,), 2.0)], dim=1)
    assert uses.gaussian_samples(codes, 10)[:, 1].numpy() == pytest.approx(np.full(10, 2.0), abs=1e-5)
    with pytest.raises(ValueError, match="at least 2 codes"):
        uses.gaussian_samples(codes[:1], 3)
