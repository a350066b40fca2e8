"""A drawing by hand as an image of a data set: cut out, scaled and centred as MNIST's digits were."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import interpolate

BOX = 20 / 28
"""Share of the image's shorter side that the drawing's longer side fills: 20 of MNIST's 28 pixels."""

ROUNDING = 1e-4
"""Pixels by which a centre may miss a pixel's edge and still count as on it."""


def centred_drawing(ink: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """Ink (any height x width, float in [0, 1], 0 where nothing was drawn) as an image C x H x W in [0, 1].

    The drawing's bounding box is scaled, its proportions kept, into a box of 20/28 of the image's side,
    smoothed as it shrinks, and put so that its centre of mass lies in the pixel below and right of the
    image's middle, where that of every MNIST digit lies (LeCun et al. 1998, yann.lecun.com/exdb/mnist).
    Ink that would leave the image is cut off. All channels get the same grey. Raises ValueError when
    nothing was drawn.
    """
    channels, height, width = shape
    if ink.ndim != 2 or not (ink > 0).any():
        raise ValueError("nothing was drawn: draw a figure with the pointer first")
    rows, columns = (ink > 0).any(1).nonzero().flatten(), (ink > 0).any(0).nonzero().flatten()
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].float()
    scale = BOX * min(height, width) / max(cut.shape)
    size = [max(1, round(scale * side)) for side in cut.shape]
    small = interpolate(cut[None, None], size, mode="bilinear", antialias=True)[0, 0].clamp(0, 1)
    top = math.ceil(height / 2 - _centre(small.sum(1)) - ROUNDING)
    left = math.ceil(width / 2 - _centre(small.sum(0)) - ROUNDING)
    image = torch.zeros(height + 2 * size[0], width + 2 * size[1])
    top, left = _inside(top + size[0], size[0], height), _inside(left + size[1], size[1], width)
    image[top : top + size[0], left : left + size[1]] = small
    image = image[size[0] : size[0] + height, size[1] : size[1] + width]
    return image.expand(channels, height, width).contiguous()


def _centre(mass: torch.Tensor) -> float:
    """Centre of mass along an axis, in pixels from its beginning; a pixel's own centre is at + 1/2."""
    places = torch.arange(len(mass)) + 0.5
    return float((mass * places).sum() / mass.sum())


def _inside(start: int, size: int, side: int) -> int:
    """The start, held within the padded image."""
    return min(max(start, 0), side + size)
