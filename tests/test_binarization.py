"""Binarized images: black and white with the grey level as the probability, each image's own."""

import pytest
import torch

from aecore.batch import Noise
from aecore.binarization import binarized
from aecore.training.single import Training
from tests.samples import tiny_config, tiny_data

ALL = torch.arange(2_000)


def test_a_pixel_is_white_with_its_grey_level_as_the_probability():
    levels = torch.tensor([0, 1, 64, 128, 254, 255], dtype=torch.uint8)
    images = levels.view(1, 1, 2, 3).expand(2_000, -1, -1, -1)
    found = binarized(images, Noise(0, 0, ALL))
    assert found.dtype == torch.uint8
    assert set(found.unique().tolist()) == {0, 255}
    share = (found == 255).double().mean(0).flatten()
    assert share.tolist() == pytest.approx((levels / 255).tolist(), abs=0.04)
    assert (share[0], share[-1]) == (0, 1)


def test_draws_are_an_images_own_in_each_epoch_whatever_batch_it_is_in():
    images = torch.full((2_000, 1, 4, 4), 128, dtype=torch.uint8)
    start = binarized(images, Noise(3, 1, ALL))
    some = torch.tensor([70, 5, 1_999])
    assert torch.equal(binarized(images[some], Noise(3, 1, some)), start[some])
    for seed, epoch in ((4, 1), (3, 2)):
        other = binarized(images, Noise(seed, epoch, ALL))
        assert (other == start).double().mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("corruption", ["none", "masking"])
def test_input_and_target_are_binarized_alike_and_evaluation_scores_grey_images(corruption):
    data = tiny_data()
    training = Training(tiny_config(train__binarize=True, train__corruption=corruption), data)
    batch = training.images.batch(torch.arange(30), Noise(0, 0, 0))
    assert set(batch.target.unique().tolist()) == {-1, 1}
    if corruption == "none":
        assert torch.equal(batch.input, batch.target)
    else:
        assert (batch.input != batch.target).any()
        assert (batch.input[batch.input != batch.target] == -1).all()
    (found,) = training.evaluate(data.test_images)
    x = data.test_images / 255
    with torch.no_grad():
        out = training.model(2 * x - 1).reconstruction / 2 + 0.5
    expected = (out - x).square().sum((1, 2, 3)).mean().item()
    assert found["squared_error"] == pytest.approx(expected, rel=1e-5)
    # The loss is that of what was trained on, the same at each call.
    assert found["reconstruction"] > 4 * expected / x[0].numel()
    assert training.evaluate(data.test_images) == [found]
