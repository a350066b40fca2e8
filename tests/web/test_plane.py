"""The plane to move in, as it is sent: places and codes go both ways."""

import base64

import numpy as np
import pytest

from aecore.analysis.projection import fit_pca
from aecore.web.decoder.plane import CodePlane, pad_data

CODES = np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32) * (3, 2, 1, 1, 0.5)


@pytest.mark.parametrize(
    "plane",
    [CodePlane.of_units(3, 1, 5), CodePlane.of_components(fit_pca(CODES), 0, 2)],
    ids=["units", "pca"],
)
def test_every_code_and_the_start_lie_on_the_plane_that_is_sent(plane):
    start = CODES.max(axis=0) * 4
    data = pad_data({}, plane, ("start", start), CODES, np.arange(50) % 12)
    places = np.frombuffer(base64.b64decode(data["points"]), "<f4").reshape(-1, 2)
    directions, middle = np.array(data["directions"]), np.array(data["middle"])
    np.testing.assert_allclose(places, (CODES - middle) @ directions.T, atol=1e-5)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-6)
    every = np.concatenate([places, directions @ (start - middle) * np.ones((1, 2))])
    assert (np.array(data["low"]) < every.min(axis=0)).all()
    assert (every.max(axis=0) < np.array(data["high"])).all()


@pytest.mark.parametrize("pair", [(1, 1), (0, 5), (-1, 2)])
def test_a_plane_needs_two_directions_that_there_are(pair):
    with pytest.raises(ValueError, match="two different units of 5"):
        CodePlane.of_units(*pair, 5)
    with pytest.raises(ValueError, match="two different components of 5"):
        CodePlane.of_components(fit_pca(CODES), *pair)
