"""What Units shows of a shipped model, computed again from its weights with NumPy."""

import re

import numpy as np
import pytest

from aecore import load_run
from tests.conftest import ROOT
from tests.pages.conftest import open_page
from tests.truth.recompute import (
    RUN,
    captions,
    charts,
    decode,
    digits,
    encode,
    greys,
    images,
    labels,
    picture,
    plain_html,
    rises,
    tiles,
    tinted,
)

pytestmark = pytest.mark.mnist

PAGE = "pages/look/units/page.py"
SPARSE = ROOT / "checkpoints" / "grid-mnist-dictionary-a04b9ba5" / "4"
"""A dictionary under L1, many of whose units are out of use."""
DIGITS = ROOT / "checkpoints" / "digits-post-12-s0-f3512007"

DIGIT = 0.0051
"""Half of the last of two decimals, with room for single precision."""


@pytest.fixture(scope="module")
def own():
    run, pixels = load_run(RUN), images("t10k")
    code = encode(run, pixels)
    return run, code, *rises(run, pixels, code)


def unit_of(text):
    return int(re.search(r"Unit (\d+)", text)[1])


def test_the_rows_and_the_sentence_are_those_of_the_weights(own, gallery):
    run, code, base, rise = own
    app = open_page(PAGE, {"run": RUN.name})
    assert not app.exception
    html = plain_html(app)
    starts = [i for i, text in enumerate(html) if "Unit " in text]
    order = np.argsort(-rise)
    assert [unit_of(html[i]) for i in starts] == order[:6].tolist()
    for start, unit in zip(starts, order, strict=False):
        values = code[:, unit]
        row = [[float(n) for n in re.findall(r"[+-]?\d+\.\d+", text)] for text in html[start : start + 4]]
        assert row[0] == pytest.approx([rise[unit]], abs=DIGIT)
        assert row[1] == pytest.approx(np.quantile(values, (0.01, 0.99)), abs=DIGIT)
        assert row[2] == pytest.approx([values.max(), values.min()], abs=DIGIT)
        step = np.zeros(len(rise))
        step[unit] = 1e-4
        mean = code.mean(0)
        change = (decode(run, mean + step) - decode(run, mean - step)) / 2e-4
        assert row[3][0] == pytest.approx(np.abs(change).max(), rel=0.03)

    (words,) = [text for text in captions(app) if "units are in use" in text]
    used = (rise > 0.01 * base) & (code.std(0) > 0.01 * code.std(0).max()) & (code != 0).any(0)
    assert words.startswith(f"{used.sum()} of 12 units are in use. Without unit {order[0]} ")
    larger, whole = re.search(r"would be ([\d.]+) instead of ([\d.]+);", words).groups()
    assert [float(larger), float(whole)] == pytest.approx([base + rise.max(), base], abs=0.051)
    half = next(n for n in range(1, 13) if rise[order[:n]].sum() >= rise.sum() / 2)
    assert f"{half} of them carry half of all importance (measured on 1,000 test images)" in words


def histogram(rows, values, classes, names):
    """Checks the bars of a unit's values: every one is counted, in its own class."""
    assert sum(row["images"] for row in rows) == len(values)
    for label, name in enumerate(names):
        bars = [row for row in rows if row["class"] == name]
        edges = [row["start"] for row in bars] + [bars[-1]["end"]]
        assert [edges[0], edges[-1]] == pytest.approx([values.min(), values.max()], abs=1e-3)
        own = np.histogram(np.clip(values[classes == label], edges[0], edges[-1]), edges)[0]
        # A value at the edge of a bin may fall to either side in single precision.
        assert np.abs(own - [row["images"] for row in bars]).max() <= 2


def test_the_values_the_bars_and_the_pictures_of_each_row(own, gallery):
    run, code, _, rise = own
    app = open_page(PAGE, {"run": RUN.name})
    order = np.argsort(-rise)[:6]
    classes, pixels = labels("t10k").astype(int), images("t10k")
    rows = charts(app)
    widths = [
        float(found[1])
        for element in app.get("html")
        if (found := re.search(r"Unit .*?width:([\d.]+)%", element.proto.body, re.DOTALL))
    ]
    assert widths == pytest.approx(100 * rise[order] / rise.max(), abs=0.2)
    mean = code.mean(0)
    first = np.flatnonzero(classes == 0)[0]
    for unit, ((_, bars, _),) in zip(order, rows, strict=True):
        histogram(bars, code[:, unit], classes, [str(c) for c in range(10)])
        low, high = np.quantile(code[:, unit], (0.01, 0.99))
        steps = np.tile([mean, code[first]], (9, 1, 1)).transpose(1, 0, 2)
        steps[:, :, unit] = np.linspace(low, high, 9)
        found = tiles(picture(app, f"unit {unit} from {low:.2f} to {high:.2f}"), 28, 28)
        expected = greys(decode(run, steps.reshape(18, 12)))
        assert np.abs(found[..., 0].reshape(18, 784) - expected).max() <= 2
        ranked = np.argsort(code[:, unit], kind="stable")
        found = tiles(picture(app, f"images that move unit {unit}"), 28, 28)[..., 0].reshape(16, 784)
        assert (found == pixels[np.concatenate([ranked[::-1][:8], ranked[:8]])]).mean() > 0.99
        step = np.zeros(12)
        step[unit] = 1e-4
        atom = ((decode(run, mean + step) - decode(run, mean - step)) / 2e-4).reshape(28, 28)
        found = picture(app, f"atom of unit {unit}")
        assert np.abs(found - tinted(atom, np.abs(atom).max())).max() <= 2


def test_the_values_of_another_data_set_are_counted_by_its_own_classes(gallery):
    run = load_run(DIGITS)
    pixels, classes = digits("test")
    code = encode(run, pixels)
    base, rise = rises(run, pixels, code)
    app = open_page(PAGE, {"run": DIGITS.name})
    for unit, ((_, bars, _),) in zip(np.argsort(-rise), charts(app), strict=False):
        histogram(bars, code[:, unit], classes, [str(c) for c in range(10)])
    (words,) = [text for text in captions(app) if "units are in use" in text]
    assert f"would be {base + rise.max():.1f} instead of {base:.1f};" in words


def test_units_out_of_use_are_named_with_what_is_seen_of_them(gallery):
    run = load_run(SPARSE)
    code = encode(run, images("t10k"))
    base, rise = rises(run, images("t10k"), code)
    deviation = code.std(0, ddof=1)
    silent = ~(code != 0).any(0)
    constant = ~silent & (deviation <= 0.01 * deviation.max())
    idle = ~silent & ~constant & (rise <= 0.01 * base)
    app = open_page(PAGE, {"run": f"{SPARSE.parent.name}/{SPARSE.name}"})
    assert not app.exception
    words = captions(app)
    used = 64 - (silent | constant | idle).sum()
    assert any(text.startswith(f"{used} of 64 units are in use.") for text in words)
    assert app.expander[0].label == f"{64 - used} units are not in use"
    for start, units in (("**Never active**", silent), ("**Constant**", constant), ("**No effect**", idle)):
        said = [text for text in words if text.startswith(start)]
        assert bool(said) == units.any()
        if said:
            named = [int(n) for n in said[0].rsplit(": ", 1)[1].split(", ")]
            assert sorted(named) == np.flatnonzero(units).tolist()
    unit = int(np.argmax(rise))
    (zero,) = re.findall(r"and zero for (\d+)%", plain_html(app)[index_of(app, unit) + 1])
    assert int(zero) == pytest.approx(100 * (code[:, unit] == 0).mean(), abs=0.6)


def index_of(app, unit):
    return next(i for i, text in enumerate(plain_html(app)) if f"Unit {unit}|" in text)
