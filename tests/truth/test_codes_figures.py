"""The scores and sentences under the map of Codes, computed again with NumPy and scikit-learn."""

import numpy as np
import pyarrow
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from aecore import load_run
from tests.pages.conftest import open_page
from tests.truth.recompute import RUN, captions, encode, images, labels, told

pytestmark = pytest.mark.mnist

ROWS = np.sort(np.random.default_rng(0).choice(10000, 2000, replace=False))
"""The images that are asked; neighbours are among all."""


def trust(code, plane, k=12):
    """Venna and Kaski's trustworthiness, over the asked points."""
    n, penalty = len(code), 0
    near = NearestNeighbors(n_neighbors=k + 1).fit(plane).kneighbors(plane[ROWS])[1]
    for row, found in zip(ROWS, near, strict=True):
        distance = np.square(code - code[row]).sum(1)
        distance[row] = -1
        for other in found[found != row][:k]:
            penalty += max(0, (distance < distance[other]).sum() - k)
    return 1 - 2 * penalty / (len(ROWS) * k * (2 * n - 3 * k - 1))


@pytest.fixture(scope="module")
def own():
    """Code, plane and labels of the test images; the plane is PCA's of these codes."""
    run = load_run(RUN)
    code = encode(run, images("t10k"))
    plane = PCA(2).fit_transform(code)
    return code, plane, labels("t10k").astype(int)


def half(first, second):
    """Mean difference of the same images and half its 95 % interval."""
    difference = first.astype(float) - second
    return difference.mean(), 1.96 * difference.std(ddof=1) / len(difference) ** 0.5


def test_scores_and_sentences_are_those_of_scikit_learn(own, gallery):
    code, plane, classes = own
    in_plane, in_code = told(plane, classes, ROWS), told(code, classes, ROWS)
    in_pixels = told(images("t10k") / 255.0, classes, ROWS)
    app = open_page("pages/look/codes/page.py", {"run": RUN.name})
    assert not app.exception
    (chart,) = app.get("vega_lite_chart")
    table = pyarrow.ipc.open_stream(chart.proto.datasets[0].data.data).read_all().to_pydict()
    shown = table["share"]
    # An image with two neighbours at nearly one distance may change sides.
    accuracies = [s.mean() for s in (in_plane, in_code, in_pixels)]
    assert shown == pytest.approx([trust(code, plane), *accuracies], abs=6e-4)

    (words,) = [text for text in captions(app) if "neighbours tell the class" in text.lower()]
    for share in shown[1:]:
        assert f"{share:.1%}" in words
    low, wide = half(in_code, in_plane)
    assert low - wide > 0.05
    assert words.startswith("Points that overlap here may lie apart")
    worse, wide = half(in_code, in_pixels)
    assert worse + wide < 0
    assert "Pixels sort the classes better" in words
