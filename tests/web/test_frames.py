"""The frames of a map that is forming, as they are sent."""

import base64

import numpy as np
import pytest

from aecore.web.code_map.frames import Frame, centred, frames_data


def sent(points):
    data = frames_data("t-SNE 3", [Frame.of(10, points)], 0.5)
    assert (data["flow"], data["seconds"]) == ("t-SNE 3", 0.5)
    (frame,) = data["frames"]
    assert frame["iteration"] == 10
    return np.frombuffer(base64.b64decode(frame["xy"]), "<u2").reshape(-1, 2) / 65535 * 2 - 1


@pytest.mark.parametrize("size", [1e-4, 1.0, 300.0])
def test_a_frame_keeps_the_shape_in_four_bytes_a_point(size):
    points = np.random.default_rng(0).normal(size=(500, 2)) * (3 * size, size) + 7 * size
    found = sent(points)
    np.testing.assert_allclose(found, centred(points), atol=1 / 65535 + 1e-6)
    assert np.ptp(found[:, 0]) == pytest.approx(2)
    # Both axes have one scale.
    assert np.ptp(found[:, 1]) == pytest.approx(2 * np.ptp(points[:, 1]) / np.ptp(points[:, 0]), abs=1e-4)


def test_points_without_an_extent_lie_in_the_middle():
    for points in (np.ones((5, 2)), np.full((5, 2), np.nan)):
        np.testing.assert_array_equal(centred(points), 0)
