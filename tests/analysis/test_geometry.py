"""The two-dimensional picture: exact solutions against iterated ones, over random quadratics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.analysis.geometry import (
    loss,
    matched_l2_strength,
    minimize_l1,
    minimize_l2,
    quadratic,
)

coordinate = st.floats(-3, 3)
optima = st.tuples(coordinate, coordinate)
matrices = st.builds(quadratic, st.floats(1, 5), st.floats(0, math.pi))
strengths = st.floats(0, 4)


def iterated_l1(matrix, optimum, strength, steps=20_000):
    """Proximal gradient (ISTA) to a fixed point."""
    A, c = np.array(matrix), np.array(optimum)
    step = 1 / np.linalg.eigvalsh(A)[-1]
    z = np.zeros(2)
    for _ in range(steps):
        u = z - step * A @ (z - c)
        new = np.sign(u) * np.maximum(np.abs(u) - step * strength, 0)
        if np.abs(new - z).max() < 1e-14:
            return new
        z = new
    return z


def total(matrix, optimum, strength, z):
    return loss(matrix, optimum, z) + strength * (abs(z[0]) + abs(z[1]))


@settings(max_examples=300, deadline=None)
@given(matrices, optima, strengths)
def test_the_l1_solution_is_the_proximal_solution_to_1e_6(matrix, optimum, strength):
    assert minimize_l1(matrix, optimum, strength).z == pytest.approx(
        iterated_l1(matrix, optimum, strength), abs=1e-6
    )


def test_the_l1_solution_is_the_proximal_solution_in_every_case_of_random_quadratics():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(400):
        B = rng.normal(size=(2, 2))
        A = B @ B.T + 0.05 * np.eye(2)
        matrix = ((A[0, 0], A[0, 1]), (A[0, 1], A[1, 1]))
        optimum, strength = tuple(rng.normal(size=2)), rng.uniform(0, 1.5)
        z = minimize_l1(matrix, optimum, strength).z
        assert z == pytest.approx(iterated_l1(matrix, optimum, strength), abs=1e-6)
        seen.add(tuple(np.sign(z)))
    assert len(seen) == 9, "four quadrants, four half axes and the origin"


@given(matrices, optima, strengths, st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_no_step_away_from_the_l1_solution_lowers_the_objective(matrix, optimum, strength, step):
    z = minimize_l1(matrix, optimum, strength).z
    moved = (z[0] + step[0], z[1] + step[1])
    assert total(matrix, optimum, strength, moved) >= total(matrix, optimum, strength, z) - 1e-12


@given(st.floats(0.1, 5), st.floats(0.1, 5), optima, strengths)
def test_for_a_diagonal_quadratic_l1_is_the_soft_threshold_and_l2_the_shrinkage(a, d, optimum, strength):
    diagonal = ((a, 0.0), (0.0, d))
    c1, c2 = optimum
    expected = [math.copysign(max(abs(c) - strength / s, 0), c) for c, s in ((c1, a), (c2, d))]
    assert minimize_l1(diagonal, optimum, strength).z == pytest.approx(expected, abs=1e-12)
    shrunk = [c1 / (1 + 2 * strength / a), c2 / (1 + 2 * strength / d)]
    assert minimize_l2(diagonal, optimum, strength).z == pytest.approx(shrunk, abs=1e-12)


@given(matrices, optima, strengths)
def test_l2_solves_its_linear_system(matrix, optimum, strength):
    A, c = np.array(matrix), np.array(optimum)
    expected = np.linalg.solve(A + 2 * strength * np.eye(2), A @ c)
    assert minimize_l2(matrix, optimum, strength).z == pytest.approx(expected, abs=1e-9)


@given(matrices, optima, strengths)
def test_solutions_carry_the_radius_and_the_level_that_touch(matrix, optimum, strength):
    one, two = minimize_l1(matrix, optimum, strength), minimize_l2(matrix, optimum, strength)
    assert one.radius == abs(one.z[0]) + abs(one.z[1])
    assert two.radius == pytest.approx(math.hypot(*two.z))
    assert one.level == loss(matrix, optimum, one.z)
    assert two.level == loss(matrix, optimum, two.z)


@settings(deadline=None)
@given(matrices, optima, st.floats(0.05, 2))
def test_the_ball_and_the_contour_only_touch(matrix, optimum, strength):
    angles = np.linspace(0, 2 * math.pi, 721)
    directions = np.stack([np.cos(angles), np.sin(angles)], 1)
    one, two = minimize_l1(matrix, optimum, strength), minimize_l2(matrix, optimum, strength)
    diamond = one.radius * directions / np.abs(directions).sum(1, keepdims=True)
    for solution, ball in ((one, diamond), (two, two.radius * directions)):
        lowest = min(loss(matrix, optimum, point) for point in ball)
        assert lowest >= solution.level - 1e-9, "no point of the ball has a lower loss"


def test_a_strong_penalty_zeroes_l1_exactly_and_never_l2():
    matrix = quadratic(2, 0.5)
    assert [value == 0 for value in minimize_l1(matrix, (1.5, 0.5), 0.3).z] == [False, True]
    assert [value == 0 for value in minimize_l1(matrix, (0.2, -1.8), 0.3).z] == [True, False]
    assert minimize_l1(matrix, (1.5, 0.5), 50).z == (0.0, 0.0)
    assert minimize_l1(matrix, (1.5, 0.5), 0).z == pytest.approx((1.5, 0.5))
    assert 0 not in minimize_l2(matrix, (1.5, 0.5), 50).z
    assert minimize_l2(matrix, (1.5, 0.5), math.inf).z == (0.0, 0.0)


@given(matrices, optima, st.floats(0.01, 3))
def test_the_matched_strength_puts_both_solutions_on_one_contour(matrix, optimum, strength):
    one = minimize_l1(matrix, optimum, strength)
    matched = matched_l2_strength(matrix, optimum, one.level)
    level = minimize_l2(matrix, optimum, matched).level
    assert level == pytest.approx(one.level, rel=1e-6, abs=1e-12)
    if math.isinf(matched):
        assert level == loss(matrix, optimum, (0.0, 0.0))


@given(st.floats(1, 5), st.floats(0, math.pi))
def test_the_quadratic_has_the_eigenvalues_and_long_axis_asked_for(elongation, tilt):
    A = np.array(quadratic(elongation, tilt))
    assert np.linalg.eigvalsh(A) == pytest.approx([elongation**-2, 1], abs=1e-12)
    axis = np.array([math.cos(tilt), math.sin(tilt)])
    assert pytest.approx(axis / elongation**2, abs=1e-12) == A @ axis


@pytest.mark.parametrize(
    "matrix", [((1, 0.5), (0.4, 1)), ((1, 2), (2, 1)), ((0, 0), (0, 1)), ((-1, 0), (0, -1))]
)
def test_matrices_without_a_unique_minimum_are_refused(matrix):
    with pytest.raises(ValueError, match="symmetric and positive definite"):
        minimize_l1(matrix, (1, 1), 1)


def test_negative_strengths_and_flat_ellipses_are_refused():
    with pytest.raises(ValueError, match="at least 0"):
        minimize_l2(quadratic(1, 0), (1, 1), -1)
    with pytest.raises(ValueError, match="at least 1"):
        quadratic(0.5, 0)
