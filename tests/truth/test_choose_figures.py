"""The figures that Choose and Reconstructions show of shipped models, computed again from their weights.

With NumPy and SciPy alone; of aecore only what reads runs and grids is used, and of PyTorch only the
permutation that defines the validation split.
"""

import re

import numpy as np
import pytest
import torch
from scipy import linalg

from aecore import load_run, store
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import RUN, captions, codes_and_errors, images, layers

pytestmark = pytest.mark.mnist

POST = ROOT / "checkpoints" / "grid-mnist-post-a1afba6a"
DICTIONARY = ROOT / "checkpoints" / "grid-mnist-dictionary-a04b9ba5"
PLAIN = [(POST, k) for k in (0, 7, 12, 20, 25, 29)] + [(DICTIONARY, k) for k in (0, 4, 10)]
"""Members whose layers are products and ReLUs alone."""

HALF = 1e-3
"""Relative change that half-precision weights may make of an error measured before."""


@pytest.fixture(scope="module")
def mnist() -> dict[str, np.ndarray]:
    train = images("train")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0)).numpy()
    return {"train": train, "test": images("t10k"), "validation": train[np.sort(order[:5000])]}


@pytest.fixture(scope="module")
def pca_errors(mnist) -> dict[str, np.ndarray]:
    """Squared error of each test image with n principal components of the training images, for some n."""
    x = mnist["train"] / 255.0
    mean = x.mean(0)
    x -= mean
    axes = linalg.eigh(x.T @ x)[1][:, ::-1]
    test = mnist["test"] / 255.0 - mean
    scores = test @ axes
    left = np.square(test).sum(1)[:, None] - np.cumsum(np.square(scores), axis=1)
    clipped = np.clip(scores[:, :12] @ axes[:, :12].T + mean, 0, 1) - mnist["test"] / 255.0
    found = {str(n): left[:, n - 1] for n in (2, 4, 8, 12, 32, 64)}
    return found | {"12 clipped": np.square(clipped).sum(1)}


def row_of(grid, k):
    return next(row for row in store.read_grid(grid).members() if row.k == k)


@pytest.mark.parametrize(("grid", "k"), PLAIN, ids=lambda value: getattr(value, "name", value))
def test_a_members_figures_are_those_of_its_weights(grid, k, mnist, pca_errors):
    run, result = load_run(grid / str(k)), row_of(grid, k).result
    code, errors = codes_and_errors(run, mnist["test"])
    assert result.test.squared_error == pytest.approx(errors.mean(), rel=HALF)
    assert result.test.mse == pytest.approx(errors.mean() / 784, rel=HALF)
    assert result.test.pca_squared_error == pytest.approx(pca_errors[str(run.latent_size)].mean(), rel=1e-5)
    assert result.code.exact_zeros == pytest.approx((code == 0).mean(), abs=1e-3)
    size = np.abs(code)[np.abs(code).max(1) > 0]
    root = np.sqrt(run.latent_size)
    hoyer = ((root - size.sum(1) / np.linalg.norm(size, axis=1)) / (root - 1)).mean()
    assert result.code.hoyer == pytest.approx(hoyer, abs=1e-3)

    code, errors = codes_and_errors(run, mnist["validation"])
    assert result.validation["squared_error"] == pytest.approx(errors.mean(), rel=HALF)
    assert result.validation_standard_error == pytest.approx(errors.std(ddof=1) / 5000**0.5, rel=5e-3)
    counted, deviation = result.validation_code, code.std(0, ddof=1)
    assert counted.images == 5000
    # A unit at the edge of zero may fall to either side in single precision.
    assert counted.active_units == pytest.approx((code != 0).sum(1).mean(), abs=1e-3)
    assert counted.dead_units == int((deviation <= 0.01 * deviation.max()).sum())
    weights = sum(w.size + b.size for part in ("encoder", "decoder") for w, b in layers(run, part))
    assert result.parameters == weights


def table():
    """Validation error, its standard error, active units and parameters of the shipped grid's members."""
    rows = store.read_grid(POST).members()
    return [
        (
            row.result.validation["squared_error"],
            row.result.validation_standard_error,
            min(
                row.result.validation_code.active_units,
                row.result.validation_code.units - row.result.validation_code.dead_units,
            ),
            row.result.parameters,
            row.axes["model.latent_size"],
        )
        for row in rows
    ]


def test_the_proposal_is_the_smallest_code_within_one_standard_error(gallery):
    rows = table()
    best = min(rows)
    within = [row for row in rows if row[0] <= best[0] + best[1]]
    units, error = min((row[4], row[0]) for row in within)
    app = open_page("pages/look/choose/page.py", {"grid": POST.name})
    (text,) = [text for text in captions(app) if text.startswith("**Proposed")]
    assert text.startswith(f"**Proposed: {units} units")
    assert f"{error:.2f}" in text
    assert f"({best[1]:.2f}, over the validation images)" in text
    assert "another seed may choose otherwise" in text


def test_the_front_holds_what_no_other_member_beats(gallery):
    costs = [(row[0], row[2], row[3]) for row in table()]

    def beaten(one):
        return any(all(a <= b for a, b in zip(other, one, strict=True)) and other != one for other in costs)

    count = sum(not beaten(one) for one in costs)
    app = open_page("pages/look/choose/page.py", {"grid": POST.name, "choose_view": "Pareto front"})
    assert any(text.startswith(f"{count} of 30 models") for text in captions(app))


def test_importance_names_the_axis_with_most_of_the_variance_and_more_than_chance(gallery):
    info = store.read_grid(POST)
    errors = {row.k: row.result.validation["squared_error"] for row in info.members()}
    members = np.array(list(info.grid.index)).reshape([len(values) for values in info.grid.axes.values()])
    values = np.vectorize(errors.get)(members)

    def shares(values):
        rest = [tuple(j for j in range(values.ndim) if j != i) for i in range(values.ndim)]
        return np.array([values.mean(axis=axes).var() / values.var() for axes in rest])

    random = np.random.default_rng(9)
    ks = sorted(errors)
    chance = []
    for _ in range(300):
        moved = dict(zip(ks, random.permutation([errors[k] for k in ks]), strict=True))
        chance.append(shares(np.vectorize(moved.get)(members)).max())
    found = shares(values)
    assert found.argmax() == 0
    assert found[0] > np.max(chance)
    app = open_page("pages/look/choose/page.py", {"grid": POST.name, "choose_view": "Importance"})
    (text,) = [text for text in captions(app) if "goes with" in text]
    assert text.startswith("The validation error goes with “Units in the code” more than by chance")


def test_reconstructions_shows_the_runs_own_error_and_pcas(gallery, mnist, pca_errors):
    _, errors = codes_and_errors(load_run(RUN), mnist["test"])
    pca = pca_errors["12"]
    app = open_page("pages/look/reconstructions/page.py", {"run": RUN.name})
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
    assert psnr == pytest.approx(expected, abs=0.06)
    assert f"its squared error is {pca_errors['12 clipped'].mean():.2f}" in words
    less, better = re.search(
        r"leaves (\d+)% less error .* better one on (\d+)% of the images", words
    ).groups()
    assert int(less) == pytest.approx(100 * (1 - errors.mean() / pca.mean()), abs=0.6)
    assert int(better) == pytest.approx(100 * (errors < pca).mean(), abs=0.6)
