"""Samplers: their moments, what the temperature does, and that a draw is a function of its seed."""

import numpy as np
import pytest
import torch

from aecore.analysis import sampling

MIX = torch.tensor([[2.0, 0.0], [1.5, 0.5]])


def clusters() -> torch.Tensor:
    """600 codes around (-4, 0), 200 around (4, 1)."""
    left = torch.randn(600, 2) * 0.3 + torch.tensor([-4.0, 0.0])
    right = torch.randn(200, 2) @ MIX.T * 0.2 + torch.tensor([4.0, 1.0])
    return torch.cat([left, right])


def test_the_gaussian_has_the_mean_and_covariance_of_the_codes():
    codes = torch.randn(500, 2) @ MIX.T + torch.tensor([3.0, -1.0])
    samples = sampling.gaussian(codes).draw(40_000, 0)
    assert samples.dtype == torch.float32
    assert samples.mean(0).numpy() == pytest.approx(codes.mean(0).numpy(), abs=0.05)
    assert np.cov(samples.T.numpy()) == pytest.approx(np.cov(codes.T.numpy()), abs=0.12)


def test_the_standard_normal_takes_only_the_number_of_units():
    samples = sampling.standard_normal(clusters()).draw(40_000, 3)
    assert samples.mean(0).numpy() == pytest.approx(np.zeros(2), abs=0.03)
    assert np.cov(samples.T.numpy()) == pytest.approx(np.eye(2), abs=0.03)


def test_the_mixture_finds_the_clusters_and_keeps_between_them_empty():
    codes = clusters()
    found = sampling.mixture(codes, components=2)
    order = np.argsort(found.means[:, 0])
    assert found.weights[order] == pytest.approx([0.75, 0.25], abs=0.01)
    assert found.means[order] == pytest.approx(np.array([[-4, 0], [4, 1]]), abs=0.15)
    for k, part in zip(order, (codes[:600], codes[600:]), strict=True):
        covariance = found.factors[k] @ found.factors[k]
        assert covariance == pytest.approx(np.cov(part.T.numpy(), bias=True), abs=0.01)
    samples = found.draw(5000, 0)
    assert not ((samples[:, 0].abs() < 1.5).any())
    assert (samples[:, 0] > 0).float().mean() == pytest.approx(0.25, abs=0.03)
    between = sampling.gaussian(codes).draw(5000, 0)[:, 0].abs() < 1.5
    assert between.float().mean() > 0.1


@pytest.mark.parametrize("name", sampling.SAMPLERS)
def test_a_draw_depends_on_its_seed_alone_and_begins_alike(name):
    sampler = sampling.SAMPLERS[name](clusters())
    first = sampler.draw(50, 7)
    np.random.default_rng(1).random(10)
    assert torch.equal(sampler.draw(50, 7), first)
    assert torch.equal(sampler.draw(200, 7)[:50], first)
    assert not torch.equal(sampler.draw(50, 8), first)
    assert torch.equal(sampling.SAMPLERS[name](clusters()[torch.arange(800)]).draw(0, 1), first[:0])


def test_the_temperature_scales_the_distance_from_the_components_mean():
    sampler = sampling.gaussian(clusters())
    mean = torch.from_numpy(sampler.means[0]).float()
    warm, half, cold = (sampler.draw(30, 2, t) for t in (1.0, 0.5, 0.0))
    torch.testing.assert_close(half - mean, (warm - mean) / 2)
    torch.testing.assert_close(cold, mean.expand(30, 2))
    of_two = sampling.mixture(clusters(), components=2).draw(400, 0, 0.0)
    assert len(of_two.unique(dim=0)) == 2
    with pytest.raises(ValueError, match="at least 0, not -1"):
        sampler.draw(1, 0, -1)


def test_samplers_share_the_noise_of_a_seed():
    codes = torch.randn(20_000, 3)
    ours, prior = (sampling.SAMPLERS[name](codes).draw(100, 5) for name in ("one Gaussian", "N(0, I)"))
    torch.testing.assert_close(ours, prior, atol=0.1, rtol=0)


def test_codes_may_be_tiny_alike_or_few():
    tiny = clusters() * 1e-6
    found = sampling.mixture(tiny, components=2)
    assert np.sort(found.means[:, 0]) == pytest.approx([-4e-6, 4e-6], rel=0.05)
    still = torch.stack([torch.randn(60), torch.full((60,), 2.0)], dim=1)
    for fit in (sampling.gaussian, sampling.mixture):
        assert fit(still).draw(10, 0)[:, 1].numpy() == pytest.approx(np.full(10, 2.0), abs=0.02)
        with pytest.raises(ValueError, match="at least 2 codes"):
            fit(still[:1])
    dead = torch.zeros(40, 2)
    assert sampling.mixture(dead).draw(5, 0).abs().max() < 0.01
    assert len(sampling.mixture(torch.randn(3, 2)).weights) == 3


def test_a_grid_of_quantiles_is_the_inverse_of_the_distribution_function():
    grid = sampling.standard_normal(torch.zeros(1, 2)).quantile_grid(3).view(3, 3, 2)
    third = 0.9674215661017014  # The 5/6 quantile of N(0, 1).
    assert grid[0, 0].tolist() == pytest.approx([-third, third])
    assert grid[1, 1].tolist() == pytest.approx([0, 0], abs=1e-7)
    assert grid[2, 2].tolist() == pytest.approx([third, -third])
    moved = sampling.gaussian(torch.randn(4000, 2) * 3 + 5).quantile_grid(3).view(3, 3, 2)
    assert moved[1, 1].tolist() == pytest.approx([5, 5], abs=0.2)
    assert (moved[1, 2] - moved[1, 1])[0].item() == pytest.approx(3 * third, rel=0.05)
    with pytest.raises(ValueError, match="two units"):
        sampling.standard_normal(torch.zeros(1, 3)).quantile_grid(3)
    with pytest.raises(ValueError, match="single Gaussian"):
        sampling.mixture(clusters()).quantile_grid(3)
