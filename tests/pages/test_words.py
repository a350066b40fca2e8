"""Numbers as people read them."""

import pytest

from pages.shared.words import age, device_words, duration, size, time_left


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "starting"), (0.2, "0:00 left"), (65, "1:05 left"), (59.6, "1:00 left"), (7265, "2:01:05 left")],
)
def test_time_left(seconds, text):
    assert time_left(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.3, "under a second"),
        (1, "1 second"),
        (1.9, "2 seconds"),
        (89, "89 seconds"),
        (600, "10 minutes"),
        (5400, "1.5 hours"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (-3, "just now"), (61, "1 min"), (7200, "2 h"), (86_400 * 3, "3 days")],
)
def test_age(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(307_787, "308 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (12_340_000, "12.3 MB")],
)
def test_size(count, text):
    assert size(count) == text


def test_devices_are_named_in_words():
    assert device_words("cuda:0") == "the GPU (CUDA)"
    assert device_words("mps") == "the GPU (Apple MPS)"
    assert device_words("cpu", 1).startswith("the CPU (1 of ")
