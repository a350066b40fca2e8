"""What the Features page concludes: each sentence just inside and just outside its condition."""

import pytest

from aecore.analysis.features import ALL, Share
from pages.use.features import words

INSIDE, OUTSIDE = 0.0201, 0.0199
"""Differences a little above and below two standard errors of 0.01."""


def of(mean):
    return Share(mean, 0.01)


def test_a_difference_is_named_outside_two_standard_errors_only():
    assert words.against("The code", "pixels", {1: of(INSIDE)}) == (
        "The code against pixels: better with 1 label a class (by 2.0 points)."
    )
    assert words.against("The code", "pixels", {1: of(-INSIDE)}) == (
        "The code against pixels: worse with 1 label a class (by 2.0 points)."
    )
    for within in (OUTSIDE, -OUTSIDE, 0.0):
        assert words.against("The code", "pixels", {1: of(within)}) == (
            "The code against pixels: no difference can be told."
        )


def test_each_count_is_judged_by_itself():
    found = {1: of(0.08), 2: of(0.03), 5: of(0.01), 10: of(-0.01), 100: of(-0.05), ALL: of(-0.04)}
    assert words.against("The code", "PCA", found) == (
        "The code against PCA: better with 1 and 2 labels a class (by 3.0 to 8.0 points); "
        "worse with 100 labels a class and with all labels (by 4.0 to 5.0 points); "
        "no difference can be told with 5 and 10 labels a class."
    )
    assert words.against("The code", "PCA", {}) == ""


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([ALL], "all labels"),
        ([1], "1 label a class"),
        ([1, ALL], "1 label a class and with all labels"),
        ([1, 2, 5], "1, 2 and 5 labels a class"),
        ([2, 100, ALL], "2 and 100 labels a class and with all labels"),
    ],
)
def test_counts_are_listed(parts, text):
    assert words.labels(parts) == text


def test_the_commonest_mistake_is_named_where_there_is_one():
    assert words.mistakes(0.913, 10_000, ("4", "9", 61)) == (
        "91.3% of the 10,000 test images are named rightly. The commonest mistake: 4 named 9, 61 images."
    )
    assert words.mistakes(0.99, 100, ("4", "9", 1)).endswith("4 named 9, 1 image.")
    assert words.mistakes(1.0, 360, None) == "100.0% of the 360 test images are named rightly."
