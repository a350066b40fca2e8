"""What is done with images and their labels before any model sees them."""

import warnings

import numpy as np
import pytest
import torch

from aecore.data import classes_in_turn, first_of_each_class, in_parts, to_uint8, unit_range
from tests.samples import tiny_data

LABELS = torch.tensor([3, 1, 3, 1, 0, 3])


def test_whole_images_are_brought_to_the_unit_range_and_floats_left():
    whole = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert unit_range(whole).tolist() == pytest.approx([0, 0.2, 1])
    floats = torch.rand(3)
    assert unit_range(floats) is floats


def test_every_grey_level_comes_back_from_the_unit_range():
    levels = torch.arange(256, dtype=torch.uint8)
    assert to_uint8(unit_range(levels)).tolist() == levels.tolist()


@pytest.mark.parametrize("kind", [np.float32, np.float64, torch.tensor])
def test_floats_are_rounded_and_clipped(kind):
    images = kind([-0.5, 0.0019, 0.002, 0.5, 1.0, 1.7])
    with warnings.catch_warnings(action="error"):
        found = to_uint8(images)
    assert found.dtype == np.uint8
    assert found.tolist() == [0, 0, 1, 128, 255, 255]


def test_what_is_no_number_is_black_and_no_warning():
    with warnings.catch_warnings(action="error"):
        assert to_uint8(np.array([np.nan, np.inf, -np.inf])).tolist() == [0, 255, 0]


@pytest.mark.parametrize("labels", [LABELS, LABELS.numpy()])
def test_the_first_of_each_class_come_class_after_class(labels):
    assert first_of_each_class(labels).tolist() == [4, 1, 0]
    assert first_of_each_class(labels, 2).tolist() == [4, 1, 3, 0, 2]


def test_classes_take_turns_until_there_are_no_more_images():
    chosen = classes_in_turn(LABELS, 10, seed=1)
    assert LABELS[chosen].tolist() == [0, 1, 3, 1, 3, 3]
    assert sorted(chosen) == list(range(6))
    assert classes_in_turn(LABELS, 4, seed=1).tolist() == chosen[:4].tolist()
    assert any(classes_in_turn(LABELS, 3, seed).tolist() != chosen[:3].tolist() for seed in range(5))


def test_of_too_many_training_images_a_stratified_sample_is_known_and_said(monkeypatch):
    whole = tiny_data(90)
    assert whole.known.tolist() == list(range(90))
    assert whole.known_note == ""
    monkeypatch.setattr("aecore.data.images.MOST_KNOWN", 30)
    fewer = tiny_data(90)
    assert fewer.known_note == "sampled 30 of 90, stratified by class"
    assert fewer.train_labels[fewer.known].bincount().tolist() == [10, 10, 10]
    assert fewer.known.tolist() == sorted(set(fewer.known.tolist())) == tiny_data(90).known.tolist()
    monkeypatch.setattr("aecore.data.images.MOST_KNOWN_VALUES", 12 * whole.pixels + 1)
    assert len(tiny_data(90).known) == 12


@pytest.mark.parametrize("numbers", [None, torch.arange(20), torch.tensor([7, 3, 3, 19, 0])])
def test_parts_are_the_images_in_their_order(numbers, monkeypatch):
    images = tiny_data(20).train_images
    expected = images if numbers is None else images[numbers]
    monkeypatch.setattr("aecore.data.images.AT_ONCE", 3 * images[0].numel())
    for size in (None, 2):
        parts = list(in_parts(images, numbers, size))
        assert torch.equal(torch.cat(parts), expected)
        assert max(map(len, parts)) == (size or 3)
