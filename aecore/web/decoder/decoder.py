"""A decoder for the browser: plain layers, see `layers`, between a code and an image in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aecore.store.run import Run
from aecore.web.decoder.layers import Layer, key_of, plain_layers


@dataclass(frozen=True)
class DecoderExport:
    """Everything that is needed to turn a code into an image in [0, 1] without PyTorch."""

    latent_size: int
    """Length of the code that goes in."""
    shape: tuple[int, int, int]
    """(C, H, W) of the image that comes out."""
    layers: tuple[Layer, ...]
    """In order; see the module's own text for what each holds."""
    weights: np.ndarray
    """float32, little-endian, one axis: what the layers' offsets point into."""
    mean: tuple[float, ...]
    """Per channel: image = output * std + mean, as in `aecore.data.Scaling`."""
    std: tuple[float, ...]
    """Per channel."""

    @property
    def key(self) -> str:
        """Changes whenever the decoder does: eight hexadecimal digits."""
        return key_of(self.weights, self.latent_size, self.shape, self.layers, self.mean, self.std)


def export_decoder(run: Run) -> DecoderExport:
    """The decoder of `run`. Raises ValueError for a layer that a browser can't run."""
    layers, weights = plain_layers(run.model.decoder, (run.latent_size,))
    return DecoderExport(run.latent_size, run.shape, layers, weights, run.scaling.mean, run.scaling.std)
