"""What is done to the images of a batch: shifts, which are a function of seed, epoch and image."""

import numpy as np
import pytest
import torch

from aecore.batch import Noise
from aecore.training import images
from aecore.training.images import shifted
from aecore.training.single import Training
from aecore.training.stack import Stack
from tests.samples import tiny_config, tiny_data

DATA = tiny_data(70, (3, 6, 5))
ALL = torch.arange(70)


def images_of(**values):
    return Training(tiny_config(**values), DATA).images


def weights(training):
    return {name: t.clone() for name, t in training.tensors.items()}


@pytest.mark.parametrize("lead", [(9,), (2, 4)])
def test_a_shift_moves_whole_pixels_and_repeats_the_edge(lead):
    images = torch.randint(0, 256, (*lead, 2, 6, 5), dtype=torch.uint8)
    down, right = torch.randint(-1, 2, (2, *lead))
    found = shifted(images, down, right)
    assert found.dtype == torch.uint8
    for place in np.ndindex(lead):
        y, x = int(down[place]), int(right[place])
        framed = np.pad(images[place].numpy(), ((0, 0), (1, 1), (1, 1)), mode="edge")
        assert (found[place].numpy() == framed[:, 1 - y : 7 - y, 1 - x : 6 - x]).all()


def test_without_it_images_are_as_they_are_and_nothing_is_drawn(monkeypatch):
    images = images_of()
    monkeypatch.setattr(Noise, "uniform", lambda *_, **__: pytest.fail("noise was drawn"))
    batch = images.batch(ALL, Noise(0, 0, 0))
    assert torch.equal(batch.input, images.at(ALL))
    assert batch.target is batch.input


def test_input_and_target_are_shifted_alike_by_what_was_drawn():
    images = images_of(train__shift=0.5)
    batch = images.batch(ALL, Noise(3, 1, 4))
    down, right = images.moves(ALL, Noise(3, 1, 4))
    assert torch.equal(batch.input, batch.target)
    assert torch.equal(batch.input, shifted(images.at(ALL), down, right))
    still = (down == 0) & (right == 0)
    assert 0 < still.sum() < 70
    changed = (batch.input != images.at(ALL)).flatten(1).any(1)
    assert torch.equal(changed, ~still)


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_each_of_nine_moves_is_as_likely_as_the_other(probability):
    index = torch.arange(90_000)
    down, right = images_of(train__shift=probability).moves(index, Noise(5, 2, 0))
    counts = torch.bincount((down + 1) * 3 + right + 1, minlength=9) / len(index)
    expected = torch.full((9,), probability / 9)
    expected[4] += 1 - probability
    torch.testing.assert_close(counts, expected, atol=0.005, rtol=0)


def test_a_move_depends_on_seed_epoch_and_image_and_on_nothing_else():
    images = images_of(train__shift=1.0)
    start = images.moves(ALL, Noise(3, 1, 0))
    order = torch.randperm(70, generator=torch.Generator().manual_seed(0))
    # Neither the step nor the batch in which an image comes matters.
    assert torch.equal(images.moves(ALL[order], Noise(3, 1, 9)), start[:, order])
    assert torch.equal(images.moves(ALL[order[:4]], Noise(3, 1, 2)), start[:, order[:4]])
    for other in (Noise(4, 1, 0), Noise(3, 2, 0)):
        assert (images.moves(ALL, other) == start).all(0).float().mean() < 0.4


def test_members_of_a_stack_see_the_shifts_that_they_see_alone():
    images = images_of(train__shift=0.7)
    seeds = torch.tensor([3, 8])
    own = torch.stack([ALL.flip(0), ALL])
    stacked = images.moves(own, Noise(seeds, 2, 0))
    for k, seed in enumerate((3, 8)):
        assert torch.equal(stacked[:, k], images.moves(own[k], Noise(seed, 2, 0)))
    # Where all seeds are the same, so is the batch.
    shared = images.moves(ALL, Noise(torch.tensor([3, 3]), 2, 0))
    assert torch.equal(shared, images.moves(ALL, Noise(3, 2, 0)))


@pytest.mark.parametrize("seeds", [(0, 1), (2, 2)])
def test_a_stack_with_shifts_trains_as_its_members_alone(seeds):
    base = tiny_config(train__precision="float64", train__shift=0.5)
    configs = [base.with_values({"train.seed": s, "model.latent_size": 2 + k}) for k, s in enumerate(seeds)]
    stack = Stack(configs, DATA)
    list(stack.epochs())
    for k, config in enumerate(configs):
        alone, still = Training(config, DATA), Training(config.with_values({"train.shift": 0.0}), DATA)
        list(alone)
        list(still)
        member, own, without = stack.member(k), alone.member(0), still.member(0)
        assert all((member[name] - own[name]).abs().max() < 1e-9 for name in own)
        assert max((own[name] - without[name]).abs().max() for name in own) > 1e-4


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_a_resumed_training_sees_the_same_shifts(stop):
    config = tiny_config(train__shift=0.5)
    whole = Training(config, DATA)
    records = list(whole)
    first = Training(config, DATA, lambda at: at.epoch * at.steps + at.step >= stop)
    before = list(first)
    second = Training(config, DATA, state=first.state())
    after = list(second)
    assert [r.train for r in (*before, *after)] == [r.train for r in records]
    assert all(torch.equal(t, weights(whole)[name]) for name, t in weights(second).items())


def test_validation_images_are_not_shifted():
    plain, moved = (Training(tiny_config(train__shift=p), DATA) for p in (0.0, 1.0))
    assert plain.evaluate_validation() == moved.evaluate_validation()


def test_members_that_differ_in_the_shift_train_apart():
    from aecore.training.stacking import stack_key

    base = tiny_config()
    assert stack_key(base) != stack_key(base.with_values({"train.shift": 0.5}))


def test_images_that_do_not_fit_on_the_device_are_sent_to_it_batch_by_batch(monkeypatch):
    data, config = tiny_data(40), tiny_config(train__shift=0.5, train__batch_size=8)
    device = torch.device("cpu")
    resident = images.Images(config, data, device)
    monkeypatch.setattr(images, "fit_on", lambda device, images: False)
    sent = images.Images(config, data, device)
    noise = Noise(0, 1, 0)
    index = resident.epoch_index(3, 1)[:8]
    assert torch.equal(index, sent.epoch_index(3, 1)[:8])
    for a, b in zip(resident.batch(index, noise)[:2], sent.batch(index, noise)[:2], strict=True):
        assert torch.equal(a, b)
    assert torch.equal(sent.stored(index), data.train_images[index])
