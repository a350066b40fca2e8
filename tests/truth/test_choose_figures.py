"""The figures that Choose shows of shipped models, computed again from their weights.

With NumPy and SciPy alone; of aecore only what reads runs and grids is used, and of PyTorch only the
permutation that defines the validation split.
"""

import numpy as np
import pytest

from aecore import load_run, store
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    array,
    captions,
    charts,
    codes_and_errors,
    decode,
    encode,
    greys,
    labels,
    layers,
    payload,
)

pytestmark = pytest.mark.mnist

POST = ROOT / "checkpoints" / "grid-mnist-post-a1afba6a"
DICTIONARY = ROOT / "checkpoints" / "grid-mnist-dictionary-a04b9ba5"
PLAIN = [(POST, k) for k in (0, 7, 12, 20, 25, 29)] + [(DICTIONARY, k) for k in (0, 4, 10)]
"""Members whose layers are products and ReLUs alone."""

ROUNDED = 1.7e-3
"""Relative change that rounding a network's weights may make of an error measured before."""


PAGE = "pages/look/choose/page.py"


def row_of(grid, k):
    return next(row for row in store.read_grid(grid).members() if row.k == k)


@pytest.mark.parametrize(("grid", "k"), PLAIN, ids=lambda value: getattr(value, "name", value))
def test_a_members_figures_are_those_of_its_weights(grid, k, mnist, pca_errors):
    run, result = load_run(grid / str(k)), row_of(grid, k).result
    code, errors = codes_and_errors(run, mnist["test"])
    assert result.test.squared_error == pytest.approx(errors.mean(), rel=ROUNDED)
    assert result.test.mse == pytest.approx(errors.mean() / 784, rel=ROUNDED)
    assert result.test.pca_squared_error == pytest.approx(pca_errors[str(run.latent_size)].mean(), rel=1e-5)
    assert result.code.exact_zeros == pytest.approx((code == 0).mean(), abs=1e-3)
    size = np.abs(code)[np.abs(code).max(1) > 0]
    root = np.sqrt(run.latent_size)
    hoyer = ((root - size.sum(1) / np.linalg.norm(size, axis=1)) / (root - 1)).mean()
    assert result.code.hoyer == pytest.approx(hoyer, abs=3e-3)

    code, errors = codes_and_errors(run, mnist["validation"])
    assert result.validation["squared_error"] == pytest.approx(errors.mean(), rel=ROUNDED)
    assert result.validation_standard_error == pytest.approx(errors.std(ddof=1) / 5000**0.5, rel=5e-3)
    counted, deviation = result.validation_code, code.std(0, ddof=1)
    assert counted.images == 5000
    # Counted before the weights were rounded: a unit at the edge of zero may change side.
    assert counted.active_units == pytest.approx((code != 0).sum(1).mean(), abs=0.02)
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
    app = open_page(PAGE, {"grid": POST.name})
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
    app = open_page(PAGE, {"grid": POST.name, "choose_view": "Pareto front"})
    assert payload(app, "grid_front")["words"].startswith(f"In colour: {count} of 30 models.")


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
    app = open_page(PAGE, {"grid": POST.name, "choose_view": "Importance"})
    text = payload(app, "grid_bars")["words"]
    assert text.startswith("The validation error goes with “Units in the code” more than by chance")


NAMES = {"none": "no penalty", "code_l1": "L1", "code_l2": "L2"}


def name_of(axes):
    units, penalty, strength = axes.values()
    return f"{units} units, {NAMES[penalty]}" + (f" {strength:g}" if penalty != "none" else "")


@pytest.fixture(scope="module")
def members():
    """Rows of the shipped grid's table by their place on its axes: without a penalty one row, two places."""
    rows = store.read_grid(POST).members()
    found = {}
    for row in rows:
        units, penalty, strength = row.axes.values()
        for s in (1e-3, 1e-2) if penalty == "none" else (strength,):
            found[units, penalty, s] = row
    return found


def test_the_sliders_pictures_codes_and_figures_are_those_of_the_weights(gallery, members, mnist, components):
    app = open_page(PAGE, {"grid": POST.name})
    sent = payload(app, "grid_board")
    first = [int(np.flatnonzero(labels("t10k") == c)[0]) for c in range(10)]
    pixels = mnist["test"][first]
    assert (array(sent["originals"], np.uint8, 10, 784) == pixels).all()
    assert sent["labels"] == list(range(10))
    pictures = array(sent["pictures"], np.uint8, 30, 10, 784)
    codes = array(sent["codes"], "<f4", -1)
    assert sent["axes"][0]["values"] == ["2", "4", "8", "12", "32", "64"]
    places = [members[place].k for place in members]
    assert sorted(sent["index"]) == sorted(places)
    for k in (0, 12, 25):
        run, member = load_run(POST / str(k)), sent["members"][k]
        code = encode(run, pixels)
        start = member["code"]
        found = codes[start : start + code.size].reshape(code.shape)
        assert found == pytest.approx(code, abs=2e-3 * np.abs(code).max())
        change = np.abs(pictures[k].astype(int) - greys(decode(run, code)).astype(int))
        assert change.max() <= 2
    mean, axes = components
    for n in (2, 12, 64):
        linear = (pixels / 255.0 - mean) @ axes[:, :n] @ axes[:, :n].T + mean
        assert np.abs(array(sent["pca"][str(n)], np.uint8, 10, 784) - greys(linear)).max() <= 1
    for row in members.values():
        result, member = row.result, sent["members"][row.k]
        assert member["name"] == name_of(row.axes)
        assert member["figures"] == {
            "test": result.test.squared_error,
            "validation": result.validation["squared_error"],
            "active": min(result.code.active_units, result.code.units - result.code.dead_units),
            "zeros": result.code.exact_zeros,
            "hoyer": result.code.hoyer,
            "parameters": result.parameters,
        }
        units = row.axes["model.latent_size"]
        assert member["pca"]["test"] == result.test.pca_squared_error
        assert member["pca"]["parameters"] == (units + 1) * 784


def test_each_members_sentence_holds_of_its_figures(gallery, members):
    said = payload(open_page(PAGE, {"grid": POST.name}), "grid_board")["members"]
    for (units, penalty, _), row in members.items():
        error, pca = row.result.test.squared_error, row.result.test.pca_squared_error
        text = said[row.k]["sentence"]
        assert (f"Squared error {error:.1f}, {1 - error / pca:.0%} below what PCA" in text) == (
            error < 0.95 * pca
        )
        assert ("does about as well" in text) == (0.95 * pca <= error < 1.05 * pca)
        assert ("does better" in text) == (error >= 1.05 * pca)
        if error < 0.95 * pca:
            continue
        plain = members[units, "none", 1e-3].result.test.squared_error
        assert ("the penalty is the cause" in text) == (penalty != "none" and plain < 0.95 * min(pca, error))
        assert (f"without the penalty reaches {plain:.1f}" in text) == (penalty != "none")
        if "the penalty is the cause" not in text:
            # The post's hidden layers are 128 and 64 wide.
            assert ("narrowest hidden layer is 64 wide" in text) == (units >= 32)


def test_the_curve_through_the_sliders_its_elbow_and_pcas(gallery, members):
    # Place 3-1-0: 12 units, L1, .001.
    app = open_page(PAGE, {"grid": POST.name, "at": "3-1-0"})
    assert not app.exception
    sent = payload(app, "grid_curve")
    (field,) = [field for field in sent["fields"] if field["name"] == "model.latent_size"]
    through = [members[units, "code_l1", 1e-3] for units in (2, 4, 8, 12, 32, 64)]
    assert sent["k"] == through[3].k
    curve = field["curves"][field["curveOf"][sent["k"]]]
    line = curve["points"]
    assert [row["members"] for row in line] == [[row.k] for row in through]
    assert [row["x"] for row in line] == [2, 4, 8, 12, 32, 64]
    assert [row["error"] for row in line] == [row.result.test.squared_error for row in through]
    assert [row["pca"] for row in line] == [row.result.test.pca_squared_error for row in through]
    assert curve["onTest"]
    by_k = {row.k: row.result.test.squared_error for row in members.values()}
    assert sent["test"] == [by_k[k] for k in range(30)]
    assert field["x"] == [run.model.latent_size for run in store.read_grid(POST).grid.members]

    sizes = [2, 4, 8, 12, 32, 64]
    errors = [row.result.validation["squared_error"] for row in through]
    fall = [np.log(errors[i] / errors[i + 1]) / (sizes[i + 1] - sizes[i]) for i in range(5)]
    bend = next((sizes[i] for i in range(5) if fall[i] <= 0.02), None)
    assert curve["elbow"] == bend
    words = curve["words"]
    assert words.startswith("Line: test images")
    assert "one seed, so no spread" in words
    assert "lowers the validation error by less than 2%" in words


def test_the_heat_map_the_front_the_lines_and_the_bars(gallery, members):
    app = open_page(PAGE, {"grid": POST.name, "at": "3-1-0"})
    heat = payload(app, "grid_heat")
    expected = {
        (str(units), NAMES.get(penalty, penalty)): row.result.validation["squared_error"]
        for (units, penalty, strength), row in members.items()
        if strength == 1e-3
    }
    units, penalties, strengths = (axis["values"] for axis in heat["axes"])
    shown = {
        (n, penalty): heat["errors"][heat["index"][(i * len(penalties) + j) * len(strengths)]]
        for i, n in enumerate(units)
        for j, penalty in enumerate(penalties)
    }
    assert strengths[0] == "0.001"
    assert {(n, {"none": "no penalty"}.get(p, p)): error for (n, p), error in shown.items()} == expected
    assert heat["at"] == [3, 1, 0]

    app = open_page(PAGE, {"grid": POST.name, "choose_view": "Pareto front"})
    marks = {mark["k"]: mark for mark in payload(app, "grid_front")["marks"]}
    rows = store.read_grid(POST).members()
    costs = {row.k: cost[:1] + cost[2:4] for row, cost in zip(rows, table(), strict=True)}
    for k, cost in costs.items():
        mark = marks[k]
        assert (mark["error"], mark["units"], mark["parameters"]) == cost
        beaten = any(
            all(a <= b for a, b in zip(other, cost, strict=True)) and other != cost
            for other in costs.values()
        )
        assert mark["front"] == (not beaten)

    app = open_page(PAGE, {"grid": POST.name, "choose_view": "Parallel axes"})
    rows = charts(app)[0][0][1]
    errors = {k: cost[0] for k, cost in costs.items()}
    low, high = min(errors.values()), max(errors.values())
    for k, error in errors.items():
        (end,) = [row for row in rows if row["k"] == k and row["column"] == "validation error"]
        assert end["text"] == f"{error:.1f}"
        assert end["at"] == pytest.approx((error - low) / (high - low))


def test_the_bars_of_importance_are_shares_of_the_variance(gallery, members):
    app = open_page(PAGE, {"grid": POST.name, "choose_view": "Importance"})
    sizes, penalties, strengths = ([key[i] for key in members] for i in range(3))
    errors = np.array([row.result.validation["squared_error"] for row in members.values()])
    shares = []
    for axis in (sizes, penalties, strengths):
        means = {level: errors[[one == level for one in axis]].mean() for level in axis}
        shares.append(np.var([means[level] for level in axis]) / errors.var())
    sent = payload(app, "grid_bars")
    shown = [row["share"] for row in sent["shares"] if row["name"] != "together"]
    assert shown == pytest.approx(sorted(shares, reverse=True))
    rest = 1 - sum(shares)
    joint = [row["share"] for row in sent["shares"] if row["name"] == "together"]
    assert joint == (pytest.approx([rest]) if rest > 0.0005 else [])
    assert shares[0] > sent["noise"] > max(shares[1:])
