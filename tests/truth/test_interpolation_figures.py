"""What Interpolation shows of a shipped model, computed again with NumPy, SciPy and scikit-learn."""

import re

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import pairwise_distances

from aecore import load_run
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    RUN,
    along,
    captions,
    codes_and_errors,
    cohens_d,
    decode,
    distances,
    encode,
    images,
    labels,
    typical,
)

pytestmark = pytest.mark.mnist

PAGE = "pages/look/interpolation/page.py"


@pytest.fixture(scope="module")
def own():
    """The run, training and test codes, the first image of each of four classes, the unit of distance."""
    run = load_run(RUN)
    train, test = encode(run, images("train")), codes_and_errors(run, images("t10k"))[0]
    first = [int(np.flatnonzero(labels("t10k") == c)[0]) for c in range(4)]
    unit = typical(train)
    return run, train, test, first, unit, np.quantile(distances(test[:1000], train) / unit, (0.05, 0.95))


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", text)]


def test_a_paths_distances_and_errors(own, gallery):
    run, train, test, first, unit, band = own
    app = open_page(PAGE, {"run": RUN.name, "interpolation_view": "Path"})
    a, b = test[first[0]], test[first[1]]
    t = np.linspace(0, 1, 101)
    far = distances(a + t[:, None] * (b - a), train) / unit
    farthest, real = (float(metric.value) for metric in app.metric)
    assert farthest == pytest.approx(far.max(), abs=0.0051)
    words = captions(app)
    assert any(f"test images: up to {band[1]:.2f}" in text for text in words)
    outside = far > band[1]
    edges = np.flatnonzero(np.diff(np.r_[0, outside.astype(int), 0]))
    pieces = [f"from {t[i]:.2f} to {t[j - 1]:.2f}" for i, j in zip(edges[::2], edges[1::2], strict=True)]
    where = " and ".join(pieces) if len(pieces) <= 2 else f"in {len(pieces)} stretches"
    sentence = f"{outside.mean():.0%} of the path, {where}, is farther from its nearest"
    if not outside.any():
        sentence = "No place on the path is farther from its nearest"
    assert any(text.startswith(sentence) for text in words)

    pixels = images("t10k")[first[:2]] / 255.0
    inner = t[np.linspace(0, 100, 11).round().astype(int)[1:-1], None]
    pictures = [decode(run, a + inner * (b - a)), pixels[0] + inner * (pixels[1] - pixels[0]), pixels]
    known = (images("train") / 255.0).astype(np.float32)
    near = np.square(pairwise_distances(np.concatenate(pictures).astype(np.float32), known)).min(1)
    means = [near[:9].mean(), near[9:18].mean(), near[18:].mean()]
    (shown,) = [numbers(text) for text in words if text.startswith("squared error (cross-fade")]
    assert [real, *shown] == pytest.approx(means, abs=0.06)


def test_a_sheets_distances(own, gallery):
    _, train, test, first, unit, band = own
    app = open_page(PAGE, {"run": RUN.name, "interpolation_view": "Four corners"})
    down, across = (grid[..., None] for grid in np.meshgrid(*[np.linspace(0, 1, 9)] * 2, indexing="ij"))
    a, b, c, d = (test[i] for i in first)
    top, bottom = (one + across * (other - one) for one, other in ((a, b), (c, d)))
    far = distances((top + down * (bottom - top)).reshape(81, -1), train) / unit
    count, middle = (metric.value for metric in app.metric)
    assert count == f"{(far > band[1]).sum()} of 81"
    assert float(middle) == pytest.approx(far[40], abs=0.0051)
    assert any(f"usual {band[0]:.2f} to {band[1]:.2f}" in text for text in captions(app))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (4, 9)])
def test_a_directions_separation_and_its_verdict(own, gallery, first, second):
    _, train, test, *_ = own
    link = {
        "run": RUN.name,
        "interpolation_view": "Direction",
        "interpolation_from": f"class {first}",
        "interpolation_to": f"class {second}",
    }
    app = open_page(PAGE, link)
    sizes, d = [], []
    for made, scored in ((train, test), (images("train") / 255, images("t10k") / 255)):
        groups = [made[labels("train") == c] for c in (first, second)]
        points = along(groups, [scored[labels("t10k") == c] for c in (first, second)])
        sizes, d = [len(p) for p in points], [*d, cohens_d(*points)]
    assert float(app.metric[0].value) == pytest.approx(d[0], abs=0.0051)
    (words,) = [text for text in captions(app) if text.startswith("Along one straight step")]
    assert f"are {d[0]:.1f} standard deviations apart, in pixels {d[1]:.1f}" in words
    overlap = [2 * norm.cdf(-one / 2) for one in d]
    assert f"overlap by {overlap[0]:.1%} and {overlap[1]:.1%}" in words
    variances = [sum(sizes) / np.prod(sizes) + one**2 / (2 * sum(sizes)) for one in d]
    clear = abs(d[0] - d[1]) > 1.96 * sum(variances) ** 0.5
    expected = ("The code separates" if d[0] > d[1] else "Pixels separate") if clear else "do not tell"
    assert expected in words
