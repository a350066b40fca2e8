"""Images of black and white pixels, drawn from grey ones: what a Bernoulli likelihood is a likelihood of.

Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief networks"; drawn anew in each epoch
as in Burda et al. 2016. A function of the image and of `Noise`, as corruptions are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.batch import Noise

_STREAM = 3


def binarized(images: Tensor, noise: Noise) -> Tensor:
    """uint8 images ... x C x H x W, each value 255 with probability value / 255, and 0 otherwise.

    noise: its `step` holds the images' numbers, one each (shape ... ), and its seed fits beside them.
    """
    draw = noise.spread(3).uniform(*images.shape[-3:], stream=_STREAM, device=images.device)
    return (draw * 255 < images).to(torch.uint8) * 255
