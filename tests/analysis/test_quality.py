"""Further figures against references written out here."""

import numpy as np
import pytest
import torch

from aecore import data
from aecore.analysis import quality
from aecore.analysis.metrics import errors_on, errors_on_test_images
from aecore.analysis.projection import pca_baseline
from aecore.data import unit_range
from aecore.store.run import Run
from aecore.training.single import train
from tests.samples import tiny_config


def trained_run(config):
    digits = data.load(config.data.name)
    training = train(config, digits)
    list(training)
    return Run(None, "", config, digits.shape, training.images.scaling, training.model.eval())


def ssim_by_hand(a, b, window):
    """Equation 13 of Wang et al. 2004 at every place that a uniform window fits, sample (co)variances."""
    values = []
    for top in range(a.shape[0] - window + 1):
        for left in range(a.shape[1] - window + 1):
            p = a[top : top + window, left : left + window].ravel()
            q = b[top : top + window, left : left + window].ravel()
            v = np.cov(p, q)
            above = (2 * p.mean() * q.mean() + 0.01**2) * (2 * v[0, 1] + 0.03**2)
            below = (p.mean() ** 2 + q.mean() ** 2 + 0.01**2) * (v[0, 0] + v[1, 1] + 0.03**2)
            values.append(above / below)
    return np.mean(values)


@pytest.mark.parametrize(("side", "window"), [(12, 7), (8, 7), (6, 5), (5, 5)])
def test_ssim_is_the_mean_over_windows(side, window):
    x, y = torch.rand(2, 3, 1, side, side)
    found = quality.ssim(x, y)
    pairs = zip(x[:, 0].double().numpy(), y[:, 0].double().numpy(), strict=True)
    assert found == pytest.approx([ssim_by_hand(a, b, window) for a, b in pairs])


def test_ssim_of_equal_images_is_one_and_channels_are_averaged():
    x, y = torch.rand(2, 4, 3, 9, 9)
    assert quality.ssim(x, x) == pytest.approx(np.ones(4))
    apart = [quality.ssim(x[:, c : c + 1], y[:, c : c + 1]) for c in range(3)]
    assert quality.ssim(x, y) == pytest.approx(np.mean(apart, axis=0))


def test_effective_rank_counts_equal_directions():
    codes = torch.cat([torch.eye(3), -torch.eye(3)])
    assert quality.effective_rank(codes) == pytest.approx(3)
    assert quality.effective_rank(torch.cat([codes, torch.zeros(6, 2)], dim=1) + 7) == pytest.approx(3)
    line = torch.arange(5.0)[:, None] * torch.tensor([1.0, 2.0, 3.0])
    assert quality.effective_rank(line) == pytest.approx(1, abs=1e-4)
    assert quality.effective_rank(torch.full((4, 3), 0.3)) == 0


def test_effective_rank_of_two_unequal_directions_is_the_entropys_exponential():
    codes = torch.tensor([[3.0, 0], [-3, 0], [0, 1], [0, -1]])
    p = np.array([0.75, 0.25])
    assert quality.effective_rank(codes) == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    # Neither a rotation nor the scale matters.
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    assert quality.effective_rank(5 * codes @ turn) == pytest.approx(quality.effective_rank(codes))


def test_effective_rank_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match="not finite"):
        quality.effective_rank(torch.tensor([[1.0, float("nan")], [0.0, 1.0]]))


def test_the_mean_image_explains_nothing_and_a_perfect_one_everything():
    assert quality.explained_variance(4.0, 4.0) == 0
    assert quality.explained_variance(0.0, 4.0) == 1
    assert quality.explained_variance(6.0, 4.0) == -0.5
    assert np.isnan(quality.explained_variance(1.0, 0.0))


def test_errors_by_class_leave_out_classes_without_images():
    found = quality.class_errors(np.array([1.0, 3, 8]), np.array([2, 2, 0]), ["a", "b", "c"])
    assert found == {"a": 8.0, "c": 2.0}


def test_all_figures_of_a_run():
    run, digits = trained_run(tiny_config(data__name="digits", train__epochs=2)), data.load("digits")
    codes, errors = run.encode(digits.test_images), errors_on_test_images(run, digits)
    baseline = pca_baseline(digits)
    found = quality.measure(run, digits, codes, errors, baseline)
    x = unit_range(digits.test_images)
    assert found.ssim_images == len(x)
    assert found.ssim == pytest.approx(quality.ssim(x, run.reconstruct(x)).mean(), abs=1e-6)
    mean = unit_range(digits.train_images).mean(0)
    variance = (x - mean).square().flatten(1).sum(1).double().mean().item()
    assert found.explained_variance == pytest.approx(1 - errors.double().mean().item() / variance, abs=1e-5)
    counts = np.bincount(digits.test_labels.numpy())
    weighted = sum(n * e for n, e in zip(counts, found.class_errors.values(), strict=True)) / counts.sum()
    assert weighted == pytest.approx(errors.double().mean().item())
    assert 1 <= found.effective_rank <= found.units == run.latent_size
    train, held_out = digits.split(run.config.data.validation_fraction, run.config.data.split_seed)
    assert found.gap.train == pytest.approx(errors_on(run, digits.train_images[train]).double().mean().item())
    assert found.gap.validation == pytest.approx(
        errors_on(run, digits.train_images[held_out]).double().mean().item()
    )


def test_without_held_out_images_there_is_no_gap():
    config = tiny_config(data__name="digits", data__validation_fraction=0.0, train__epochs=1)
    assert quality.measure_gap(trained_run(config), data.load("digits")) is None


def test_a_gap_is_clear_beyond_two_standard_errors():
    assert quality.Gap(1.0, 1.5, 0.2).is_clear
    assert not quality.Gap(1.0, 1.3, 0.2).is_clear
