"""Denoising's figures: against arithmetic, and against scikit-image called directly."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from aecore import data
from aecore.analysis import denoising
from aecore.config import TrainConfig
from tests.samples import tiny_data

DIGITS = data.load("digits").test_images[:60] / 255
TRAIN = TrainConfig(corruption="gaussian", corruption_level=0.3)


def test_the_ratio_is_that_of_scikit_image_over_all_pixels():
    seen = denoising.corrupted(DIGITS, TRAIN)
    expected = peak_signal_noise_ratio(DIGITS.numpy(), seen.numpy(), data_range=1.0)
    assert denoising.score(DIGITS, seen).psnr == pytest.approx(expected, rel=1e-5)
    assert denoising.score(DIGITS, seen).psnr == pytest.approx(-20 * math.log10(0.3), abs=0.2)
    assert denoising.score(DIGITS, DIGITS).psnr == math.inf


def test_the_same_images_are_corrupted_alike_whatever_comes_with_them():
    whole = denoising.corrupted(DIGITS, TRAIN)
    assert torch.equal(denoising.corrupted(DIGITS[20:], TRAIN, first=20), whole[20:])
    assert not torch.equal(denoising.corrupted(DIGITS[20:], TRAIN), whole[20:])


def test_a_gain_is_the_difference_of_the_ratios_and_its_error_that_of_resampled_images():
    random = torch.Generator().manual_seed(0)
    near = DIGITS + 0.1 * torch.randn(DIGITS.shape, generator=random)
    far = DIGITS + 0.2 * torch.randn(DIGITS.shape, generator=random)
    gain, error = denoising.gain(DIGITS, near, far)
    ratios = [denoising.score(DIGITS, made).psnr for made in (near, far)]
    assert gain == pytest.approx(ratios[0] - ratios[1], rel=1e-6)
    a, b = ((made - DIGITS).square().flatten(1).sum(1).numpy() for made in (near, far))
    draws = np.random.default_rng(0).integers(len(a), size=(4000, len(a)))
    resampled = 10 * np.log10(b[draws].mean(1) / a[draws].mean(1))
    assert error == pytest.approx(resampled.std(), rel=0.1)
    assert denoising.gain(DIGITS, near, near)[0] == 0


@pytest.mark.parametrize(
    ("kind", "level", "name"), [("gaussian", 0.2, ""), ("salt_and_pepper", 0.05, "median")]
)
def test_the_filter_that_is_chosen_is_the_best_of_those_offered(kind, level, name):
    clean = tiny_data(2, (1, 28, 28)).test_images / 255
    seen = denoising.corrupted(clean, TrainConfig(corruption=kind, corruption_level=level))
    chosen = denoising.choose_filter(clean, seen)
    errors = {
        found.name: float(np.square(found.apply(seen.clamp(0, 1).numpy()) - clean.numpy()).mean())
        for found in denoising.filters(float((seen - clean).std()))
    }
    assert chosen.name == min(errors, key=errors.get)
    assert errors[chosen.name] < 0.5 * errors["none that helps"]
    assert name in chosen.name


def test_a_curve_holds_each_ways_ratio_at_each_level():
    found = denoising.curve(
        {"nothing": lambda seen: seen, "black": torch.zeros_like}, DIGITS, TRAIN, (0.1, 0.4)
    )
    assert found["nothing"] == pytest.approx([20, -20 * math.log10(0.4)], abs=0.3)
    assert found["black"][0] == found["black"][1] == pytest.approx(-10 * math.log10(DIGITS.square().mean()))
