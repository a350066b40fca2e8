"""The small classifiers: functions of their data and seed, kept, shipped, and not used for other images."""

import pytest
import torch

from aecore import store
from aecore.analysis import classifier
from aecore.cache import cache_root
from aecore.data import load
from aecore.gallery import classifiers
from tests.samples import tiny_data


@pytest.fixture
def short(monkeypatch, tmp_path):
    """Few steps, and a cache of the test's own."""
    monkeypatch.setattr(classifier, "STEPS", 40)
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))


def test_training_is_a_function_of_data_and_seed(short):
    data, state = tiny_data(), torch.get_rng_state()
    one, other = (classifier.train(data) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.features(data.test_images), other.features(data.test_images))
    assert one.record == other.record
    assert one.record.accuracy == (one.predict(data.test_images) == data.test_labels).float().mean()


def test_it_learns_the_digits(monkeypatch):
    monkeypatch.setattr(classifier, "STEPS", 300)
    found = classifier.train(load("digits"))
    assert found.record.accuracy > 0.9
    assert found.features(load("digits").test_images).shape == (found.record.test_images, 64)


def test_images_are_clipped_as_they_are_shown(short):
    data = tiny_data()
    found = classifier.train(data)
    loud = torch.full((2, *data.shape), 1.7)
    assert torch.equal(found.features(loud), found.features(torch.ones(2, *data.shape)))
    bytes_too = found.features(data.test_images), found.features(data.test_images / 255)
    torch.testing.assert_close(*bytes_too)


def test_a_classifier_is_trained_once_and_never_used_for_other_images(short):
    data, parts = tiny_data(), []
    first = classifiers.classifier_of(data, parts.append)
    assert parts[-1] == 1
    assert len(parts) == 40
    again = classifiers.classifier_of(data, parts.append)
    assert len(parts) == 40
    assert torch.equal(again.features(data.test_images), first.features(data.test_images))
    other = classifiers.classifier_of(tiny_data(seed=1), parts.append)
    assert len(parts) == 80
    assert other.record.checksum != first.record.checksum


def test_a_damaged_file_is_trained_again(short):
    data = tiny_data()
    classifiers.classifier_of(data)
    (path,) = cache_root().iterdir()
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(store.StoreError, match="damaged"):
        store.read_classifier(path)
    parts = []
    classifiers.classifier_of(data, parts.append)
    assert parts


def test_one_class_is_no_matter_for_a_classifier(short):
    data = tiny_data()
    data.train_labels.zero_()
    with pytest.raises(ValueError, match="at least two classes"):
        classifiers.classifier_of(data)


@pytest.mark.mnist
def test_the_shipped_one_is_small_and_as_good_as_its_record_says():
    path = classifiers.shipped_file("mnist")
    assert path.stat().st_size < 300_000
    data = load("mnist")
    parts = []
    found = classifiers.classifier_of(data, parts.append)
    assert not parts
    assert found.record.test_images == len(data.test_images)
    right = (found.predict(data.test_images) == data.test_labels).double().mean().item()
    assert right == pytest.approx(found.record.accuracy, abs=1e-3)
    assert right > 0.98
