"""Scores of generated images, against the formulas of their papers."""

import numpy as np
import pytest
import scipy.linalg
import torch

from aecore.analysis import generation
from aecore.analysis.generation import Balls, Moments, Spread, frechet_distance, moments
from aecore.analysis.pixels import mean_image
from tests.samples import tiny_data


def brute_force(real: np.ndarray, made: np.ndarray, k: int) -> tuple[float, float]:
    """Density and coverage as Naeem et al. 2020 write them, point by point."""
    between = np.linalg.norm(real[:, None] - made[None], axis=2)
    among = np.linalg.norm(real[:, None] - real[None], axis=2)
    radii = np.sort(among, axis=1)[:, k]  # Column 0 is the point itself.
    inside = between <= radii[:, None]
    return inside.sum() / (k * len(made)), inside.any(axis=1).mean()


def test_frechet_distance_is_the_formula_with_the_root_of_the_product():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(200, 5)), rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) + 1
    of_a, of_b = moments(a), moments(b)
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(of_a, of_b) == pytest.approx(expected, rel=1e-5)
    assert frechet_distance(of_b, of_a) == pytest.approx(expected, rel=1e-5)


def test_frechet_distance_of_special_cases():
    points = np.random.default_rng(1).normal(size=(100, 4))
    same = moments(points)
    assert frechet_distance(same, same) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(same, moments(points + np.array([1, 0, 0, 2]))) == pytest.approx(5, rel=1e-5)
    # Of one image again and again, and of features that never vary.
    still = Moments(np.zeros(4), np.zeros((4, 4)))
    assert frechet_distance(still, same) == pytest.approx(
        np.square(same.mean).sum() + np.trace(same.covariance)
    )
    wide = Moments(np.zeros(1), np.array([[9.0]]))
    assert frechet_distance(wide, Moments(np.zeros(1), np.array([[1.0]]))) == pytest.approx(4)
    with pytest.raises(ValueError, match="at least 2 images"):
        moments(points[:1])


@pytest.mark.parametrize("k", [1, 3, 5])
def test_density_and_coverage_are_those_of_the_paper(k):
    rng = np.random.default_rng(k)
    real, made = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(60, 3)).astype(np.float32)
    found = Balls(real, k).density_and_coverage(made * 0.7 + 0.2)
    assert found == pytest.approx(brute_force(real, (made * 0.7 + 0.2).astype(np.float32), k))


def test_density_and_coverage_of_the_same_distribution_and_of_another():
    rng = np.random.default_rng(0)
    real, alike, far = rng.normal(size=(2000, 4)), rng.normal(size=(2000, 4)), np.full((50, 4), 99.0)
    density, coverage = Balls(real).density_and_coverage(alike)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.02)
    assert Balls(real).density_and_coverage(real)[1] == 1
    assert Balls(real).density_and_coverage(far) == (0, 0)
    # One real point again and again: as dense as the balls that hold it, and only these are covered.
    density, coverage = Balls(real).density_and_coverage(np.repeat(real[:1], 500, axis=0))
    assert density == pytest.approx(2000 * coverage / 5)
    assert 0 < coverage < 0.1


def features(images: torch.Tensor) -> torch.Tensor:
    return images.float().flatten(1)[:, :6]


def test_the_reference_measures_real_images_and_the_mean_image_in_the_same_way():
    data = tiny_data(400)
    found = generation.reference(data, lambda images: features(images) / 255)
    assert found.count == 20
    known = features(data.train_images).numpy() / 255
    assert found.moments.mean == pytest.approx(known.astype(np.float64).mean(0), abs=1e-6)
    assert found.floor.frechet < found.ceiling.frechet
    assert found.ceiling.coverage <= found.floor.coverage
    mean = mean_image(data.train_images)
    torch.testing.assert_close(mean, (data.train_images / 255).mean(0))
    again = generation.reference(data, lambda images: features(images) / 255)
    assert (again.floor, again.ceiling) == (found.floor, found.ceiling)


def test_samples_are_scored_against_training_images():
    data = tiny_data(400)
    found = generation.reference(data, lambda images: images.float().flatten(1)[:, :6])
    same = found.score(data.train_images)
    assert same.frechet == pytest.approx(0, abs=1e-3)
    assert same.coverage == 1
    assert found.score(255 - data.train_images).frechet > same.frechet + 1


def test_too_few_images_are_refused():
    data = tiny_data(5)
    with pytest.raises(ValueError, match="more than 5 training and test images"):
        generation.reference(data, features)


def test_one_sampler_is_nearer_only_where_no_draw_says_otherwise():
    a, b = generation.spread([1.0, 2.0]), generation.spread([2.5, 3.0])
    assert a == Spread(1.5, 1.0, 2.0)
    assert generation.nearer(a, b)
    assert not generation.nearer(b, a)
    assert not generation.nearer(a, generation.spread([1.9, 9.0]))
