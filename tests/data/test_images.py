"""What is done with images and their labels before any model sees them."""

import warnings

import numpy as np
import pytest
import torch

from aecore.data import classes_in_turn, first_of_each_class, to_uint8, unit_range

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
