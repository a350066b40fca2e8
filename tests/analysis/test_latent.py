"""Paths, sheets and directions against what their definitions say, and drawings against MNIST's own way."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from aecore.analysis import latent
from aecore.analysis.neighbors import Neighbors
from aecore.config import Config, LossConfig
from aecore.data.drawing import centred_drawing

codes = arrays(np.float32, (3, 4), elements=st.floats(-10, 10, width=32))


@pytest.mark.parametrize("kind", ["straight", "spherical"])
@given(codes)
def test_a_path_begins_and_ends_at_its_codes(kind, ends):
    t, places = latent.path(kind, ends[:2], 7)
    assert (t[0], t[-1]) == (0, 1)
    np.testing.assert_allclose(places[[0, -1]], ends[:2], atol=1e-4)
    assert places.dtype == np.float32


@given(codes)
def test_a_path_through_a_third_meets_it_half_way(ends):
    t, places = latent.path("through", ends, 9)
    np.testing.assert_allclose(places[[0, 4, 8]], ends, atol=1e-5)
    np.testing.assert_allclose(places[2], (ends[0] + ends[1]) / 2, atol=1e-5)
    assert t[4] == 0.5


@given(codes)
def test_the_path_beyond_the_ends_lies_on_the_line_through_them(ends):
    t, places = latent.path("beyond", ends[:2], 21)
    assert (t[0], t[-1]) == (-0.5, 1.5)
    np.testing.assert_allclose(places, ends[0] + t[:, None] * (ends[1] - ends[0]), atol=1e-4)


def test_spherical_keeps_the_length_and_turns_evenly():
    ends = np.array([[3, 0, 0], [0, 3, 0]], np.float32)
    t, places = latent.path("spherical", ends, 5)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(np.degrees(np.arctan2(places[:, 1], places[:, 0])), 90 * t, atol=1e-4)


@pytest.mark.parametrize("b", [[2.0, 4.0], [-1.0, -2.0], [0.0, 0.0], [1.0, 2.0]])
def test_spherical_is_straight_on_a_line_through_the_origin(b):
    ends = np.array([[1, 2], b], np.float32)
    np.testing.assert_allclose(
        latent.path("spherical", ends, 5)[1], latent.path("straight", ends, 5)[1], atol=1e-5
    )


def test_spherical_is_offered_with_a_gaussian_prior_only():
    assert "spherical" not in latent.path_kinds(Config())
    assert latent.path_kinds(Config(loss=LossConfig(code_l2=1e-3))) == list(latent.PATHS)
    assert "spherical" not in latent.path_kinds(Config(loss=LossConfig(code_l1=1e-3)))


@pytest.mark.parametrize(
    ("kind", "ends", "steps", "message"),
    [
        ("curly", np.zeros((2, 3)), 5, "straight, spherical, through, beyond"),
        ("straight", np.zeros((3, 3)), 5, "takes 2 codes, not 3"),
        ("through", np.zeros((2, 3)), 5, "takes 3 codes, not 2"),
        ("straight", np.zeros((2, 3)), 1, "at least 2 steps"),
        ("straight", np.full((2, 3), np.nan), 5, "finite"),
    ],
)
def test_a_path_that_can_not_be_is_refused_in_a_sentence(kind, ends, steps, message):
    with pytest.raises(ValueError, match=message):
        latent.path(kind, ends, steps)


def test_cross_fade_mixes_pixels_and_stays_in_range():
    images = np.stack([np.zeros((1, 2, 2)), np.ones((1, 2, 2))]).astype(np.float32)
    fade = latent.cross_fade(images, np.array([-0.5, 0, 0.25, 1, 1.5]))
    assert fade[:, 0, 0, 0].tolist() == [0, 0, 0.25, 1, 1]
    assert fade.shape == (5, 1, 2, 2)


def test_the_sheet_is_bilinear():
    corners = np.array([[0, 0], [1, 0], [0, 2], [1, 2]], np.float32)
    sheet = latent.sheet(corners, 3, 5)
    np.testing.assert_allclose(sheet[..., 0], np.tile(np.linspace(0, 1, 5), (3, 1)), atol=1e-6)
    np.testing.assert_allclose(sheet[..., 1], np.tile(np.linspace(0, 2, 3)[:, None], (1, 5)), atol=1e-6)
    with pytest.raises(ValueError, match="4 codes"):
        latent.sheet(corners[:3], 3, 3)


def test_the_usual_band_is_that_of_unseen_codes():
    rng = np.random.default_rng(0)
    neighbors = Neighbors(rng.normal(size=(500, 3)))
    unseen = rng.normal(size=(400, 3))
    low, high = latent.usual_band(neighbors, unseen)
    remoteness, _ = neighbors.remoteness(unseen)
    assert ((remoteness >= low) & (remoteness <= high)).mean() == pytest.approx(0.9, abs=0.01)
    assert neighbors.remoteness(np.full((1, 3), 20.0))[0][0] > high


def test_stretches_are_the_unbroken_runs():
    t = np.linspace(0, 1, 6)
    assert latent.stretches(t, np.array([1, 0, 1, 1, 0, 1], bool)) == [
        (0, 0),
        (pytest.approx(0.4), pytest.approx(0.6)),
        (1, 1),
    ]
    assert latent.stretches(t, np.zeros(6, bool)) == []


def test_the_nearest_image_has_the_smallest_squared_error(monkeypatch):
    monkeypatch.setattr("aecore.data.images.AT_ONCE", 12 * 2048)
    images = torch.randint(0, 256, (9000, 1, 4, 3), dtype=torch.uint8)
    queries = torch.rand(5, 1, 4, 3)
    expected = (queries[:, None] - images / 255).square().flatten(2).sum(2).min(1)
    errors, numbers = latent.nearest_images(queries, images)
    np.testing.assert_allclose(errors, expected.values, atol=1e-4)
    assert numbers.tolist() == expected.indices.tolist()
    errors, numbers = latent.nearest_images((images[8999:] / 255).numpy(), images)
    np.testing.assert_allclose(errors, 0, atol=1e-5)
    assert numbers.tolist() == [8999]
    some = torch.arange(3, 9000, 7)
    errors, numbers = latent.nearest_images(queries, images, some)
    expected = (queries[:, None] - images[some] / 255).square().flatten(2).sum(2).min(1)
    np.testing.assert_allclose(errors, expected.values, atol=1e-4)
    assert numbers.tolist() == some[expected.indices].tolist()


def test_cohens_d_is_the_textbook_value():
    first, second = (
        np.array([2.0, 4, 7, 3, 7, 35, 8, 9]),
        np.array([i * 2 for i in (11, 16, 3, 4, 5, 4, 3, 2)]),
    )
    pooled = np.sqrt((7 * first.var(ddof=1) + 7 * second.var(ddof=1)) / 14)
    assert latent.cohens_d(first, second) == pytest.approx((second.mean() - first.mean()) / pooled)
    assert latent.cohens_d(second, first) == -latent.cohens_d(first, second)
    assert np.isnan(latent.cohens_d(first[:1], second))
    assert latent.cohens_d(np.ones(3), np.ones(3)) == 0
    assert latent.cohens_d(np.ones(3), np.zeros(3)) == -np.inf


@pytest.mark.parametrize("d", [0.0, 1.0, -3.0, 4.0])
def test_the_overlap_is_the_area_under_both_densities(d):
    x = np.linspace(-12, 12, 20_001)
    area = np.minimum(norm.pdf(x, -d / 2), norm.pdf(x, d / 2)).sum() * (x[1] - x[0])
    assert latent.normal_overlap(d) == pytest.approx(area, abs=1e-4)


def test_the_error_of_cohens_d_is_its_spread_over_samples():
    rng = np.random.default_rng(5)
    found = [latent.cohens_d(rng.normal(size=60), rng.normal(2.0, size=90)) for _ in range(3000)]
    assert latent.cohens_d_error(2.0, 60, 90) == pytest.approx(np.std(found), rel=0.1)


def test_a_direction_leads_from_mean_to_mean_and_projects_them_to_0_and_1():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(200, 4)), rng.normal([3, 0, 0, 0], size=(300, 4))
    found = latent.direction(a, b)
    np.testing.assert_allclose(found.step, b.mean(0) - a.mean(0), atol=1e-5)
    assert found.projections[0].mean() == pytest.approx(0, abs=1e-5)
    assert found.projections[1].mean() == pytest.approx(1, abs=1e-5)
    assert found.cohens_d == pytest.approx(3, abs=0.3)


def test_a_direction_is_scored_on_codes_it_was_not_made_from():
    """Between two halves of one cloud there is no true difference, only one that fits the sample."""
    rng = np.random.default_rng(2)
    a, b, c, d = rng.normal(size=(4, 20, 60))
    assert latent.direction(a, b).cohens_d > 1.5
    assert abs(latent.direction(a, b, scored=(c, d)).cohens_d) < 1


def test_a_direction_that_can_not_be_is_refused_in_a_sentence():
    points = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.raises(ValueError, match="same mean"):
        latent.direction(points, points)
    with pytest.raises(ValueError, match="the second group"):
        latent.direction(points, points[:0])


def centre_of_mass(image):
    places = torch.stack(torch.meshgrid(*(torch.arange(n) + 0.5 for n in image.shape), indexing="ij"))
    return (places * image).flatten(1).sum(1) / image.sum()


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 32)])
def test_a_drawing_is_scaled_into_the_box_and_centred(shape):
    ink = torch.zeros(112, 112)
    ink[5:60, 70:78] = 1
    ink[50:60, 70:100] = 1
    image = centred_drawing(ink, shape)
    assert tuple(image.shape) == shape
    assert 0 <= image.min() <= image.max() <= 1
    rows = (image[0] > 0.02).any(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == round(20 / 28 * shape[1])
    centre = centre_of_mass(image[0])
    # The pixel below and right of the middle.
    beyond = centre - torch.tensor(shape[1:]) / 2
    assert beyond.min() >= -1e-4
    assert beyond.max() < 1
    assert all(torch.equal(image[0], channel) for channel in image)


def test_a_drawing_does_not_depend_on_where_it_was_drawn():
    ink = torch.zeros(112, 112)
    ink[10:50, 20:30] = 1
    moved = ink.roll((40, 60), (0, 1))
    assert torch.equal(centred_drawing(ink, (1, 28, 28)), centred_drawing(moved, (1, 28, 28)))


def test_an_empty_drawing_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="nothing was drawn"):
        centred_drawing(torch.zeros(112, 112), (1, 28, 28))


@pytest.mark.mnist
def test_an_mnist_digit_drawn_again_stays_as_it_is():
    from aecore import data

    digits = data.load("mnist").test_images[:200, 0].float() / 255
    again = torch.stack([centred_drawing(digit, (1, 28, 28))[0] for digit in digits])
    assert (again - digits).abs().max() < 1e-5
