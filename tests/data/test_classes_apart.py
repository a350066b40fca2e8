"""Training and test images whose classes differ are told from those whose classes are the same."""

from dataclasses import replace

from aecore.data import load


def without(digits, part, *classes):
    """The digits with those classes taken out of the training or the test images."""
    labels = getattr(digits, f"{part}_labels")
    kept = sum(labels == c for c in classes) == 0
    values = {f"{part}_labels": labels[kept], f"{part}_images": getattr(digits, f"{part}_images")[kept]}
    return replace(digits, **values)


def test_the_same_classes_call_for_no_word():
    digits = load("digits")
    assert digits.classes_apart() == ""
    assert without(without(digits, "train", 3), "test", 3).classes_apart() == ""


def test_classes_of_one_part_alone_are_named():
    digits = load("digits")
    found = without(without(digits, "train", 8, 9), "test", 0).classes_apart()
    assert found.startswith(
        "The classes of training and test images differ: 8, 9 only in the test images and 0 only in the "
        "training images."
    )
    assert (
        without(digits, "test", 4)
        .classes_apart()
        .startswith("The classes of training and test images differ: 4 only in the training images.")
    )
