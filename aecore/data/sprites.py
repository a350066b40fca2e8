"""Sprites: images drawn from known factors, so that what a code has learned can be checked.

The idea is that of dSprites (Matthey et al., 2017); these three shapes have no rotational symmetry, so
that every combination of factors is a different picture.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn.functional import pad

SHAPES = ("triangle", "heart", "L")
FACTOR_NAMES = ("shape", "scale", "rotation", "x", "y")
RADII = (5.0, 6.0, 7.0, 8.0, 9.0)
"""Radius in pixels of the circle around the shape, by scale index."""
ROTATIONS = 12
"""Steps of 30 degrees, counter-clockwise."""
POSITIONS = 10
"""Whole-pixel positions of the centre along each axis; x grows to the right, y downwards."""
FACTOR_SIZES = (len(SHAPES), len(RADII), ROTATIONS, POSITIONS, POSITIONS)

_SIDE = 28
# The largest shape fits this box (radius 9 of 9.5), and at either end of its travel still fits the image.
_BOX = _SIDE - POSITIONS + 1
_SAMPLES = 8


def sprites() -> tuple[torch.Tensor, torch.Tensor]:
    """All 18,000 sprites: uint8 images N x 1 x 28 x 28 and int64 factor indices N x 5.

    Rows are in lexicographic order of the factors (`FACTOR_NAMES`, `FACTOR_SIZES`). Edges are
    anti-aliased: a pixel's value is its covered area, from 8 x 8 samples.
    """
    boxes = torch.from_numpy(_boxes().reshape(-1, _BOX, _BOX))
    # Positions are whole pixels, so each drawing is made once and cut out of a larger canvas.
    canvas = pad(boxes, [POSITIONS - 1] * 4)
    windows = canvas.unfold(1, _SIDE, 1).unfold(2, _SIDE, 1).flip(1, 2)
    images = windows.transpose(1, 2).reshape(-1, 1, _SIDE, _SIDE)
    factors = np.stack(np.unravel_index(np.arange(len(images)), FACTOR_SIZES), axis=1)
    return images, torch.from_numpy(factors.astype(np.int64))


def _boxes() -> np.ndarray:
    """uint8 shapes x scales x rotations x box x box: every drawing once, centred."""
    samples = (np.arange(_BOX * _SAMPLES) + 0.5) / _SAMPLES - _BOX / 2
    right, up = np.meshgrid(samples, -samples)
    boxes = np.empty((*FACTOR_SIZES[:3], _BOX, _BOX), dtype=np.uint8)
    for scale, radius in enumerate(RADII):
        for rotation in range(ROTATIONS):
            angle = 2 * math.pi * rotation / ROTATIONS
            cos, sin = math.cos(angle) / radius, math.sin(angle) / radius
            u, v = right * cos + up * sin, up * cos - right * sin
            for shape, inside in enumerate((_triangle(u, v), _heart(u, v), _ell(u, v))):
                area = inside.reshape(_BOX, _SAMPLES, _BOX, _SAMPLES).mean(axis=(1, 3))
                boxes[shape, scale, rotation] = np.rint(255 * area)
    return boxes


# Each shape is a mask over (u, v), u to the right and v up, inside the unit circle.


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (v >= -0.66) & (1.66 * np.abs(u) <= 0.75 * (1 - v))


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The sextic (a^2 + b^2 - 1)^3 <= a^2 b^3, moved and shrunk into the unit circle."""
    a, b = 1.25 * u, 1.25 * v + 0.25
    return (a * a + b * b - 1) ** 3 <= a * a * b**3


def _ell(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (np.abs(u) <= 0.6) & (np.abs(v) <= 0.8) & ((u <= -0.1) | (v <= -0.3))
