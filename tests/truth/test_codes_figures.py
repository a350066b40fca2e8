"""The maps of Codes, their scores, and what a selection shows, computed again with NumPy and scikit-learn."""

import time

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest

from aecore import load_run
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    RUN,
    array,
    captions,
    charts,
    codes_and_errors,
    decode,
    digits,
    distances,
    drawn,
    encode,
    greys,
    images,
    labels,
    payload,
    tiles,
    told,
    typical,
)

pytestmark = pytest.mark.mnist

PAGE = "pages/look/codes/page.py"
ROWS = np.sort(np.random.default_rng(0).choice(10000, 2000, replace=False))
"""The images that are asked; neighbours are among all."""
DIGITS = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"


def trust(code, plane, rows=ROWS, k=12):
    """Venna and Kaski's trustworthiness, over the asked points."""
    n, penalty = len(code), 0
    near = NearestNeighbors(n_neighbors=k + 1).fit(plane).kneighbors(plane[rows])[1]
    for row, found in zip(rows, near, strict=True):
        distance = np.square(code - code[row]).sum(1)
        distance[row] = -1
        for other in found[found != row][:k]:
            penalty += max(0, (distance < distance[other]).sum() - k)
    return 1 - 2 * penalty / (len(rows) * k * (2 * n - 3 * k - 1))


@pytest.fixture(scope="module")
def own():
    """Run, code, errors and labels of the test images."""
    run = load_run(RUN)
    return run, *codes_and_errors(run, images("t10k")), labels("t10k").astype(int)


def half(first, second):
    """Mean difference of the same images and half its 95 % interval."""
    difference = first.astype(float) - second
    return difference.mean(), 1.96 * difference.std(ddof=1) / len(difference) ** 0.5


def test_scores_and_sentences_are_those_of_scikit_learn(own, gallery):
    _, code, _, classes = own
    plane = PCA(2).fit_transform(code)
    in_plane, in_code = told(plane, classes, ROWS), told(code, classes, ROWS)
    in_pixels = told(images("t10k") / 255.0, classes, ROWS)
    app = open_page(PAGE, {"run": RUN.name})
    assert not app.exception
    (((_, rows, _), _),) = charts(app)
    shown = [row["share"] for row in rows]
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


def points(sent, which=0):
    """Places, labels, and numbers of a set of points on the map."""
    found = sent["sets"][which]
    n = found["n"]
    return (
        array(found["xy"], "<f4", n, 2),
        array(found["labels"], "<u2", n),
        array(found["numbers"], "<i4", n),
    )


def test_the_places_and_colours_of_principal_components(own, gallery):
    _, code, errors, classes = own
    pca = PCA(12, svd_solver="full").fit(code)
    link = {
        "run": RUN.name,
        "codes_component_x": "3",
        "codes_component_y": "1",
        "codes_color": "squared error",
        "codes_second": "training images",
        "codes_count": "1000",
    }
    app = open_page(PAGE, link)
    assert not app.exception
    sent = payload(app, "code_map")
    numbers = np.sort(np.random.default_rng(0).choice(10000, 1000, replace=False))
    expected = pca.transform(code)[:, [2, 0]]
    xy, shown, known = points(sent)
    assert known.tolist() == numbers.tolist()
    assert shown.tolist() == classes[numbers].tolist()
    # The sign of a component is the solver's.
    signs = np.sign((xy * expected[numbers]).sum(0))
    assert xy == pytest.approx(signs * expected[numbers], abs=2e-3)
    shares = pca.explained_variance_ratio_
    assert sent["axes"] == [f"component {c} ({shares[c - 1]:.1%} of the variance)" for c in (3, 1)]
    values = array(sent["sets"][0]["values"], "<f4", 1000)
    assert values == pytest.approx(errors[numbers], rel=1e-3)
    ends = [sent["scale"]["low"], sent["scale"]["high"]]
    assert ends == pytest.approx(np.percentile(errors[numbers], (1, 99)), rel=1e-3)

    xy, shown, known = points(sent, 1)
    numbers = np.sort(np.random.default_rng(0).choice(60000, 1000, replace=False))
    assert known.tolist() == numbers.tolist()
    assert shown.tolist() == labels("train")[numbers].tolist()
    placed = pca.transform(encode(own[0], images("train")[numbers]))[:, [2, 0]]
    assert xy == pytest.approx(signs * placed, abs=2e-3)


def test_a_plane_of_units_and_its_scores(own, gallery):
    _, code, _, classes = own
    link = {
        "run": RUN.name,
        "codes_projection": "Units",
        "codes_unit_x": "5",
        "codes_unit_y": "2",
        "codes_color": "unit 7",
        "codes_count": "1000",
    }
    app = open_page(PAGE, link)
    assert not app.exception
    sent = payload(app, "code_map")
    numbers = np.sort(np.random.default_rng(0).choice(10000, 1000, replace=False))
    some, every = code[numbers], np.arange(1000)
    xy, _, _ = points(sent)
    assert xy == pytest.approx(some[:, [5, 2]], abs=1e-4)
    assert sent["axes"] == ["unit 5", "unit 2"]
    values = array(sent["sets"][0]["values"], "<f4", 1000)
    assert values == pytest.approx(some[:, 7], abs=1e-4)
    near = [told(space, classes[numbers], every).mean() for space in (some[:, [5, 2]], some)]
    (((_, rows, _), _),) = charts(app)
    shown = [row["share"] for row in rows]
    assert shown[:3] == pytest.approx([trust(some, some[:, [5, 2]], every), *near], abs=1.1e-3)
    assert rows[0]["score"] == "trustworthiness, 1,000 points"


def test_a_tsne_map_keeps_neighbours_and_its_scores_are_those_of_its_places(gallery, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path))
    pixels, classes = digits("test")
    app = open_page(PAGE, {"run": DIGITS.name, "codes_projection": "t-SNE"})
    app.button(key="codes_tsne_begin").click().run()
    end = time.monotonic() + 100
    while not [c for c in app.caption if "Formed in 750 iterations" in c.value]:
        assert time.monotonic() < end
        time.sleep(0.2)
        app.run()
    xy, shown, numbers = points(payload(app, "code_map"))
    assert numbers.tolist() == list(range(360))
    assert shown.tolist() == classes.tolist()
    code, every = encode(load_run(DIGITS), pixels), np.arange(360)
    told_in = [told(space, classes, every).mean() for space in (xy, code, pixels)]
    score = trust(code, xy, every)
    assert score > 0.9
    (((_, rows, _), _),) = charts(app)
    assert [row["share"] for row in rows] == pytest.approx([score, *told_in], abs=3e-3)


def test_a_selection_shows_its_classes_its_error_and_its_mean(own, gallery):
    run, code, errors, classes = own
    numbers = np.flatnonzero((classes == 4) | (classes == 9))[:60]
    kept = {"mnist": {"latest": numbers.tolist(), "A": [1, 2, 3]}}
    app = open_page(PAGE, {"run": RUN.name}, _kept_selections=kept)
    assert not app.exception
    words = captions(app)
    assert f"**60 images** · squared error {errors[numbers].mean():.1f} (all {errors.mean():.1f})" in words
    ((_, rows, _),) = charts(app)[1]
    counts = np.bincount(classes[numbers], minlength=10)
    assert {row["class"]: row["images"] for row in rows} == {str(c): counts[c] for c in range(10)}
    shown = dict(drawn(app))
    mean = decode(run, code[numbers].mean(0, keepdims=True))
    own = {
        "mean code, decoded": greys(mean),
        "mean of the pixels": images("t10k")[numbers].mean(0).round(),
    }
    for alt, expected in own.items():
        assert np.abs(shown[alt][..., 0].reshape(784) - expected).max() <= 1
    few = numbers[np.linspace(0, 59, 27).round().astype(int)]
    found = tiles(shown["selected images, each with its reconstruction under it"], 28, 28)
    found = found[..., 0].reshape(3, 2, 9, 784)
    expected = [images("t10k")[few], greys(decode(run, code[few]))]
    for i in range(2):
        assert np.abs(found[:, i].reshape(27, 784) - expected[i]).max() <= 1
    assert "Each image with its reconstruction under it; 27 of 60." in words


CLICKED = """
from aecore.web.code_map.payload import MapState
from pages.look.codes import material, panel, projections
from pages.look.codes.panel import Shown
from pages.shared import loading

points = material.points_of({key!r}, material.TEST, 10000)
plane = projections.pca_plane({key!r}, points, 1, 2)
panel.draw({key!r}, loading.load_data("mnist"), Shown(points), plane, MapState(picked=18, place=({x}, {y})))
"""


def clicked(x, y):
    """The panel when test image 18 and that place of the first two components are clicked."""
    script = CLICKED.format(key=RUN.name, x=x, y=y)
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    return app


def test_a_clicked_point_has_its_nearest_others(own, gallery):
    _, code, errors, classes = own
    app = clicked(0.0, 0.0)
    words = captions(app)
    alts = [alt for alt, _ in drawn(app)]
    assert f"image 18, {classes[18]}; squared error {errors[18]:.1f}" in alts
    for where, space in (("the code", code), ("pixels", images("t10k") / 255)):
        near = np.argsort(np.square(space - space[18]).sum(1))[1:9]
        same = (classes[near] == classes[18]).sum()
        assert f"Nearest in **{where}**, nearest first: {same} of 8 are {classes[18]}" in words


def test_a_clicked_place_has_its_distance_and_is_within_the_data_or_outside(own, gallery):
    run, code, _, _ = own
    pca = PCA(12, svd_solver="full").fit(code)
    train = encode(run, images("train"))
    unit = typical(train)
    limit = np.quantile(distances(code[:1000], train) / unit, 0.95)
    verdicts = set()
    for x, y in ((0.0, -8.0), (0.0, 8.0), (60.0, -60.0)):
        # A component's sign is the solver's: the four places that it may mean.
        scores = np.zeros((4, 12))
        scores[:, :2] = [(a * x, b * y) for a in (1, -1) for b in (1, -1)]
        far = distances(pca.inverse_transform(scores), train) / unit
        app = clicked(x, y)
        shown = float(app.metric[0].value)
        assert min(abs(shown - far)) <= 0.0051
        (verdict,) = [text for text in captions(app) if text.startswith("times the usual distance")]
        assert f"(test images: up to {limit:.2f})" in verdict
        assert ("where real codes are" in verdict) == (shown <= limit)
        assert ("farther out than 95 % of unseen images" in verdict) == (shown > limit)
        verdicts.add(shown <= limit)
    assert verdicts == {True, False}
