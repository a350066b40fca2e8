"""What each unit of a code does: its range, its importance, the images that move it, its atom.

All units at once, from the codes of a set of images (N x latent_size) and a decoder; no plotting.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from aecore.analysis import variational
from aecore.analysis.metrics import squared_errors
from aecore.analysis.sparsity import USED, alive_units, dead_units, unit_importance
from aecore.data import load, unit_range
from aecore.store.run import Run

RANGE = (0.01, 0.99)
"""Quantiles of a unit's values between which it is moved."""
SAMPLE = 1000
"""Images on which importance is measured."""

CAUSES = {
    "collapsed": "its posterior hardly depends on the image: the mean's variance is at most 0.01",
    "never active": "zero for every image",
    "constant": "varies by at most 1 % of what the unit with the largest spread does",
    "no effect": "its mean does as well: the squared error rises by at most 1 %",
}
"""Why a unit counts as unused, the first that holds."""


@dataclass(frozen=True)
class Units:
    """One value a unit, in the code's own order."""

    low: np.ndarray
    """float32: 1st percentile of the values."""
    high: np.ndarray
    """float32: 99th percentile."""
    mean: np.ndarray
    """float32: mean code."""
    importance: np.ndarray
    """float64: rise of the squared error per image when the unit is replaced by its mean."""
    squared_error: float
    """Squared error per image of the same images with the whole code."""
    sample: int
    """Number of images on which those two were measured."""
    cause: tuple[str, ...]
    """A key of `CAUSES`, or empty for a unit in use."""
    kl: np.ndarray | None = None
    """float64: divergence of a variational unit from the prior in nats, mean over the images; else None."""

    @property
    def order(self) -> np.ndarray:
        """Units in use, most important first, then the others."""
        unused = np.array([bool(cause) for cause in self.cause])
        return np.lexsort((np.arange(len(unused)), -self.importance, unused))

    @property
    def used(self) -> int:
        """Number of units in use."""
        return sum(not cause for cause in self.cause)

    @property
    def slider_words(self) -> str:
        """What sliders in that order are."""
        return (
            f"{self.used} of {len(self.cause)} units are in use; the most important come first, each from "
            "the 1st to the 99th percentile of its values. Tab and the arrow keys move them too."
        )


def describe_units(run: Run, images: Tensor, codes: Tensor, seed: int = 0) -> Units:
    """Range, importance and state of every unit, from uint8 images and their codes.

    Importance is measured on `SAMPLE` images drawn with `seed`, with the mean of those; it costs
    latent_size + 1 decodings of them. Dead and used are `aecore.analysis.sparsity`'s.
    """
    low, high = ranges(codes)
    chosen = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))[:SAMPLE]
    x, z = unit_range(images[chosen]), codes[chosen]
    base = squared_errors(x, run.decode(z)).double().mean().item()
    share = unit_importance(x, z, run.decode, subsample=None)
    posterior = variational.posterior(run, images) if run.config.model.variational else None
    cause = unused_causes(codes, share, None if posterior is None else posterior.active)
    return Units(
        low=low,
        high=high,
        mean=codes.mean(0).numpy(),
        importance=(share * base).nan_to_num().numpy(),
        squared_error=base,
        sample=len(chosen),
        cause=cause,
        kl=None if posterior is None else posterior.kl,
    )


def unused_causes(codes: Tensor, importance: Tensor, active: np.ndarray | None = None) -> tuple[str, ...]:
    """For each unit a key of `CAUSES`, or an empty string for a unit in use.

    `importance` is the relative rise of the squared error, as `sparsity.unit_importance` gives it; `active`
    says of a variational model's units which are, `losses.active_units`.
    """
    tests = {
        "collapsed": torch.zeros(codes.shape[1]) if active is None else torch.from_numpy(~active),
        "never active": ~alive_units(codes),
        "constant": dead_units(codes),
        "no effect": ~(importance > USED),
    }
    holds = torch.stack([test.bool() for test in tests.values()], 1).tolist()
    names = list(tests)
    return tuple(names[row.index(True)] if True in row else "" for row in holds)


def ranges(codes: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """1st and 99th percentile of each unit over N codes: two float32 arrays.

    A unit whose percentiles coincide, such as one that is nearly always zero, gets its least and
    largest value instead.
    """
    values = codes.numpy()
    low, high = np.quantile(values, RANGE, axis=0).astype(np.float32)
    narrow = low == high
    return np.where(narrow, values.min(0), low), np.where(narrow, values.max(0), high)


def stand_in_images(shape: tuple[int, int, int]) -> Tensor:
    """The bundled digits at another size: uint8 N x C x H x W, for a run whose own images are not at hand.

    Good enough to find out between which values the units of a picture's code move, and no more.
    """
    digits = load("digits").train_images
    images = interpolate(digits.float(), shape[1:], mode="bilinear").round().clamp(0, 255).byte()
    return images.expand(-1, shape[0], -1, -1).contiguous()


def traversals(
    decode: Callable[[np.ndarray], Tensor],
    code: np.ndarray,
    units: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    steps: int = 9,
) -> np.ndarray:
    """Images as each of U units goes from `low` to `high` (U values each) while the rest of `code` stays.

    U x steps x C x H x W float32, decoded in one batch.
    """
    codes = np.tile(np.asarray(code, dtype=np.float32), (len(units), steps, 1))
    values = np.linspace(low, high, steps, axis=1)
    codes[np.arange(len(units))[:, None], np.arange(steps), np.asarray(units)[:, None]] = values
    images = decode(codes.reshape(-1, codes.shape[-1])).numpy()
    return images.reshape(len(units), steps, *images.shape[1:])


def extremes(codes: Tensor, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the `count` images with the largest and with the least value of each unit.

    Two int64 arrays, latent_size x count, the most extreme first; equal values in the images' order.
    """
    rising = codes.sort(dim=0, stable=True).indices[:count]
    falling = codes.sort(dim=0, stable=True, descending=True).indices[:count]
    return falling.T.numpy(), rising.T.numpy()


def atoms(run: Run, code: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Change of the decoded image (in [0, 1]) per unit change, at `code`: latent_size x C x H x W, float32.

    In grey levels (1 is from black to white) per 1.0 of the unit, by a central difference of `step` to
    either side in float64. For a dictionary these are its decoder's columns, wherever they are taken.
    """
    decoder = copy.deepcopy(run.model.decoder).double()
    at = torch.as_tensor(code, dtype=torch.float64)
    changes = []
    with torch.no_grad():
        for shift in (step * torch.eye(len(at), dtype=torch.float64)).split(256):
            changes.append((decoder(at + shift) - decoder(at - shift)) / (2 * step))
    scale = torch.tensor(run.scaling.std, dtype=torch.float64).view(-1, 1, 1)
    return (torch.cat(changes) * scale).float().numpy()
