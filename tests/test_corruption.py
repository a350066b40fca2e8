"""Corruptions: each against what it says it does, as a function of seed, epoch and image."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from aecore.analysis import denoising
from aecore.batch import Noise
from aecore.config import TrainConfig
from aecore.corruption import CORRUPTIONS, FIELDS, corrupt, field
from aecore.jobs.recording import updates
from aecore.training.single import Training
from aecore.training.stack import Stack
from tests.samples import tiny_config, tiny_data

DATA = tiny_data(70, (3, 6, 5))
KINDS = [name for name in CORRUPTIONS if name != "none"]
ALL = torch.arange(300)
IMAGES = torch.rand(300, 3, 12, 10, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1


def corrupted(kind: str, level: float, seed: int = 0, epoch: int = 0, images=IMAGES, numbers=ALL):
    return corrupt(images, TrainConfig(corruption=kind, corruption_level=level), Noise(seed, epoch, numbers))


def test_gaussian_noise_is_normal_with_the_level_as_its_standard_deviation():
    added = (corrupted("gaussian", 0.3) - IMAGES).flatten().numpy()
    assert stats.kstest(added / 0.3, "norm").pvalue > 0.01
    # Channels and pixels each have their own.
    assert (
        abs(
            np.corrcoef(added.reshape(-1, 3, 120)[:, 0].ravel(), added.reshape(-1, 3, 120)[:, 1].ravel())[
                0, 1
            ]
        )
        < 0.02
    )


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_masking_sets_that_share_of_the_pixels_to_black(level):
    found = corrupted("masking", level)
    black = (found == 0).all(1)
    assert black.float().mean().item() == pytest.approx(level, abs=0.01)
    assert torch.equal(found, IMAGES * ~black[:, None])


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_salt_and_pepper_sets_half_of_that_share_to_black_and_half_to_white(level):
    found = corrupted("salt_and_pepper", level)
    black, white = (found == 0).all(1), (found == 1).all(1)
    assert black.float().mean().item() == pytest.approx(level / 2, abs=0.01)
    assert white.float().mean().item() == pytest.approx(level / 2, abs=0.01)
    assert torch.equal(found[:, 0][~black & ~white], IMAGES[:, 0][~black & ~white])


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_a_block_is_one_rectangle_of_that_area_anywhere_in_the_image(level):
    found = corrupted("blocks", level)
    black = (found == 0).all(1)
    assert torch.equal(found, IMAGES * ~black[:, None])
    height, width = round(12 * level**0.5), round(10 * level**0.5)
    corners = set()
    for image in black.numpy():
        rows, columns = np.nonzero(image.any(1))[0], np.nonzero(image.any(0))[0]
        assert (len(rows), len(columns)) == (height, width)
        assert image.sum() == height * width
        if level:
            assert (np.ptp(rows), np.ptp(columns)) == (height - 1, width - 1)
            corners.add((int(rows[0]), int(columns[0])))
    if level:
        # Every place that the rectangle can have comes up among 300 images.
        assert len(corners) == pytest.approx((12 - height + 1) * (10 - width + 1), rel=0.1)


@pytest.mark.parametrize("level", [0.5, 2.0, 6.0])
def test_a_blur_is_scipys_gaussian_filter(level):
    found = corrupted("blur", level, images=IMAGES[:3], numbers=ALL[:3])
    truncate = np.ceil(3 * level) / level
    expected = ndimage.gaussian_filter(
        IMAGES[:3].numpy(), (0, 0, level, level), mode="nearest", truncate=truncate
    )
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-6)
    assert torch.equal(corrupted("blur", 0.0), IMAGES)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_an_images_own_in_each_epoch_whatever_batch_it_is_in(kind):
    start = corrupted(kind, 0.5, seed=3, epoch=1)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))[:40]
    again = corrupted(kind, 0.5, seed=3, epoch=1, images=IMAGES[order], numbers=ALL[order])
    assert torch.equal(again, start[order])
    assert not torch.equal(start, IMAGES)
    same_image = IMAGES[:1].expand(300, -1, -1, -1)
    if kind != "blur":
        for other in ({"seed": 4, "epoch": 1}, {"seed": 3, "epoch": 2}):
            assert not torch.equal(corrupted(kind, 0.5, **other), start)
        assert len({t.numpy().tobytes() for t in corrupted(kind, 0.5, images=same_image)}) >= 20


@pytest.mark.parametrize(("kind", "limit"), [(kind, 10 if kind == "blur" else 1) for kind in KINDS])
def test_a_level_outside_its_range_is_refused_in_one_sentence(kind, limit):
    TrainConfig(corruption=kind, corruption_level=limit)
    for level in (-0.1, limit + 0.1):
        with pytest.raises(ValueError, match=f"train.corruption_level must be from 0 to {limit}, not"):
            TrainConfig(corruption=kind, corruption_level=level)


def test_the_input_is_corrupted_and_the_target_is_clean():
    training = Training(tiny_config(train__corruption="masking"), DATA)
    index = torch.arange(20)
    batch = training.images.batch(index, Noise(0, 0, 0))
    clean = training.images.at(index)
    assert torch.equal(batch.target, clean)
    black = training.images.normalize(torch.zeros(1, 3, 1, 1, dtype=torch.uint8))
    changed = batch.input != clean
    assert changed.float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert (batch.input == black)[changed].all()


def test_members_that_differ_in_corruption_or_level_train_apart():
    from aecore.training.stacking import stack_key

    keys = {
        stack_key(tiny_config(train__corruption=kind, train__corruption_level=level))
        for kind in CORRUPTIONS
        for level in (0.3, 0.6)
    }
    assert len(keys) == 2 * len(CORRUPTIONS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [(0, 1), (2, 2)])
def test_a_stack_of_denoising_networks_trains_as_its_members_alone(kind, seeds):
    base = tiny_config(train__precision="float64", train__corruption=kind, train__shift=0.3)
    configs = [base.with_values({"train.seed": s, "model.latent_size": 2 + k}) for k, s in enumerate(seeds)]
    stack = Stack(configs, DATA)
    records = list(stack.epochs())
    for k, config in enumerate(configs):
        alone = Training(config, DATA)
        own = list(alone)
        assert records[-1][k].validation == pytest.approx(own[-1].validation, rel=1e-9)
        assert "denoised_squared_error" in own[-1].validation
        member, single = stack.member(k), alone.member(0)
        assert all((member[name] - single[name]).abs().max() < 1e-9 for name in single)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [2, 5, 9])
def test_a_resumed_denoising_training_gives_the_same_bits(kind, stop):
    config = tiny_config(train__corruption=kind)
    whole = Training(config, DATA)
    records = list(whole)
    first = Training(config, DATA, lambda at: at.epoch * at.steps + at.step >= stop)
    before = list(first)
    second = Training(config, DATA, state=first.state())
    after = list(second)
    figures = [(r.train, r.validation) for r in records]
    assert [(r.train, r.validation) for r in (*before, *after)] == figures
    assert all(torch.equal(t, whole.tensors[name]) for name, t in second.tensors.items())


def test_the_result_holds_the_error_of_corrupted_test_images_against_clean_ones():
    config = tiny_config(train__corruption="gaussian", train__corruption_level=0.2)
    training = Training(config, DATA)
    list(training)
    (result,) = list(updates([config], DATA))[-1].outcomes
    seen = denoising.corrupted(DATA.test_images, config.train)
    scaling = training.images.scaling
    with torch.no_grad():
        out = scaling.denormalize(training.model(scaling.normalize(seen)).reconstruction)
    expected = (out - DATA.test_images / 255).square().flatten(1).sum(1).mean().item()
    assert result.denoised.squared_error == pytest.approx(expected, rel=1e-5)
    assert result.denoised.squared_error != pytest.approx(result.test.squared_error, rel=1e-3)
    (clean,) = list(updates([config.with_values({"train.corruption": "none"})], DATA))[-1].outcomes
    assert clean.denoised is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_denoising_variational_model_has_its_bound_on_clean_images_and_its_error_on_corrupted_ones(kind):
    config = tiny_config(train__corruption=kind, model__variational=True)
    (result,) = list(updates([config], DATA))[-1].outcomes
    assert result.test.elbo == pytest.approx(-(result.test.reconstruction + result.test.kl))
    assert result.denoised.squared_error > 0
    assert {"elbo", "denoised_squared_error", "active_units"} <= result.validation.keys()
    whole = Training(config, DATA)
    figures = [(r.train, r.validation) for r in whole]
    first = Training(config, DATA, lambda at: at.epoch * at.steps + at.step >= 6)
    before = list(first)
    second = Training(config, DATA, state=first.state())
    assert [(r.train, r.validation) for r in (*before, *second)] == figures


@pytest.mark.parametrize("kind", FIELDS)
def test_a_level_acts_on_the_same_numbers_of_an_image_whatever_it_is(kind):
    noise = Noise(3, 5, ALL)
    draws = field(kind, (3, 12, 10), noise)
    assert draws.shape == ((300, 3, 12, 10) if kind == "gaussian" else (300, 1, 12, 10))
    for level in (0.2, 0.7):
        by_hand = {
            "gaussian": IMAGES + level * draws,
            "masking": torch.where(draws < level, 0.0, IMAGES),
            "salt_and_pepper": torch.where(draws < level, (draws < level / 2).float(), IMAGES),
        }[kind]
        found = corrupt(IMAGES, TrainConfig(corruption=kind, corruption_level=level), noise)
        assert torch.equal(found, by_hand)
    first = denoising.noise_of_first(kind, (3, 12, 10))
    seen = denoising.corrupted(IMAGES[:1], TrainConfig(corruption=kind, corruption_level=0.5))
    expected = field(kind, (3, 12, 10), Noise(0, -1, torch.tensor([0])))[0]
    assert torch.equal(first, expected)
    if kind == "gaussian":
        assert torch.equal(seen[0], IMAGES[0] + 0.5 * first)
