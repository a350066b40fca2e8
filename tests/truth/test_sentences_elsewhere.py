"""What pages say of a model of the bundled digits and of one of sprites, checked by other arithmetic.

Trained for a moment: the sentences must hold of any model, and be silent where nothing can be said.
"""

import re

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.decomposition import PCA

from aecore import load_run
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    along,
    captions,
    codes_and_errors,
    cohens_d,
    distances,
    encode,
    rises,
    told,
    typical,
)


@pytest.fixture
def paths(elsewhere, monkeypatch):
    monkeypatch.setenv("AECORE_CHECKPOINTS", str(elsewhere.root))
    return elsewhere.runs


@pytest.fixture(scope="module")
def own(elsewhere):
    """The plain run, then pixels, labels and codes of the training and of the test images."""
    found = elsewhere.data
    run = load_run(elsewhere.runs["plain"])
    parts = []
    for pictures, classes in (
        (found.train_images, found.train_labels),
        (found.test_images, found.test_labels),
    ):
        pixels = pictures.flatten(1).numpy()
        parts.append((pixels, classes.numpy(), encode(run, pixels)))
    return run, *parts


def span(difference):
    half = 1.96 * difference.std(ddof=1) / len(difference) ** 0.5
    return difference.mean() - half, difference.mean() + half


def test_reconstructions_ranks_network_and_pca_as_they_are(paths, own):
    run, (train, _, _), (test, classes, _) = own
    errors = codes_and_errors(run, test)[1]
    pca = PCA(run.latent_size, svd_solver="covariance_eigh").fit(train / 255.0)
    linear = np.square(pca.inverse_transform(pca.transform(test / 255.0)) - test / 255.0).sum(1)
    app = open_page("pages/look/reconstructions/page.py", {"run": paths["plain"].name})
    assert not app.exception
    (metric,) = app.metric
    assert float(metric.value) == pytest.approx(errors.mean(), abs=0.006)
    assert float(metric.delta.split()[0]) == pytest.approx(errors.mean() - linear.mean(), abs=0.011)
    words = " ".join(captions(app))
    difference = linear - errors
    doubt = 2 * difference.std(ddof=1) / len(difference) ** 0.5
    claim = re.search(r"leaves (\d+)% less error than PCA .* on (\d+)% of the images", words)
    assert bool(claim) == (difference.mean() > doubt)
    assert ("PCA with 6 components does better" in words) == (difference.mean() < -doubt)
    assert ("nothing can be said between" in words) == (abs(difference.mean()) <= doubt)
    if claim:
        shares = [100 * (1 - errors.mean() / linear.mean()), 100 * (difference > 0).mean()]
        assert [int(share) for share in claim.groups()] == pytest.approx(shares, abs=0.6)

    by_class = sorted((errors[classes == c] for c in np.unique(classes)), key=np.mean)
    apart = [
        b.mean() - a.mean() > 2 * (a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)) ** 0.5
        for a, b in (by_class[-2:], by_class[:2])
    ]
    hardest = re.search(r"Hardest class: \S+ \(([\d.]+) per image\)", words)
    easiest = re.search(r"asiest: \S+ \(([\d.]+)\)", words)
    assert [bool(hardest), bool(easiest)] == apart
    for found, group in ((hardest, by_class[-1]), (easiest, by_class[0])):
        if found:
            assert float(found[1]) == pytest.approx(group.mean(), abs=0.06)


def test_codes_speaks_only_outside_its_intervals(paths, own):
    _, _, (test, classes, code) = own
    plane = PCA(2, svd_solver="full").fit_transform(code)
    n = len(test)
    rows = np.arange(n) if n <= 2000 else np.sort(np.random.default_rng(0).choice(n, 2000, replace=False))
    in_code, on_map, in_pixels = (told(space, classes, rows) for space in (code, plane, test / 255.0))
    app = open_page("pages/look/codes/page.py", {"run": paths["plain"].name})
    assert not app.exception
    words = " ".join(captions(app))
    low, high = span(in_code - on_map)
    assert ("may lie apart in the code" in words) == (low > 0.05)
    assert ("keeps what the code knows" in words) == (high <= 0.05)
    low, high = span(in_code - in_pixels)
    assert ("The code sorts the classes better" in words) == (low > 0)
    assert ("Pixels sort the classes better" in words) == (high < 0)
    assert ("images do not tell" in words) == (low <= 0 <= high)


def test_units_counts_those_in_use(paths, own):
    run, _, (test, _, code) = own
    base, rise = rises(run, test, code)
    deviation = code.std(0)
    used = (rise > 0.01 * base) & (deviation > 0.01 * deviation.max())
    app = open_page("pages/look/units/page.py", {"run": paths["plain"].name})
    (words,) = [text for text in captions(app) if "units are in use" in text]
    counted = f"{used.sum()} of {len(rise)} units are in use"
    # Of units none of which is in use none is called the most important.
    assert words.startswith(f"{counted}. Without unit {rise.argmax()} " if used.any() else f"{counted} (")
    assert f"measured on {min(1000, len(test)):,} test images" in words


def test_interpolation_says_how_much_of_a_path_lies_far_out(paths, own):
    _, (_, _, train), (_, classes, code) = own
    a, b = (code[np.flatnonzero(classes == c)[0]] for c in np.unique(classes)[:2])
    unit = typical(train)
    limit = np.quantile(distances(code[:1000], train) / unit, 0.95)
    far = distances(a + np.linspace(0, 1, 101)[:, None] * (b - a), train) / unit > limit
    app = open_page("pages/look/interpolation/page.py", {"run": paths["plain"].name})
    (words,) = [text for text in captions(app) if "than 95 % of test images are" in text]
    assert words.startswith(f"{far.mean():.0%} of the path" if far.any() else "No place on the path")


def test_interpolation_ranks_code_and_pixels_only_outside_the_interval(paths, own):
    _, train, test = own
    d, sizes = [], []
    for made, scored in ((train[2], test[2]), (train[0] / 255, test[0] / 255)):
        first = along([made[train[1] == c] for c in (0, 1)], [scored[test[1] == c] for c in (0, 1)])
        d, sizes = [*d, cohens_d(*first)], [len(group) for group in first]
    app = open_page(
        "pages/look/interpolation/page.py", {"run": paths["plain"].name, "interpolation_view": "Direction"}
    )
    (words,) = [text for text in captions(app) if text.startswith("Along one straight step")]
    assert f"are {d[0]:.1f} standard deviations apart, in pixels {d[1]:.1f}" in words
    assert f"{2 * norm.cdf(-abs(d[0]) / 2):.1%} and {2 * norm.cdf(-abs(d[1]) / 2):.1%}" in words
    error = sum(sum(sizes) / np.prod(sizes) + one**2 / (2 * sum(sizes)) for one in d) ** 0.5
    clear = abs(d[0] - d[1]) > 1.96 * error
    assert ("separates them better" in words) == (clear and d[0] > d[1])
    assert ("Pixels separate them better" in words) == (clear and d[0] < d[1])
    assert ("do not tell which separates better" in words) == (not clear)


def test_sparsity_calls_nothing_sparser_on_one_seed(paths, own):
    pixels = own[2][0]
    figures = {}
    for path in paths.values():
        code, errors = codes_and_errors(load_run(path), pixels)
        figures[path.name] = ((code != 0).sum(1).mean(), errors.mean())
    app = open_page("pages/look/sparsity/page.py", {"sparsity_lesson": "Your own runs"})
    assert not app.exception
    left, right = (figures[box.value] for box in app.selectbox if box.label in ("Left run", "Right run"))
    (words,) = [text for text in captions(app) if "units active" in text]
    assert f"Left leaves {left[0]:.1f} of 6 units active, Right {right[0]:.1f}" in words
    matched = abs(right[1] / left[1] - 1) <= 0.03
    assert words.startswith("At the same squared error") == matched
    assert words.startswith("Not at the same squared error") == (not matched)
    assert "at every seed" not in words
