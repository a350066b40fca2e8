"""What a training step is given: images, what they are to become, and a source of noise."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

_CODES = 2
"""Stream of the noise with which codes are drawn."""

_GOLDEN = -7046029254386353131  # 2^64 / golden ratio, odd, as a signed number: splitmix64's increment
_MIX = (-4658895280553007687, -7723592293110705685)  # splitmix64's two multipliers, signed


class Noise(NamedTuple):
    """Random numbers that are a function of seed, epoch and step alone.

    They come from a hash of the three and of each number's place (splitmix64, Steele et al. 2014), not from
    a generator with a state: a resumed training, a stack and a lone run draw the same ones, on any device,
    and `torch.func.vmap` may map over the seeds of a stack.
    """

    seed: Tensor | int
    epoch: Tensor | int
    step: Tensor | int
    """Of the epoch; int64 of any shape broadcasts, such as the numbers of a batch's images."""

    def spread(self, axes: int) -> Noise:
        """The same with that many axes after those of seed and step, for numbers of one image each."""
        index = (..., *[None] * axes)
        return Noise(*(part[index] if isinstance(part, Tensor) else part for part in self))

    def uniform(self, *shape: int, stream: int = 0, device: torch.device | None = None) -> Tensor:
        """float32 of `shape` in (0, 1); another `stream` gives independent numbers."""
        key = torch.as_tensor(stream, dtype=torch.int64, device=device)
        for part in (self.seed, self.epoch, self.step):
            key = _hash(key + torch.as_tensor(part, dtype=torch.int64, device=device))
        place = torch.arange(math.prod(shape), device=device).view(shape)
        # The upper 23 of 64 bits: with the half that keeps them off 0 and 1, as many as a float32 holds.
        return ((_hash(key + place) >> 41) & 0x7FFFFF).float().add(0.5) / 2**23

    def normal(self, *shape: int, stream: int = 0, device: torch.device | None = None) -> Tensor:
        """float32 of `shape`, standard normal, by Box and Muller's transform (1958)."""
        radius = self.uniform(*shape, stream=-2 * stream - 1, device=device).log().mul(-2).sqrt()
        return radius * self.uniform(*shape, stream=-2 * stream - 2, device=device).mul(2 * math.pi).cos()

    def codes(self, units: int, device: torch.device | None = None) -> Tensor:
        """Standard normal float32 for the codes of N images, whose numbers `step` holds: N x units.

        Those of a smaller code are the first of a larger one's.
        """
        return self.spread(1).normal(units, stream=_CODES, device=device)


class Batch(NamedTuple):
    """Images of a step, normalized, B x C x H x W; stacked, K x B x C x H x W where seeds differ."""

    input: Tensor
    """What the encoder sees."""
    target: Tensor
    """What the reconstruction is compared with."""
    noise: Noise | None = None
    """Each image's own, whatever its batch: its step holds the images' numbers, B, or K x B. None where
    nothing is drawn: a variational code is then its mean."""

    def code_noise(self, units: int) -> Tensor | None:
        """What variational codes of these images are drawn with, B x units, of the target's type; None
        without noise."""
        return None if self.noise is None else self.noise.codes(units, self.target.device).to(self.target)


def _hash(x: Tensor) -> Tensor:
    """splitmix64's output function on int64, whose products and sums wrap around."""
    x = x + _GOLDEN
    x = (x ^ _shift(x, 30)) * _MIX[0]
    x = (x ^ _shift(x, 27)) * _MIX[1]
    return x ^ _shift(x, 31)


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical shift to the right: int64's own copies the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
