"""What Units shows of a shipped model, computed again from its weights with NumPy."""

import re

import numpy as np
import pytest

from aecore import load_run
from tests.pages.conftest import open_page
from tests.truth.recompute import RUN, captions, decode, encode, images, plain_html, rises

pytestmark = pytest.mark.mnist

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
    app = open_page("pages/look/units/page.py", {"run": RUN.name})
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
