"""Rows of images as one picture."""

import numpy as np
import pytest
import torch

from aecore.figures.pictures import GAP, picture


def test_images_stand_in_their_rows_enlarged_without_blur():
    images = torch.rand(3, 1, 8, 5, generator=torch.Generator().manual_seed(0))
    found = np.asarray(picture({"a": images, "a longer name": (images * 255).round().to(torch.uint8)}, 16))
    left = found.shape[1] - 3 * (10 + GAP)
    for i, image in enumerate((images[:, 0] * 255).round().to(torch.uint8).numpy()):
        start = left + i * (10 + GAP)
        for row in range(2):
            top = GAP + row * (16 + GAP)
            np.testing.assert_array_equal(found[top : top + 16 : 2, start : start + 10 : 2, 0], image)
            np.testing.assert_array_equal(found[top + 1 : top + 16 : 2, start + 1 : start + 10 : 2, 2], image)
    assert (found[:, :left].min(axis=(0, 2)) < 128).any()  # the names are written


def test_colours_stay_and_what_is_outside_is_clipped():
    images = np.stack([np.full((4, 4), v) for v in (2.0, 0.5, -1.0)])[None]
    found = np.asarray(picture({"a": images}, 4))
    assert found[GAP, -GAP - 4].tolist() == [255, 128, 0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "one row of images or more"),
        ({"a": np.zeros((1, 1, 4, 4)), "b": np.zeros((1, 1, 5, 4))}, "all of one size"),
        ({"a": np.zeros((4, 4))}, "the row a must be images"),
        ({"a": np.zeros((0, 1, 4, 4))}, "the row a must be images"),
    ],
)
def test_other_rows_are_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        picture(rows)
