"""Pixel statistics against NumPy on the pixels themselves, which the functions never see."""

import numpy as np
import pytest
import torch

from aecore import data
from aecore.analysis.pixels import class_counts, class_means, fit, histogram, normalized_levels
from aecore.data import level_counts, scaling
from tests.samples import tiny_data

GREY, COLOUR = tiny_data(), tiny_data(shape=(3, 6, 5))
NORMALIZATIONS = ("zero_one", "minus_one_one", "standardized")


def pixels(images, scale):
    return scale.normalize(images.train_images, torch.float64).numpy()


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
def test_levels_are_counted_in_every_channel(images):
    counts = level_counts(images.train_images)
    for c, count in enumerate(counts.numpy()):
        assert np.array_equal(count, np.bincount(images.train_images[:, c].numpy().ravel(), minlength=256))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_histogram_of_grey_pixels_is_numpys(normalization):
    scale = scaling(normalization, GREY)
    edges, shares = histogram(level_counts(GREY.train_images), scale)
    values = pixels(GREY, scale)
    expected, _ = np.histogram(values, edges)
    assert expected.sum() == values.size
    assert np.allclose(shares, expected / values.size, atol=1e-12)


def test_the_histogram_of_channels_scaled_apart_adds_up_each_on_its_own():
    scale = scaling("standardized", COLOUR)
    edges, shares = histogram(level_counts(COLOUR.train_images), scale, bins=8)
    values = pixels(COLOUR, scale)
    assert shares.sum() == pytest.approx(1)
    expected, _ = np.histogram(values, edges)
    # Levels on an edge between two bins are shared by them, so that bins differ by a level's pixels.
    most = level_counts(COLOUR.train_images).max().item() * 3
    assert np.abs(shares * values.size - expected).max() <= most


def test_levels_are_normalized_as_pixels_are():
    scale = scaling("standardized", COLOUR)
    values = normalized_levels(scale)
    levels = COLOUR.train_images[:, 1].long()
    assert np.allclose(values[1][levels].numpy(), pixels(COLOUR, scale)[:, 1])
    assert normalized_levels(scaling("minus_one_one", GREY))[0, [0, 255]].tolist() == [-1, 1]


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize(("output", "start", "end"), [("tanh", -1, 1), ("sigmoid", 0, 1)])
def test_what_is_out_of_reach_is_counted_on_the_pixels(images, normalization, output, start, end):
    scale = scaling(normalization, images)
    found = fit(level_counts(images.train_images), scale, output, images.pixels)
    values = pixels(images, scale)
    assert found.below == pytest.approx((values < start).mean())
    assert found.above == pytest.approx((values > end).mean())
    assert found.at_ends == pytest.approx(((values == start) | (values == end)).mean())
    assert (found.low, found.high) == pytest.approx((values.min(), values.max()))
    nearest = scale.denormalize(torch.from_numpy(values.clip(start, end)))
    errors = (nearest - images.train_images.double() / 255).square().flatten(1).sum(1)
    assert found.least_error == pytest.approx(errors.mean().item(), abs=1e-9)


def test_a_linear_output_reaches_everything_and_leaves_nothing_unused():
    found = fit(level_counts(GREY.train_images), scaling("standardized", GREY), "linear", GREY.pixels)
    assert (found.below, found.above, found.unused, found.least_error) == (0, 0, 0, 0)


def test_tanh_leaves_the_negative_half_to_pixels_from_zero_to_one():
    digits = data.load("digits")
    counts = level_counts(digits.train_images)
    assert fit(counts, scaling("zero_one", digits), "tanh", 64).unused == pytest.approx(0.5)
    assert fit(counts, scaling("minus_one_one", digits), "tanh", 64).unused == 0


def test_counts_and_means_of_classes():
    labels = COLOUR.train_labels
    means = class_means(COLOUR.train_images, labels, 4)
    images = COLOUR.train_images.numpy() / 255
    for c in range(3):
        assert np.allclose(means[c], images[labels.numpy() == c].mean(0), atol=1e-6)
    assert not means[3].any()
    assert class_counts(labels, 4).tolist() == [(labels == c).sum() for c in range(4)]
