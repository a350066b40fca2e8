"""Fine-tuning against the same network from scratch: what is taught, from which labels, and what chooses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore import data as datasets
from aecore.analysis import features, finetuning
from aecore.analysis.finetuning import SCRATCH, TUNED
from aecore.config import Config
from aecore.store.run import Run
from aecore.training.single import Training


@pytest.fixture(scope="module")
def subject():
    """A small network trained on digits without labels, with its images and the task on them."""
    values = {"data.name": "digits", "model.hidden": (48,), "train.epochs": 25, "train.device": "cpu"}
    config = Config().with_values(values)
    data = datasets.load("digits")
    training = Training(config, data)
    for _ in training:
        pass
    model = training.model.eval().requires_grad_(False)
    run = Run(Path("x"), "x", config, data.shape, training.images.scaling, model)
    split = features.split_images(data, 1 / 12, 0)
    return run, data, split, features.task_of(data, split, draws=3)


def test_every_network_is_a_step_and_every_way_is_answered(subject, monkeypatch):
    monkeypatch.setattr(finetuning, "STEPS", 100)
    run, data, split, task = subject
    found = list(finetuning.fine_tuning(run, data, split, task, counts=(1, 10, 5000)))
    assert len(found) == finetuning.steps(task, (1, 10, 5000)) == 2 * 2 * 3 * len(finetuning.RATES)
    taught = [one for one in found if one is not None]
    assert [(one.count, one.way) for one in taught] == [(1, TUNED), (1, SCRATCH), (10, TUNED), (10, SCRATCH)]
    for one in taught:
        assert one.given.shape == (3, len(task.test))
        assert one.rate in finetuning.RATES
    shares = {(one.count, one.way): features.accuracy(one.given, task.test).mean for one in taught}
    assert shares[10, TUNED] > shares[1, TUNED] > 0.3
    assert shares[10, TUNED] > 0.7


def test_only_the_network_that_is_tuned_knows_the_runs_weights(subject):
    run, *_ = subject
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    x = torch.rand(6, *run.shape)
    tuned = finetuning.classifier(run, TUNED, 10, seed=4)
    assert torch.equal(tuned.model.encode(x), run.model.encode(x))
    scratch = [finetuning.classifier(run, SCRATCH, 10, seed).model.encode(x) for seed in (4, 4, 5)]
    assert torch.equal(scratch[0], scratch[1])
    assert not torch.equal(scratch[0], scratch[2])
    assert not torch.equal(scratch[0], run.model.encode(x))
    images, labels = torch.rand(20, *run.shape), torch.arange(20) % 10
    finetuning.teach(tuned, images, labels, (images, labels), 3e-3, seed=0)
    assert not torch.equal(tuned.model.encode(x), run.model.encode(x))
    assert all(torch.equal(value, before[name]) for name, value in run.model.state_dict().items())


def test_the_same_seed_teaches_the_same_bits_and_validation_says_when_to_stop(subject):
    run, data, split, task = subject
    rows = task.drawn[10][0]
    images = run.scaling.normalize(data.train_images[split.train[rows]], dtype=torch.float32)
    labels = torch.from_numpy(task.train[rows])
    held_out = run.scaling.normalize(data.train_images[split.validation], dtype=torch.float32)
    validation = (held_out, torch.from_numpy(task.validation))

    def taught(validation):
        network = finetuning.classifier(run, TUNED, 10, seed=1)
        loss = finetuning.teach(network, images, labels, validation, 3e-3, seed=2)
        return loss, network.eval()

    loss, network = taught(validation)
    again, same = taught(validation)
    assert loss == again
    assert torch.equal(network(held_out), same(held_out))
    # The weights kept are those of that loss.
    assert torch.nn.functional.cross_entropy(network(held_out), validation[1]).item() == pytest.approx(loss)
    # Where every step away from the start is a loss, the start is kept.
    start = finetuning.classifier(run, TUNED, 10, seed=1).eval()
    agreed = (images, start(images).argmin(1).detach())
    _, kept = taught((images, agreed[1]))
    assert finetuning._loss(kept, *agreed) <= finetuning._loss(start, *agreed)


def test_test_images_choose_nothing(subject, monkeypatch):
    monkeypatch.setattr(finetuning, "STEPS", 30)
    run, data, split, task = subject
    poisoned = replace(task, test=np.roll(task.test, 1))
    one, other = (
        [t for t in finetuning.fine_tuning(run, data, split, labels, counts=(1,)) if t is not None]
        for labels in (task, poisoned)
    )
    for a, b in zip(one, other, strict=True):
        assert (a.given == b.given).all()
        assert a.rate == b.rate
