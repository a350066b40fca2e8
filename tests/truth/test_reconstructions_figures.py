"""What Reconstructions shows of a shipped model, computed again from its weights with NumPy."""

import re

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from aecore import load_run
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    RUN,
    captions,
    charts,
    codes_and_errors,
    decode,
    drawn,
    greys,
    labels,
    plain_html,
    tinted,
)

pytestmark = pytest.mark.mnist

PAGE = "pages/look/reconstructions/page.py"


@pytest.fixture(scope="module")
def own(mnist):
    """The run, its codes and errors of the test images, and their labels."""
    run = load_run(RUN)
    return run, *codes_and_errors(run, mnist["test"]), labels("t10k").astype(int)


def linear(components, pixels, n):
    """Reconstructions in [0, 1] by n principal components of the training images."""
    mean, axes = components
    return (pixels / 255.0 - mean) @ axes[:, :n] @ axes[:, :n].T + mean


def test_reconstructions_shows_the_runs_own_error_and_pcas(gallery, own, pca_errors):
    _, _, errors, classes = own
    pca = pca_errors["12"]
    app = open_page(PAGE, {"run": RUN.name})
    assert not app.exception
    (metric,) = app.metric
    assert float(metric.value) == pytest.approx(errors.mean(), abs=0.006)
    assert float(metric.delta.split()[0]) == pytest.approx(errors.mean() - pca.mean(), abs=0.011)
    words = " ".join(captions(app))
    assert f"PCA's {pca.mean():.2f}" in metric.delta
    psnr = [
        float(found)
        for found in re.findall(r"PSNR, higher is better: ([\d.]+) dB \(PCA ([\d.]+)\)", words)[0]
    ]
    expected = [10 * np.log10(784 / e.mean()) for e in (errors, pca)]
    mse = f"{errors.mean() / 784:.4f} (PCA {pca.mean() / 784:.4f})"
    assert f"Mean squared error of a pixel: {mse}" in words
    assert psnr == pytest.approx(expected, abs=0.06)
    assert f"its squared error is {pca_errors['12 clipped'].mean():.2f}" in words
    less, better = re.search(
        r"leaves (\d+)% less error .* better one on (\d+)% of the images", words
    ).groups()
    assert int(less) == pytest.approx(100 * (1 - errors.mean() / pca.mean()), abs=0.6)
    assert int(better) == pytest.approx(100 * (errors < pca).mean(), abs=0.6)

    means = np.array([errors[classes == c].mean() for c in range(10)])
    uncertain = [errors[classes == c].var(ddof=1) / (classes == c).sum() for c in range(10)]
    order = np.argsort(means)
    for worst, name in ((True, "Hardest class"), (False, "asiest")):
        first, second = order[[-1, -2]] if worst else order[[0, 1]]
        clear = abs(means[first] - means[second]) > 2 * (uncertain[first] + uncertain[second]) ** 0.5
        found = re.search(rf"{name}: (\d) \(([\d.]+)", words)
        assert bool(found) == clear
        if found:
            assert int(found[1]) == first
            assert float(found[2]) == pytest.approx(means[first], abs=0.051)


@pytest.mark.parametrize(("order", "chosen"), [("Worst", "All"), ("Best", "7")])
def test_the_images_shown_their_errors_and_the_spread(
    gallery, own, mnist, components, pca_errors, order, chosen
):
    run, code, errors, classes = own
    link = {
        "run": RUN.name,
        "reconstructions_order": order,
        "reconstructions_class": chosen,
        "reconstructions_pca": "true",
        "reconstructions_count": "12",
    }
    app = open_page(PAGE, link)
    assert not app.exception
    pool = np.arange(10000) if chosen == "All" else np.flatnonzero(classes == int(chosen))
    ranked = pool[np.argsort(errors[pool])]
    shown = ranked[::-1][:12] if order == "Worst" else ranked[:12]
    pictures = drawn(app)
    numbers = [int(found[1]) for alt, _ in pictures if (found := re.match(r"test image (\d+),", alt))]
    assert numbers == shown.tolist()
    (wall,) = [text for text in plain_html(app) if "PCA ·" in text]
    mine = [float(n) for n in re.findall(r"\|\d\|·\|([\d.]+)", wall)]
    linears = [float(n) for n in re.findall(r"PCA ·\|([\d.]+)", wall)]
    assert mine == pytest.approx(errors[shown], abs=0.051)
    assert linears == pytest.approx(pca_errors["12"][shown], abs=0.051)

    (legend,) = [text for text in plain_html(app) if "too bright" in text]
    first = mnist["test"][:256] / 255.0
    largest = np.quantile(np.abs(decode(run, code[:256]) - first), 0.999)
    limit = max(np.ceil(largest * 10) / 10, 0.1)
    assert f"+{limit:.1f} too bright" in legend
    x = mnist["test"][shown] / 255.0
    made = {"network": decode(run, code[shown]), "PCA": linear(components, mnist["test"][shown], 12)}
    for who, rebuilt in made.items():
        found = [pixels for alt, pixels in pictures if alt == f"reconstruction by {who}"]
        assert np.abs(np.stack(found)[..., 0].reshape(12, -1) - greys(rebuilt)).max() <= 1
        found = [pixels for alt, pixels in pictures if alt == f"difference, {who}"]
        assert np.abs(np.stack(found).reshape(12, 784, 3) - tinted(rebuilt - x, limit)).max() <= 2

    histogram, ticks, *rules = charts(app)[0]
    edges = [row["start"] for row in histogram[1]] + [histogram[1][-1]["end"]]
    counts = np.histogram(np.minimum(errors[pool], edges[-1]), edges)[0]
    # An error at the edge of a bin may fall to either side in single precision.
    assert np.abs(counts - [row["images"] for row in histogram[1]]).max() <= 1
    assert sum(row["images"] for row in histogram[1]) == len(pool)
    assert [row["error"] for row in ticks[1]] == pytest.approx(errors[shown], rel=1e-4)
    means = [rows[0]["value"] for mark, rows, _ in rules if mark == "rule"]
    assert means == pytest.approx([errors[pool].mean(), pca_errors["12"][pool].mean()], rel=1e-4)


def similarity(x, y):
    """Mean structural similarity of each pair of 28 x 28 images in [0, 1], windows of 7 x 7."""
    a, b = (sliding_window_view(v.reshape(-1, 28, 28), (7, 7), (1, 2)).reshape(-1, 484, 49) for v in (x, y))
    m, n = a.mean(2), b.mean(2)
    covariance = ((a * b).mean(2) - m * n) * 49 / 48
    spread = a.var(2, ddof=1) + b.var(2, ddof=1)
    found = (2 * m * n + 1e-4) * (2 * covariance + 9e-4) / ((m**2 + n**2 + 1e-4) * (spread + 9e-4))
    return found.mean(1)


def test_the_further_figures_and_the_errors_by_class(gallery, own, mnist, components, pca_errors):
    run, code, errors, classes = own
    app = open_page(PAGE, {"run": RUN.name})
    table = dict(app.dataframe[0].value.values.tolist())
    x = mnist["test"][:500] / 255.0
    rebuilt = [decode(run, code[:500]), linear(components, mnist["test"][:500], 12)]
    values = np.linalg.svd(code - code.mean(0), compute_uv=False)
    share = values / values.sum()
    held_out = codes_and_errors(run, mnist["validation"])[1]
    kept = np.setdiff1d(np.arange(60000), validation_numbers())[:5000]
    trained = codes_and_errors(run, mnist["train"][kept])[1]
    expected = {
        "SSIM": [similarity(x, y).mean() for y in rebuilt],
        "Variance explained": [
            100 * (1 - e.mean() / pca_errors["0"].mean()) for e in (errors, pca_errors["12"])
        ],
        "Effective rank": [np.exp(-(share * np.log(share)).sum()), 12],
        "Active units": [(code != 0).sum(1).mean(), 12],
        "Varying units": [(code.std(0) > 0.01 * code.std(0).max()).sum(), 12],
        "Trained, held out": [trained.mean(), held_out.mean()],
    }
    steps = {"SSIM": 0.0006, "Trained, held out": 0.0051}
    assert set(table) == set(expected)
    for name, figures in expected.items():
        shown = [float(n) for n in re.findall(r"[\d.]+", table[name])]
        assert shown == pytest.approx(figures, abs=steps.get(name, 0.051)), name

    doubt = 2 * (trained.var(ddof=1) / 5000 + held_out.var(ddof=1) / 5000) ** 0.5
    gap = held_out.mean() - trained.mean()
    (words,) = [text for text in captions(app) if "eld-out images are" in text]
    assert ("can't be told" in words) == (abs(gap) <= doubt)
    if abs(gap) > doubt:
        word = "more" if gap > 0 else "less"
        assert f"{abs(gap):.2f} {word} squared error" in words
        assert f"({abs(gap) / trained.mean():.0%} {word})" in words

    bars, rule = charts(app)[1]
    means = {str(c): errors[classes == c].mean() for c in range(10)}
    assert {row["name"]: row["error"] for row in bars[1]} == pytest.approx(means, rel=1e-4)
    assert [row["name"] for row in bars[1]] == sorted(means, key=lambda c: -means[c])
    assert rule[1][0]["mean"] == pytest.approx(errors.mean(), rel=1e-4)


def validation_numbers():
    import torch

    return torch.randperm(60000, generator=torch.Generator().manual_seed(0)).numpy()[:5000]
