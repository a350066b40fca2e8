"""The two-dimensional picture of a penalty: a quadratic loss, its optimum c, and what L1 and L2 do to it.

The loss is f(z) = 1/2 (z - c)^T A (z - c) with A symmetric and positive definite. Solutions are exact, by
cases, in plain Python floats; `aecore/web/geometry/solve.js` is the same analysis for the browser.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float]
Matrix = tuple[Vector, Vector]


@dataclass(frozen=True)
class Solution:
    """The minimiser of loss + strength x penalty, and the constrained picture it belongs to."""

    z: Vector
    """The minimiser; a zero is exactly 0.0."""
    radius: float
    """|z|_1 (half the diagonal of the diamond) or |z|_2 (radius of the disc) that touches the contour."""
    level: float
    """f(z): the level of the contour that touches the diamond or disc."""


def quadratic(elongation: float, tilt: float) -> Matrix:
    """A whose contours are ellipses `elongation` times longer than wide, long axis at `tilt` radians.

    The eigenvalues are 1 across the long axis and 1 / elongation^2 along it.
    """
    if not elongation >= 1:
        raise ValueError(f"elongation must be at least 1, not {elongation}")
    cos, sin, along = math.cos(tilt), math.sin(tilt), 1 / elongation**2
    off = (along - 1) * cos * sin
    return ((along * cos * cos + sin * sin, off), (off, along * sin * sin + cos * cos))


def loss(matrix: Matrix, optimum: Vector, z: Vector) -> float:
    """f(z) = 1/2 (z - c)^T A (z - c)."""
    (a, b), (_, d) = matrix
    x, y = z[0] - optimum[0], z[1] - optimum[1]
    return (a * x * x + 2 * b * x * y + d * y * y) / 2


def minimize_l1(matrix: Matrix, optimum: Vector, strength: float) -> Solution:
    """The exact minimiser of f(z) + strength |z|_1, by the cases of its optimality conditions.

    With g = A c: the origin where both |g_i| <= strength; a point on an axis where the other coordinate's
    gradient stays within the strength; otherwise c - strength A^-1 s in the quadrant with signs s.
    Raises ValueError for a matrix that is not symmetric and positive definite or a negative strength.
    """
    (a, b), (_, d) = _check(matrix, strength)
    c1, c2 = optimum
    g1, g2 = a * c1 + b * c2, b * c1 + d * c2
    on_first, on_second = _soft(g1, strength) / a, _soft(g2, strength) / d
    if abs(g1) <= strength and abs(g2) <= strength:
        z = (0.0, 0.0)
    elif on_first and abs(b * on_first - g2) <= strength:
        z = (on_first, 0.0)
    elif on_second and abs(b * on_second - g1) <= strength:
        z = (0.0, on_second)
    else:
        z = _inside_a_quadrant(matrix, optimum, strength)
    return Solution(z, abs(z[0]) + abs(z[1]), loss(matrix, optimum, z))


def minimize_l2(matrix: Matrix, optimum: Vector, strength: float) -> Solution:
    """The minimiser of f(z) + strength |z|_2^2: (A + 2 strength I)^-1 A c, the origin at infinity."""
    (a, b), (_, d) = _check(matrix, strength)
    c1, c2 = optimum
    if math.isinf(strength):
        z = (0.0, 0.0)
    else:
        g1, g2 = a * c1 + b * c2, b * c1 + d * c2
        p, q = a + 2 * strength, d + 2 * strength
        determinant = p * q - b * b
        z = ((q * g1 - b * g2) / determinant, (p * g2 - b * g1) / determinant)
    return Solution(z, math.hypot(*z), loss(matrix, optimum, z))


def matched_l2_strength(matrix: Matrix, optimum: Vector, level: float) -> float:
    """The strength at which `minimize_l2` has f(z) = `level`: the L2 solution on the same contour.

    Found by bisection to the last bit (the level rises with the strength). 0 for level 0; infinity for
    f(0) and above, which L2 only reaches at the origin.
    """
    _check(matrix, 0.0)
    if level <= 0:
        return 0.0
    if level >= loss(matrix, optimum, (0.0, 0.0)):
        return math.inf
    low, high = 0.0, 1.0
    while minimize_l2(matrix, optimum, high).level < level:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        if minimize_l2(matrix, optimum, middle).level < level:
            low = middle
        else:
            high = middle
    return middle


def _inside_a_quadrant(matrix: Matrix, optimum: Vector, strength: float) -> Vector:
    (a, b), (_, d) = matrix
    determinant = a * d - b * b
    best, margin = (0.0, 0.0), -math.inf
    for s1, s2 in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        z1 = optimum[0] - strength * (d * s1 - b * s2) / determinant
        z2 = optimum[1] - strength * (a * s2 - b * s1) / determinant
        # Only one quadrant holds its own solution; the largest margin finds it in spite of rounding.
        if min(s1 * z1, s2 * z2) > margin:
            best, margin = (z1, z2), min(s1 * z1, s2 * z2)
    return best


def _soft(value: float, threshold: float) -> float:
    return math.copysign(max(abs(value) - threshold, 0.0), value)


def _check(matrix: Matrix, strength: float) -> Matrix:
    (a, b), (c, d) = matrix
    if b != c or not (a > 0 and d > 0 and a * d > b * b):
        raise ValueError(f"the matrix must be symmetric and positive definite, not {matrix}")
    if not strength >= 0:
        raise ValueError(f"strength must be at least 0, not {strength}")
    return matrix
