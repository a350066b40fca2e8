"""What Interpolation shows of a shipped model, computed again with NumPy, SciPy and scikit-learn."""

import re

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import pairwise_distances

from aecore import load_run
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    RUN,
    along,
    array,
    captions,
    charts,
    codes_and_errors,
    cohens_d,
    decode,
    distances,
    drawn,
    encode,
    greys,
    images,
    labels,
    layers,
    payload,
    rises,
    through,
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
    (shown,) = [numbers(text) for text in words if text.startswith("squared error on the way (cross-fade")]
    assert [real, *shown] == pytest.approx(means, abs=0.06)


STEP = 0.006
"""What rounding and single precision may make of a distance that is shown with two decimals or four."""


def check_scrubber(sent, run, codes, faded, far, band):
    """What the slider shows: the decoded codes, the pixels' way, the distances and where they are usual."""
    frames = array(sent["frames"], np.uint8, len(codes), 784)
    assert np.abs(frames - greys(decode(run, codes))).max() <= 2
    assert np.abs(array(sent["baseline"], np.uint8, len(codes), 784) - greys(faded)).max() <= 1
    assert sent["curve"] == pytest.approx(far, abs=STEP)
    assert sent["band"] == pytest.approx(band, abs=STEP)
    assert f"lie, {band[0]:.2f} to {band[1]:.2f}." in sent["legend"]


@pytest.mark.parametrize("kind", ["straight", "beyond", "through"])
def test_what_a_path_shows_at_each_place(own, gallery, kind):
    run, train, test, first, unit, band = own
    t = np.linspace(-0.5, 1.5, 101) if kind == "beyond" else np.linspace(0, 1, 101)
    ends = first[:2] if kind != "through" else [first[0], first[2], first[1]]

    def way(space):
        if kind != "through":
            return space[ends[0]] + t[:, None] * (space[ends[1]] - space[ends[0]])
        places = np.linspace(0, 1, 3)
        return np.stack([np.interp(t, places, column) for column in space[ends].T], axis=1)

    app = open_page(PAGE, {"run": RUN.name}, interpolation_path=kind)
    assert not app.exception
    codes, far = way(test), distances(way(test), train) / unit
    check_scrubber(payload(app, "scrubber"), run, codes, way(images("t10k") / 255.0), far, band)
    (words,) = [text for text in captions(app) if "than 95 % of test images are" in text]
    assert words.startswith(
        f"{(far > band[1]).mean():.0%} of the path" if (far > band[1]).any() else "No place on the path"
    )
    assert float(app.metric[0].value) == pytest.approx(far.max(), abs=STEP)


def test_a_spherical_path_turns_evenly_between_its_ends(gallery):
    """Offered with an L2 penalty alone: the share of both codes is what a rotation of their plane gives."""
    grid = ROOT / "checkpoints" / "grid-mnist-post-a1afba6a"
    run = load_run(grid / "18")
    assert run.config.loss.code_l2 > 0
    first = [int(np.flatnonzero(labels("t10k") == c)[0]) for c in range(2)]
    ends = encode(run, images("t10k")[first])
    a, b = ends / np.linalg.norm(ends, axis=1, keepdims=True)
    upright = b - a * (a @ b)
    upright /= np.linalg.norm(upright)
    codes = []
    for turn in np.linspace(0, np.arccos(a @ b), 101):
        direction = a * np.cos(turn) + upright * np.sin(turn)
        codes.append(np.linalg.lstsq(np.stack([a, b], 1), direction, rcond=None)[0] @ ends)
    app = open_page(PAGE, {"run": f"{grid.name}/18"}, interpolation_path="spherical")
    assert not app.exception
    frames = array(payload(app, "scrubber")["frames"], np.uint8, 101, 784)
    assert np.abs(frames - greys(decode(run, np.array(codes)))).max() <= 2
    app = open_page(PAGE, {"run": RUN.name})
    (kinds,) = [c for c in app.segmented_control if c.key == "interpolation_path"]
    assert "spherical" not in kinds.options


def test_a_sheets_distances(own, gallery):
    run, train, test, first, unit, band = own
    app = open_page(PAGE, {"run": RUN.name, "interpolation_view": "Four corners"})
    down, across = (grid[..., None] for grid in np.meshgrid(*[np.linspace(0, 1, 9)] * 2, indexing="ij"))
    a, b, c, d = (test[i] for i in first)
    top, bottom = (one + across * (other - one) for one, other in ((a, b), (c, d)))
    codes = (top + down * (bottom - top)).reshape(81, -1)
    far = distances(codes, train) / unit
    count, middle = (metric.value for metric in app.metric)
    assert count == f"{(far > band[1]).sum()} of 81"
    assert float(middle) == pytest.approx(far[40], abs=0.0051)
    assert any(f"(test images: {band[0]:.2f} to {band[1]:.2f})" in text for text in captions(app))
    (sheet,) = [pixels for alt, pixels in drawn(app) if alt.startswith("Decoded sheet")]
    # Each picture twice as large, with a frame of two pixels.
    cells = sheet.reshape(9, 60, 9, 60, 3).transpose(0, 2, 1, 3, 4).reshape(81, 60, 60, 3)
    made = greys(decode(run, codes)).reshape(81, 28, 28)
    assert np.abs(cells[:, 2:-2:2, 2:-2:2, 0] - made).max() <= 2
    orange = (cells[:, 0, 0] == (234, 88, 12)).all(1)
    assert orange.tolist() == (far > band[1]).tolist()


@pytest.mark.parametrize(("first", "second"), [(0, 1), (4, 9)])
def test_a_directions_separation_and_its_verdict(own, gallery, first, second):
    run, train, test, start, unit, band = own
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
    assert any(f"pixels along their own direction {d[1]:.2f};" in text for text in captions(app))

    image = start[0]
    t = np.linspace(-2, 2, 101)[:, None]
    ways = []
    for space, made in ((test, train), (images("t10k") / 255, images("train") / 255)):
        step = np.subtract(*(made[labels("train") == c].mean(0) for c in (second, first)))
        ways.append(space[image] + t * step)
    far = distances(ways[0], train) / unit
    check_scrubber(payload(app, "scrubber"), run, ways[0], ways[1], far, band)

    means = [train[labels("train") == c].mean(0) for c in (first, second)]
    step = means[1] - means[0]
    ((_, bars, _),) = charts(app)[0]
    for c in (first, second):
        rows = [row for row in bars if row["group"] == f"class {c}"]
        edges = [row["start"] for row in rows] + [rows[-1]["end"]]
        places = (test[labels("t10k") == c] - means[0]) @ step / (step @ step)
        own_shares = np.histogram(np.clip(places, edges[0], edges[-1]), edges)[0] / len(places)
        # An image at the edge of a bin may fall to either side in single precision.
        assert [row["share"] for row in rows] == pytest.approx(own_shares, abs=2.1 / len(places))


def test_a_direction_between_selections_ranks_nothing(own, gallery):
    _, _, test, *_ = own
    kept = {"A": list(range(40)), "B": list(range(40, 100))}
    link = {
        "run": RUN.name,
        "interpolation_view": "Direction",
        "interpolation_from": "selection A",
        "interpolation_to": "selection B",
    }
    app = open_page(PAGE, link, _kept_selections={"mnist": kept})
    d = []
    for space in (test, images("t10k") / 255):
        groups = [space[kept["A"]], space[kept["B"]]]
        d.append(cohens_d(*along(groups, groups)))
    assert float(app.metric[0].value) == pytest.approx(d[0], abs=0.0051)
    (words,) = [text for text in captions(app) if text.startswith("Along one straight step")]
    assert f"are {d[0]:.1f} standard deviations apart, in pixels {d[1]:.1f}" in words
    assert words.endswith("this does not say which separates better.")


def test_the_unit_sliders_stand_where_the_codes_are(own, gallery):
    run, train, test, first, *_ = own
    app = open_page(PAGE, {"run": RUN.name, "interpolation_view": "Unit sliders"})
    assert not app.exception
    sent = payload(app, "unit_sliders")
    base, rise = rises(run, images("t10k"), test)
    assert [one["unit"] for one in sent["units"]] == np.argsort(-rise).tolist()
    for one in sent["units"]:
        low, high = np.quantile(test[:, one["unit"]], (0.01, 0.99))
        assert [one["low"], one["high"]] == pytest.approx([low, high], abs=1e-3)
        assert f"{low:.2f} to {high:.2f}; replacing it by its mean" in one["note"]
        assert numbers(one["note"])[-1] == pytest.approx(rise[one["unit"]], abs=STEP)
        assert one["unused"] == bool(rise[one["unit"]] <= 0.01 * base)
    assert sent["start"]["code"] == pytest.approx(test[first[0]], abs=1e-3)
    assert sent["presets"][1]["code"] == pytest.approx(test.mean(0), abs=1e-3)

    rows = np.sort(np.random.default_rng(0).choice(60000, 2000, replace=False))
    known = train[rows]
    reference = sent["reference"]
    assert array(reference["codes"], "<f4", 2000, 12) == pytest.approx(known, abs=1e-3)
    unit = typical(known)
    assert reference["typical"] == pytest.approx(unit, rel=1e-3)
    limit = np.quantile(distances(test[:1000], known) / unit, 0.95)
    assert reference["limit"] == pytest.approx(limit, rel=1e-3)

    decoder = sent["decoder"]
    weights = array(decoder["weights"], "<f4", -1)
    stack = []
    for layer in decoder["layers"]:
        if layer["type"] == "linear":
            size = layer["outputs"], layer["inputs"]
            start = layer["weight"]
            matrix = weights[start : start + size[0] * size[1]].reshape(size)
            stack.append((matrix, weights[layer["bias"] : layer["bias"] + size[0]]))
    assert [layer["type"] for layer in decoder["layers"]] == ["linear", "relu"] * 2 + ["linear", "tanh"]
    code = test[first]
    made = np.tanh(through(code, stack)) * decoder["std"][0] + decoder["mean"][0]
    assert made == pytest.approx(decode(run, code), abs=1e-5)
    assert len(stack) == len(layers(run, "decoder"))
    used = (rise > 0.01 * base).sum()
    assert any(text.startswith(f"{used} of 12 units are in use;") for text in captions(app))
