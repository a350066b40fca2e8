import math

import pytest
import torch

from aecore.analysis import metrics
from aecore.data import scaling
from aecore.models import build
from aecore.results import Score
from aecore.store.run import Run
from tests.samples import tiny_config, tiny_data


def run_of(config, data, tmp_path) -> Run:
    model = build(config.model, data.shape, 0).eval().requires_grad_(False)
    return Run(tmp_path, "name", config, data.shape, scaling(config.data.normalization, data), model)


def test_squared_errors_are_sums_over_pixels():
    x, r = torch.rand(2, 5, 3, 4, 4)
    expected = [((x[i] - r[i]) ** 2).sum().item() for i in range(5)]
    assert metrics.squared_errors(x, r).tolist() == pytest.approx(expected)


def test_psnr_follows_from_the_error_of_a_pixel():
    assert Score(7.84, 7.84 / 784).psnr == pytest.approx(20)
    assert Score(0.0, 0.0).psnr == math.inf


@pytest.mark.parametrize("channels", [1, 3])
def test_test_figures_agree_with_a_computation_by_hand(tmp_path, channels):
    data = tiny_data(shape=(channels, 6, 5))
    run = run_of(tiny_config(), data, tmp_path)
    x = data.test_images.double() / 255
    reconstruction = run.decode(run.encode(data.test_images)).double()
    by_hand = ((x - reconstruction) ** 2).sum(dim=(1, 2, 3))
    torch.testing.assert_close(
        metrics.errors_on_test_images(run, data).double(), by_hand, rtol=1e-4, atol=1e-5
    )
    found = metrics.evaluate(run, data)
    assert found.squared_error == pytest.approx(by_hand.mean().item(), rel=1e-4)
    assert found.mse == pytest.approx(found.squared_error / data.pixels)
