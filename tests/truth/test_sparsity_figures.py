"""What Sparsity shows of shipped networks, computed again from their weights with NumPy."""

import re

import numpy as np
import pytest

from aecore import load_run, store
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import captions, codes_and_errors, decode, images, layers, plain_html

pytestmark = pytest.mark.mnist

GRID = ROOT / "checkpoints" / "grid-mnist-dictionary-a04b9ba5"
PAGE = "pages/look/sparsity/page.py"


@pytest.fixture(scope="module")
def table():
    return store.read_figures(GRID).members


@pytest.fixture(scope="module")
def pixels():
    return images("t10k")


def only(table, seed, **values):
    """The row of a network that differs from the base in these fields, with a double underscore for a dot."""
    wanted = {key.replace("__", "."): value for key, value in values.items()}
    return next(row for row in table if row.seed == seed and row.values == wanted)


def path(table, seed, penalty):
    """Rows from none to strong, each with its strength; at the first seed those with weights."""
    rows = [(row.values[f"loss.{penalty}"], row) for row in table if set(row.values) == {f"loss.{penalty}"}]
    none = only(table, seed, loss__code_l1=0.0)
    rows = [(0.0, none), *((s, row) for s, row in rows if row.seed == seed and s)]
    return [(s, row) for s, row in sorted(rows, key=lambda one: one[0]) if seed or row.k is not None]


def measured(k, pixels):
    """Squared error, active units, zeros, dead, silent and used units, and Hoyer's measure of a member."""
    run = load_run(GRID / str(k))
    code, errors = codes_and_errors(run, pixels)
    deviation, on = code.std(0, ddof=1), code != 0
    size = code[on.any(1)]
    root = np.sqrt(code.shape[1])
    hoyer = ((root - size.sum(1) / np.linalg.norm(size, axis=1)) / (root - 1)).mean()
    z, x, used = code[:1000], pixels[:1000] / 255.0, 0
    base = np.square(decode(run, z) - x).sum()
    for unit in range(z.shape[1]):
        without = z.copy()
        without[:, unit] = z[:, unit].mean()
        used += np.square(decode(run, without) - x).sum() > 1.01 * base
    dead = (deviation <= 0.01 * deviation.max()).sum()
    return [errors.mean(), on.sum(1).mean(), 100 * (~on).mean(), dead, (~on.any(0)).sum(), used, hoyer]


def test_the_strip_and_the_sentence_at_the_strength_at_which_the_page_opens(table, pixels, gallery):
    left = [only(table, seed, loss__code_l1=0.003) for seed in range(3)]
    right, strengths = [], []
    for seed, row in enumerate(left):
        strength, match = min(
            path(table, seed, "code_l2"),
            key=lambda one: abs(one[1].figures.squared_error - row.figures.squared_error),
        )
        right.append(match)
        strengths.append(strength)
    app = open_page(PAGE, {})
    assert not app.exception
    html = plain_html(app)
    (strip,) = [text for text in html if "Never fire" in text]
    rows = [re.split(r"\|", part) for part in re.split(r"\|L[12]\|", strip)[1:]]
    for cells, row in zip(rows, (left[0], right[0]), strict=True):
        shown = [float(cell.rstrip("%")) for cell in cells if re.fullmatch(r"[\d.]+%?", cell)]
        steps = (0.0051, 0.051, 0.051, 0, 0, 0, 0.0051)
        own = measured(row.k, pixels)
        off = np.abs(np.subtract(shown, own))
        assert (off <= np.array(steps) + 1e-6).all(), (shown, own)
    words = captions(app)
    ratios = [
        abs(b.figures.squared_error / a.figures.squared_error - 1) for a, b in zip(left, right, strict=True)
    ]
    used = f"strength {min(strengths):g} to {max(strengths):g}."
    assert f"L2 matched at each of three seeds: squared error within {max(ratios):.1%}, {used}" in words
    active = [[row.figures.active_units for row in side] for side in (left, right)]
    silent = [[row.figures.units - row.figures.alive_units for row in side] for side in (left, right)]
    assert all(b > a for a, b in zip(*active, strict=True))
    counts = [f"{min(side):.1f} to {max(side):.1f}" for side in active]
    never = [f"{min(side)} to {max(side)}" for side in silent]
    assert (
        f"At the same squared error L1 leaves {counts[0]} of 64 units active, L2 {counts[1]} over three "
        f"seeds: more at every seed. Units that never fire: {never[0]} under L1, {never[1]} under L2."
        in words
    )
    for number, row in enumerate((left[0], right[0])):
        code, _ = codes_and_errors(load_run(GRID / str(row.k)), pixels[:1])
        assert f"|L{number + 1}|writes this image with|{(code != 0).sum()}|of 64 units|" in html


def test_the_weights_their_errors_and_the_pruned_ones(table, pixels, gallery):
    post = {
        "model.family": "mlp",
        "model.latent_size": 12,
        "model.code_activation": "linear",
        "model.output_activation": "tanh",
    }
    app = open_page(PAGE, {"sparsity_view": "Weights"})
    plain, proximal, decayed = (
        [next(row for row in table if row.seed == seed and row.values == post | more) for seed in range(3)]
        for more in (
            {},
            {"loss.weight_l1": 5e-5},
            {"train.optimizer": "adamw", "train.weight_decay": 1.0},
        )
    )
    columns = [text for text in plain_html(app) if "of the weights exactly 0" in text]
    for text, row in zip(columns, (proximal[0], decayed[0]), strict=True):
        run = load_run(GRID / str(row.k))
        weights = [np.abs(w) for part in ("encoder", "decoder") for w, _ in layers(run, part)]
        count = sum(w.size for w in weights)
        zeros = sum((w == 0).sum() for w in weights) / count
        near = sum((w <= 0.05 * w.max()).sum() for w in weights) / count
        error = codes_and_errors(run, pixels)[1].mean()
        shares = [float(n) for n in re.findall(r"\|([\d.]+)%\|", text)]
        assert shares == pytest.approx([100 * zeros, 100 * near], abs=0.51)
        assert shares[0] == pytest.approx(100 * zeros, abs=0.051)
        assert float(re.search(r"squared error\|([\d.]+)\|", text)[1]) == pytest.approx(error, abs=0.0051)
    rises = [
        [b.figures.squared_error - a.figures.squared_error for a, b in zip(plain, side, strict=True)]
        for side in (proximal, decayed)
    ]
    assert np.min(rises) > 0
    spans = [f"for {min(rise):.1f} to {max(rise):.1f} more squared error" for rise in rises]
    (words,) = [text for text in captions(app) if text.startswith("The proximal L1 step")]
    assert all(span in words for span in spans)
