"""The start cards' small pictures as SVG text: an error, a function, L1's diamond beside L2's disc."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aecore.analysis import geometry
from aecore.analysis.approximation import fit
from aecore.palette import CLASS_COLORS, L1_COLOR, L2_COLOR, PCA_COLOR

WIDTH, HEIGHT = 120, 84
"""Size of a picture in its own units."""

OPTIMUM: geometry.Vector = (1.8, 1.4)
STRENGTH = 0.6
MATRIX = geometry.quadratic(2.0, math.radians(-75))


def falling_error(errors: Sequence[float], baseline: float | None = None) -> str:
    """A line through one error an epoch, from 0 up, with the baseline's as a grey rule."""
    highest = max([*errors, baseline or 0, 1e-9])
    across = WIDTH / max(len(errors) - 1, 1)

    def y(value: float) -> float:
        return HEIGHT - 6 - value / highest * (HEIGHT - 14)

    points = " ".join(f"{i * across:.1f},{y(e):.1f}" for i, e in enumerate(errors))
    rule = ""
    if baseline is not None:
        rule = f'<path d="M0 {y(baseline):.1f}H{WIDTH}" stroke="{PCA_COLOR}" stroke-dasharray="4 3"/>'
    axis = f'<path d="M0 {HEIGHT - 6}H{WIDTH}" stroke="{PCA_COLOR}" stroke-width="0.7"/>'
    line = f'<polyline points="{points}" stroke="{CLASS_COLORS[0]}" stroke-width="2.5"/>'
    if len(errors) == 1:
        line = f'<circle cx="3" cy="{y(errors[0]):.1f}" r="3" fill="{CLASS_COLORS[0]}"/>'
    return _svg(axis + rule + line)


def fitted_function() -> str:
    """A function in grey under what a network with one small hidden layer makes of it."""
    found = fit("waves", 12)

    def line(values: np.ndarray) -> str:
        places = zip(found.x[::6], values[::6], strict=True)
        return " ".join(f"{4 + 112 * x:.1f},{HEIGHT / 2 - 28 * y:.1f}" for x, y in places)

    target = f'<polyline points="{line(found.target)}" stroke="{PCA_COLOR}" stroke-width="5" opacity="0.5"/>'
    output = f'<polyline points="{line(found.output)}" stroke="{CLASS_COLORS[0]}" stroke-width="2.5"/>'
    return _svg(target + output)


def diamond_and_disc() -> str:
    """Where a loss's contour first meets the L1 diamond and the L2 disc: on an axis, and off it."""
    l1 = geometry.minimize_l1(MATRIX, OPTIMUM, STRENGTH)
    l2 = geometry.minimize_l2(MATRIX, OPTIMUM, geometry.matched_l2_strength(MATRIX, OPTIMUM, l1.level))
    r = l1.radius
    diamond = (
        f'<path d="M{r} 0L0 {r}L{-r} 0L0 {-r}Z" fill="{L1_COLOR}" fill-opacity="0.25" stroke="{L1_COLOR}"/>'
    )
    disc = f'<circle r="{l2.radius}" fill="{L2_COLOR}" fill-opacity="0.18" stroke="{L2_COLOR}"/>'
    dots = "".join(
        f'<circle cx="{s.z[0]}" cy="{s.z[1]}" r="0.13" fill="{c}"/>'
        for s, c in ((l1, L1_COLOR), (l2, L2_COLOR))
    )
    axes = f'<path d="M-2 0H4M0 -1.7V2.7" stroke="{PCA_COLOR}" stroke-width="0.025"/>'
    contours = "".join(_contour(l1.level * share) for share in (1.0, 0.35))
    # The plane's y axis points up, the picture's down.
    shapes = f"{axes}{disc}{diamond}{contours}{dots}"
    return _svg(f'<g transform="translate(36 56) scale(21 -21)" stroke-width="0.06">{shapes}</g>')


def _contour(level: float, corners: int = 60) -> str:
    """The ellipse f(z) = level: from its centre, the distance in each direction."""
    points = []
    for i in range(corners):
        angle = 2 * math.pi * i / corners
        direction = (math.cos(angle), math.sin(angle))
        unit = geometry.loss(MATRIX, (0.0, 0.0), direction)
        reach = math.sqrt(level / unit)
        points.append(f"{OPTIMUM[0] + reach * direction[0]:.3f},{OPTIMUM[1] + reach * direction[1]:.3f}")
    return f'<polygon points="{" ".join(points)}" stroke="{PCA_COLOR}" stroke-width="0.045"/>'


def _svg(content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none">{content}</svg>'
    )
