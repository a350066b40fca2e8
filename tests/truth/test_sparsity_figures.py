"""What Sparsity shows of shipped networks, computed again from their weights with NumPy."""

import re

import numpy as np
import pytest
import torch
from scipy import linalg
from sklearn.decomposition import sparse_encode

from aecore import load_run, store
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    captions,
    charts,
    codes_and_errors,
    decode,
    encode,
    greys,
    labels,
    layers,
    picture,
    plain_html,
    tiles,
    tinted,
)

pytestmark = pytest.mark.mnist

GRID = ROOT / "checkpoints" / "grid-mnist-dictionary-a04b9ba5"
PAGE = "pages/look/sparsity/page.py"
DEEP = {"model__family": "mlp", "model__output_activation": "tanh", "train__epochs": 6}


@pytest.fixture(scope="module")
def table():
    return store.read_figures(GRID).members


@pytest.fixture(scope="module")
def pixels(mnist):
    return mnist["test"]


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


def by(row):
    """What networks are matched by: the test error only where no validation error was measured."""
    known = row.figures.validation_squared_error
    return row.figures.squared_error if known is None else known


def measured(code, errors):
    """Squared error, active units, zeros, dead and silent units, and Hoyer's measure of codes."""
    deviation, on = code.std(0, ddof=1), code != 0
    size = np.abs(code[on.any(1)])
    root = np.sqrt(code.shape[1])
    hoyer = ((root - size.sum(1) / np.linalg.norm(size, axis=1)) / (root - 1)).mean()
    dead = (deviation <= 0.01 * deviation.max()).sum()
    return [errors.mean(), on.sum(1).mean(), 100 * (~on).mean(), dead, (~on.any(0)).sum(), hoyer]


def used_units(run, code, pixels):
    """Units whose mean in their place raises the squared error of the first 1,000 images by over 1 %."""
    z, x, used = code[:1000], pixels[:1000] / 255.0, 0
    base = np.square(decode(run, z) - x).sum()
    for unit in range(z.shape[1]):
        without = z.copy()
        without[:, unit] = z[:, unit].mean()
        used += np.square(decode(run, without) - x).sum() > 1.01 * base
    return used


def rows_of(app, *names):
    """The figures in each row of the strip, and beside some of them their range over seeds."""
    (strip,) = [text for text in plain_html(app) if "Never fire" in text]
    rows = re.split("|".join(rf"\|{re.escape(name)}\|" for name in names), strip)[1:]
    for cells in (row.split("|") for row in rows):
        shown = [float(cell.rstrip("%")) for cell in cells if re.fullmatch(r"[\d.]+%?", cell)]
        yield shown, [cell for cell in cells if " to " in cell]


def span(values, form):
    low, high = (f"{end(values):{form}}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def sure(left, right, name):
    """1 or -1 where every one of three seeds has more or less on the right, else 0."""
    found = {np.sign(getattr(b, name) - getattr(a, name)) for a, b in zip(left, right, strict=True)}
    return int(found.pop()) if len(found) == 1 else 0


def each_seed(table, **values):
    return [only(table, seed, **values).figures for seed in range(3)]


def test_the_strip_and_the_sentence_at_the_strength_at_which_the_page_opens(table, pixels, mnist, gallery):
    left = [only(table, seed, loss__code_l1=0.003) for seed in range(3)]
    right, strengths = [], []
    for seed, row in enumerate(left):
        strength, match = min(
            path(table, seed, "code_l2"),
            key=lambda one: abs(by(one[1]) - by(row)),
        )
        right.append(match)
        strengths.append(strength)
    app = open_page(PAGE, {})
    assert not app.exception
    html = plain_html(app)
    for (shown, ranges), side in zip(rows_of(app, "L1", "L2"), (left, right), strict=True):
        run = load_run(GRID / str(side[0].k))
        code, errors = codes_and_errors(run, pixels)
        own = measured(code, errors)
        own.insert(5, used_units(run, code, pixels))
        assert shown == pytest.approx(own, abs=0.0511)
        assert shown[0] == pytest.approx(own[0], abs=0.0051)
        assert shown[-1] == pytest.approx(own[-1], abs=0.0051)
        errors = [row.figures.squared_error for row in side]
        assert ranges[0] == span(errors, ".2f")
        assert ranges[1] == span([row.figures.active_units for row in side], ".1f")
        if (known := side[0].figures.validation_squared_error) is not None:
            own = codes_and_errors(run, mnist["validation"])[1].mean()
            assert known == pytest.approx(own, rel=1e-4)
    words = captions(app)
    ratios = [
        abs(b.figures.squared_error / a.figures.squared_error - 1) for a, b in zip(left, right, strict=True)
    ]
    known = all(row.figures.validation_squared_error is not None for row in (*left, *right))
    assert (
        f"L2 matched on {'validation' if known else 'test'} images at each of three seeds, strength "
        f"{min(strengths):g} to {max(strengths):g}: squared error on test images within {max(ratios):.1%}."
    ) in words
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


LESSONS = {
    "Linear code": (
        ("L1", "L2"),
        {"model__code_activation": "linear", "loss__code_l1": 3e-3},
        {"model__code_activation": "linear", "loss__code_l2": 3e-3},
    ),
    "Free decoder": (
        ("L1", "L2"),
        {"model__unit_norm": False, "loss__code_l1": 3e-3},
        {"model__unit_norm": False, "loss__code_l2": 2e-3},
    ),
    "Warm-up": (
        ("L1 from the start", "L1 after a warm-up"),
        {"train__epochs": 6, "loss__code_l1": 3e-3},
        {
            "train__epochs": 6,
            "loss__warmup_delay": 1.0,
            "loss__warmup_epochs": 2.0,
            "loss__code_l1": 3e-3,
        },
    ),
    "Whole-batch norm": (
        ("Batches of 128", "Batches of 512"),
        {"loss__code_whole_batch_norm": 1e-3},
        {"loss__code_whole_batch_norm": 1e-3, "train__batch_size": 512, "train__epochs": 16},
    ),
    "TopK, BatchNorm": (
        ("TopK", "BatchNorm"),
        DEEP | {"model__code_activation": "top_k", "model__top_k": 10},
        DEEP | {"model__code_activation": "soft_threshold", "model__threshold": 1.5},
    ),
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lessons_strip_is_that_of_its_weights_and_its_sentence_that_of_its_seeds(
    table, pixels, gallery, lesson
):
    names, *values = LESSONS[lesson]
    app = open_page(PAGE, {"sparsity_lesson": lesson})
    assert not app.exception
    both = [[only(table, seed, **one) for seed in range(3)] for one in values]
    for (shown, ranges), side in zip(rows_of(app, *names), both, strict=True):
        run = load_run(GRID / str(side[0].k))
        code, errors = codes_and_errors(run, pixels)
        own = measured(code, errors)
        if lesson == "Free decoder":
            norms = np.linalg.norm(layers(run, "decoder")[0][0], axis=0)
            own[-1:] = [np.abs(code).mean(), norms.mean()]
        # How many are used is recomputed where the page opens.
        assert shown[:5] + shown[6:] == pytest.approx(own, abs=0.0511)
        assert shown[0] == pytest.approx(own[0], abs=0.0051)
        assert ranges[0] == span([row.figures.squared_error for row in side], ".2f")
    left, right = ([row.figures for row in side] for side in both)
    words = captions(app)
    expected = {
        "Linear code": linear,
        "Free decoder": free,
        "Warm-up": warm_up,
        "Whole-batch norm": whole_batch,
        "TopK, BatchNorm": hard,
    }[lesson](table, left, right)
    assert expected in words

    shares = [b.squared_error / a.squared_error - 1 for a, b in zip(left, right, strict=True)]
    if max(map(abs, shares)) <= 0.03:
        said = f"Squared errors are within {max(map(abs, shares)):.1%} of each other."
    elif min(shares) >= 0 or max(shares) <= 0:
        side = "above" if min(shares) >= 0 else "below"
        between = span(list(map(abs, shares)), ".1%")
        said = f"Squared error over three seeds: that of {names[1]} lies {between} {side} that of {names[0]}."
    else:
        said = f"from {-min(shares):.1%} below to {max(shares):.1%} above that of {names[0]}."
    assert any(text.endswith(said) for text in words)


def linear(table, left, right):
    most = [max(f.exact_zeros for f in side) for side in (left, right)]
    assert most == [0, 0]
    near = [span([f.near_zeros for f in side], ".0%") for side in (left, right)]
    smaller = {-1: "L1 makes more of them small: ", 1: "L2 makes more of them small: ", 0: ""}
    return (
        "Without the ReLU no value is exactly 0, under L1 as little as under L2: every image uses all 64 "
        f"units. {smaller[sure(left, right, 'near_zeros')]}{near[0]} of L1's values and {near[1]} of L2's "
        "lie below 5 % of the unit's largest over three seeds."
    )


def free(table, left, right):
    fixed = each_seed(table, loss__code_l1=3e-3)
    size, active = (
        [span([getattr(f, name) for f in side], form) for side in (left, fixed)]
        for name, form in (("mean_absolute", ".2f"), ("active_units", ".1f"))
    )
    text = (
        f"Atoms of any norm come to a mean norm of {span([f.column_norm for f in left], '.1f')}; L1 then "
        f"leaves a mean |z| of {size[0]} and {active[0]} units active, at the same strength with atoms of "
        f"norm 1 {size[1]} and {active[1]} over three seeds."
    )
    names = ("column_norm", "mean_absolute", "active_units")
    if [sure(fixed, left, name) for name in names] == [1, -1, 1]:
        text += " The penalty sees a smaller code and switches fewer units off."
    return text


def warm_up(table, left, right):
    dead = [span([f.dead_units for f in side], ".0f") for side in (right, left)]
    error = [span([f.squared_error for f in side], ".1f") for side in (right, left)]
    text = (
        f"With a warm-up {dead[0]} units end dead instead of {dead[1]}, and the squared error is {error[0]} "
        f"instead of {error[1]} over three seeds"
    )
    better = sure(left, right, "dead_units") == sure(left, right, "squared_error") == -1
    return f"{text}: fewer dead units and less error at every seed." if better else f"{text}."


def whole_batch(table, left, right):
    plain = [
        each_seed(table, loss__code_l1=0.0),
        each_seed(table, train__batch_size=512, train__epochs=16),
    ]
    size = [span([f.mean_absolute for f in side], ".2f") for side in (right, left)]
    error = [span([f.squared_error for f in side], ".1f") for side in (right, left, *plain[::-1])]
    text = (
        f"At the same strength and after as many steps, four times the batch leaves a mean |z| of {size[0]} "
        f"instead of {size[1]}, and a squared error of {error[0]} instead of {error[1]} over three seeds. "
        f"Without the penalty the same two have {error[2]} and {error[3]}."
    )
    rise, without = (
        [b.squared_error - a.squared_error for a, b in zip(*pair, strict=True)]
        for pair in ((left, right), plain)
    )
    stronger = [sure(left, right, name) for name in ("mean_absolute", "squared_error")] == [-1, 1]
    if stronger and all(a > b for a, b in zip(rise, without, strict=True)):
        text += " The loss is a mean over images and this penalty is not: in a larger batch it weighs more."
    return text


def hard(table, left, right):
    count, error = (
        [span([getattr(f, name) for f in side], ".1f") for side in (left, right)]
        for name in ("active_units", "squared_error")
    )
    text = (
        f"TopK has a squared error of {error[0]} with {count[0]} of 64 units active, BatchNorm {error[1]} "
        f"with {count[1]} over three seeds"
    )
    apart = max(abs(b.active_units / a.active_units - 1) for a, b in zip(left, right, strict=True))
    if apart > 0.1:
        return f"{text}. The counts are too far apart to compare the errors."
    if not (sign := sure(left, right, "squared_error")):
        return f"{text}: three seeds do not agree which has more."
    less = "TopK" if sign > 0 else "BatchNorm"
    return f"{text}: at about as many active units {less} has less error at every seed."


def ordered(code):
    """Units by the share of images for which they fire, then by their mean size."""
    use = (code != 0).mean(0)
    return np.lexsort((-np.abs(code).mean(0), -use)), use


def test_the_codes_drawn_the_values_and_their_use(table, pixels, gallery):
    rows = [only(table, 0, loss__code_l1=0.003), *(row for _, row in path(table, 0, "code_l2"))]
    rows[1:] = [min(rows[1:], key=lambda row: abs(by(row) - by(rows[0])))]
    codes = [encode(load_run(GRID / str(row.k)), pixels[:2000]) for row in rows]
    some = np.concatenate([np.flatnonzero(labels("t10k")[:2000] == c)[:20] for c in range(10)])
    app = open_page(PAGE, {})
    for name, code, chart in zip(("L1", "L2"), codes, charts(app), strict=True):
        order, _ = ordered(code)
        stems = {row["rank"]: row["value"] for row in chart[0][1]}
        first = code[0, order]
        expected = {int(i) + 1: first[i] for i in np.flatnonzero(first)}
        assert stems == pytest.approx(expected, rel=1e-3, abs=1e-4)
        heat = picture(app, f"codes of 200 test images under {name}")
        assert ((heat[..., 3] > 0) == (code[some][:, order] != 0)).mean() > 0.9999
        limit = np.quantile(np.abs(code), 0.995)
        strength = 255 * (0.1 + 0.9 * np.clip(np.abs(code[some][:, order]) / limit, 0, 1) ** 0.7)
        there = heat[..., 3] > 0
        assert np.abs(heat[..., 3] - strength)[there].max() <= 2

    app = open_page(PAGE, {"sparsity_view": "Values"})
    for code, side in zip(codes, (charts(app)[:3], charts(app)[3:]), strict=True):
        (bins, spike, label), (counts, mean, text), (uses,) = side
        assert spike[1][0]["share"] == pytest.approx((code == 0).mean(), abs=1e-4)
        assert label[1][0]["text"] == f"{(code == 0).mean():.1%} exactly 0"
        edges = [row["start"] for row in bins[1]] + [bins[1][-1]["end"]]
        own = np.histogram(np.clip(code[code != 0], edges[0], edges[-1]), edges)[0] / code.size
        assert [row["share"] for row in bins[1]] == pytest.approx(own, abs=1e-4)
        active = (code != 0).sum(1)
        own = np.bincount(active, minlength=65) / 2000
        assert [row["share"] for row in counts[1]] == pytest.approx(own, abs=1.1e-3)
        assert mean[1][0]["mean"] == pytest.approx(active.mean(), abs=2e-3)
        assert text[1][0]["text"] == f"mean {active.mean():.1f}"
        own = np.sort((code != 0).mean(0))[::-1]
        assert [row["use"] for row in uses[1]] == pytest.approx(own, abs=1.1e-3)

    app = open_page(PAGE, {"sparsity_count": "false"})
    for (shown, _), row in zip(rows_of(app, "L1", "L2"), rows, strict=True):
        code = encode(load_run(GRID / str(row.k)), pixels)
        alive = code[:, (code != 0).any(0)]
        assert shown[2] == pytest.approx(100 * (alive == 0).mean(), abs=0.051)


def test_the_images_and_atoms_drawn(table, pixels, gallery):
    rows = [only(table, 0, loss__code_l1=0.003), *(row for _, row in path(table, 0, "code_l2"))]
    rows[1:] = [min(rows[1:], key=lambda row: abs(by(row) - by(rows[0])))]
    first = [int(np.flatnonzero(labels("t10k")[:2000] == c)[0]) for c in range(10)]
    app = open_page(PAGE, {"sparsity_view": "Images"})
    for name, row in zip(("L1", "L2"), rows, strict=True):
        run = load_run(GRID / str(row.k))
        code = encode(run, pixels[:2000])
        found = tiles(picture(app, f"test images above, their reconstructions by {name}"), 28, 28)
        own = np.concatenate([pixels[first], greys(decode(run, code[first]))])
        assert np.abs(found[..., 0].reshape(20, 784) - own).max() <= 1
        order, use = ordered(code)
        # Half of a column, because the network's images run from -1 to 1.
        atoms = layers(run, "decoder")[0][0].T[order] / 2
        found = tiles(picture(app, f"atoms of {name}"), 28, 28).reshape(64, 784, 3)
        alive = use[order] > 0
        limit = np.quantile(np.abs(atoms), 0.998)
        assert np.abs(found[alive] - tinted(atoms[alive], limit)).max() <= 3
        grey = (found == found[..., :1]).all((1, 2))
        assert grey.sum() == (~alive).sum()


def test_every_point_of_the_trade_off_is_a_network_of_the_table(table, gallery):
    app = open_page(PAGE, {"sparsity_view": "Trade-off"})
    assert not app.exception
    (layers_of_chart,) = charts(app)
    lines, seeds, points, rings, _ = layers_of_chart
    kept = (5, 10, 20)
    top = [{"model.code_activation": "top_k", "model.top_k": k} for k in kept]
    cut = [{"model.code_activation": "soft_threshold", "model.threshold": t} for t in (0.5, 1.0, 1.5)]
    deep = {key.replace("__", "."): value for key, value in DEEP.items()}
    l1 = [{"loss.code_l1": s} for s in (3e-4, 6e-4, 1e-3, 1.7e-3, 3e-3, 4e-3)]
    l2 = [
        {"loss.code_l2": s} for s in (1.5e-4, 3e-4, 6e-4, 1e-3, 1.4e-3, 1.7e-3, 2e-3, 2.3e-3, 2.8e-3, 3.3e-3)
    ]
    curves = {
        "L1": l1,
        "L2": l2,
        "no penalty": [{"loss.code_l1": 0.0}],
        "TopK": top,
        "TopK, deep decoder": [deep | one for one in top],
        "BatchNorm, deep decoder": [deep | one for one in cut],
    }
    for name, values in curves.items():
        for rows, numbers in ((points[1], (0,)), (seeds[1], (1, 2))):
            drawn = sorted((row["x"], row["y"]) for row in rows if row["curve"] == name)
            own = [row.figures for row in table if row.seed in numbers and row.values in values]
            assert own
            assert drawn == sorted((f.active_units, f.squared_error) for f in own), name
    assert lines[1] == points[1]
    left = only(table, 0, loss__code_l1=0.003)
    _, right = min(path(table, 0, "code_l2"), key=lambda one: abs(by(one[1]) - by(left)))
    ringed = {row["curve"]: (row["x"], row["y"]) for row in rings[1]}
    own = {name: row.figures for name, row in (("L1", left), ("L2", right))}
    assert ringed == {name: (f.active_units, f.squared_error) for name, f in own.items()}
    assert any(text.startswith("At the same squared error L1 leaves") for text in captions(app))


@pytest.fixture(scope="module")
def best_codes(table, mnist):
    """For validation and test images: the best codes on the atoms trained without a penalty, by strength.

    Under L1 by coordinate descent, and in closed form under L2.
    """
    ((weights, bias),) = layers(load_run(GRID / str(only(table, 0, loss__code_l1=0.0).k)), "decoder")
    found = []
    for name in ("validation", "test"):
        x = mnist[name][:300] / 127.5 - 1 - bias
        lasso = {
            float(round(s, 3)): sparse_encode(x, weights.T, algorithm="lasso_cd", alpha=s, max_iter=5000)
            for s in np.round(np.geomspace(0.1, 5, 8), 3)
        }
        ridge = {
            float(round(s, 3)): linalg.solve(weights.T @ weights + 2 * s * np.eye(64), weights.T @ x.T).T
            for s in np.round(np.geomspace(0.01, 20, 80), 3)
        }
        # Squared errors with pixels in [0, 1], where a difference is half as large.
        error = {
            kind: {s: np.square(z @ weights.T - x).sum(1).mean() / 4 for s, z in codes.items()}
            for kind, codes in (("L1", lasso), ("L2", ridge))
        }
        found.append((lasso, ridge, error))
    return found


@pytest.mark.parametrize("place", [None, 7])
def test_exact_codes_are_those_of_coordinate_descent_and_of_the_closed_form(
    best_codes, mnist, gallery, place
):
    (_, _, unseen), (lasso, ridge, error) = best_codes
    strengths = list(lasso)
    strength = strengths[len(strengths) // 2 if place is None else place]
    link = {"sparsity_lesson": "Exact codes"} | ({} if place is None else {"sparsity_exact": f"{strength:g}"})
    app = open_page(PAGE, link)
    assert not app.exception
    nearest = min(unseen["L2"], key=lambda s: abs(unseen["L2"][s] - unseen["L1"][strength]))
    pair = [
        (lasso[strength], error["L1"][strength]),
        (ridge[nearest], error["L2"][nearest]),
    ]
    own = []
    for (code, squared), (shown, _) in zip(pair, rows_of(app, "L1", "L2"), strict=True):
        own.append(measured(code, np.array([squared])))
        # The iteration ends within a ten-thousandth of the best loss, so that a value may not be 0 yet.
        assert shown[:2] + shown[3:6] == pytest.approx(own[-1][:2] + own[-1][3:], rel=5e-3, abs=0.06)
        assert shown[2] == pytest.approx(own[-1][2], abs=0.5)
    words = captions(app)
    ratio = abs(pair[1][1] / pair[0][1] - 1)
    (said,) = [text for text in words if text.startswith("No encoder: the best code")]
    assert "of each of the first 300 test images" in said
    pattern = r"L2 matched on validation images, strength ([\d.]+).* ([\d.]+)%( on test images)?"
    used, share, _ = re.search(pattern, said.replace("more than 3%", "")).groups()
    assert float(used) == pytest.approx(nearest)
    assert float(share) == pytest.approx(100 * ratio, abs=0.12)
    assert ("don't compare" in said) == (ratio > 0.03)

    mean = np.square(mnist["train"].mean(0) / 255 - mnist["test"][:300] / 255).sum(1).mean()
    worse = [name for name, (_, squared) in zip(("L1", "L2"), pair, strict=True) if squared >= mean]
    assert bool(worse) == (place == 7)
    if worse:
        expected = (
            f"At this strength {' and '.join(worse)} reconstructs no better than the mean image, whose "
            f"squared error is {mean:.1f}: too strong for a comparison."
        )
        assert expected in words
    else:
        (verdict,) = [text for text in words if "of 64 units active" in text]
        assert verdict.startswith("At the same squared error L1 leaves") == (ratio <= 0.03)
        assert "one seed, so that another may differ" in verdict


@pytest.fixture(scope="module")
def pruned(pixels):
    """Squared error of a member without that share of its smallest weights."""

    @torch.no_grad()
    def error(run, share):
        state = {key: value.clone() for key, value in run.model.state_dict().items()}
        matrices = [value for key, value in state.items() if key.endswith("weight")]
        flat = torch.cat([m.abs().flatten() for m in matrices]).numpy()
        count = round(share * len(flat))
        limit = np.partition(flat, count)[count]
        for matrix in matrices:
            matrix[matrix.abs() < limit] = 0
        x = torch.from_numpy(pixels / np.float32(127.5) - 1)
        for part in ("encoder", "decoder"):
            numbers = sorted({int(key.split(".")[1]) for key in state if key.startswith(part)})
            for i in numbers:
                x = x @ state[f"{part}.{i}.weight"].T + state[f"{part}.{i}.bias"]
                x = torch.relu(x) if i != numbers[-1] else x
        made = (torch.tanh(x) + 1) / 2
        return (made - torch.from_numpy(pixels / np.float32(255))).square().sum(1).mean().item()

    return error


def test_the_weights_their_errors_and_the_pruned_ones(table, pixels, pruned, gallery):
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
        assert shares[0] == pytest.approx(100 * zeros, abs=0.051)
        # Counted before the weights were rounded: one near the edge may change side.
        assert shares[1] == pytest.approx(100 * near, abs=3)
        assert float(re.search(r"squared error\|([\d.]+)\|", text)[1]) == pytest.approx(error, abs=0.0051)
    rises = [
        [b.figures.squared_error - a.figures.squared_error for a, b in zip(plain, side, strict=True)]
        for side in (proximal, decayed)
    ]
    assert np.min(rises) > 0
    spans = [f"for {min(rise):.1f} to {max(rise):.1f} more squared error" for rise in rises]
    (words,) = [text for text in captions(app) if text.startswith("The proximal L1 step")]
    assert all(span in words for span in spans)

    lines = charts(app)[0][0][1]
    named = {"no penalty": plain, "Proximal L1": proximal, "AdamW": decayed}
    for name, rows in named.items():
        shown = {row["x"]: row["y"] for row in lines if row["curve"].startswith(name)}
        assert sorted(shown) == [i / 10 for i in range(10)]
        run = load_run(GRID / str(rows[0].k))
        for share in (0.0, 0.5):
            # Rounded weights are often alike, and which of these are pruned first is open.
            assert shown[share] == pytest.approx(pruned(run, share), rel=2e-3 if share == 0 else 2e-2)

    run = load_run(GRID / str(proximal[0].k))
    (matrix, _), *_ = layers(run, "encoder")
    matrix = matrix[np.argsort(-np.abs(matrix).sum(1))[:64]]
    found = tiles(picture(app, "first-layer weights under Proximal L1"), 28, 28).reshape(-1, 784, 3)
    limit = np.quantile(np.abs(matrix), 0.998)
    assert np.abs(found - tinted(matrix, limit)).max() <= 1
    for text, rows in zip(columns, (proximal, decayed), strict=True):
        errors = [row.figures.squared_error for row in rows]
        assert f"({min(errors):.1f} to {max(errors):.1f} over 3 seeds)" in text
