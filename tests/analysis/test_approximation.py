"""One hidden layer: as many linear pieces as units, the best of their kind, better with every doubling."""

from itertools import pairwise

import numpy as np
import pytest

from aecore.analysis.approximation import FUNCTIONS, fit


@pytest.mark.parametrize("name", FUNCTIONS)
def test_twice_the_units_are_never_worse(name):
    # The kinks of one width are among those of twice the width.
    errors = [fit(name, width).error for width in (1, 2, 4, 8, 16, 32, 64)]
    assert all(after <= before + 1e-12 for before, after in pairwise(errors))
    assert errors[-1] < errors[0] / 3


def test_one_unit_is_the_regression_line():
    found = fit("hill", 1)
    slope, start = np.polyfit(found.x, found.target, 1)
    assert found.output == pytest.approx(start + slope * found.x)


def test_the_output_bends_at_the_kinks_only():
    found = fit("waves", 5)
    bends = np.abs(np.diff(found.output, 2)) > 1e-9
    places = found.x[1:-1][bends]
    assert np.abs(places[:, None] - found.kinks).min(1).max() < 2 / 600


def test_a_function_made_of_pieces_is_met_exactly():
    assert fit("kinks", 4).error < 1e-12


def test_of_a_smooth_function_twice_the_units_leave_a_quarter_of_the_error():
    assert fit("hill", 128).error / fit("hill", 64).error == pytest.approx(1 / 4, rel=0.1)


def test_bad_input():
    with pytest.raises(ValueError, match="not 'sine'"):
        fit("sine", 4)
    with pytest.raises(ValueError, match="at least 1 unit"):
        fit("hill", 0)
