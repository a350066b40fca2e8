"""An encoder for the browser: plain layers, see `layers`, between an image in [0, 1] and its code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aecore.store.run import Run
from aecore.web.decoder.layers import Layer, key_of, plain_layers


@dataclass(frozen=True)
class EncoderExport:
    """Everything that is needed to turn an image in [0, 1] into a code without PyTorch."""

    shape: tuple[int, int, int]
    """(C, H, W) of the image that goes in."""
    latent_size: int
    """Length of the code that comes out."""
    layers: tuple[Layer, ...]
    """In order; see `layers` for what each holds."""
    weights: np.ndarray
    """float32, little-endian, one axis: what the layers' offsets point into."""
    mean: tuple[float, ...]
    """Per channel: input = (image - mean) / std, as in `aecore.data.Scaling`."""
    std: tuple[float, ...]
    """Per channel."""

    @property
    def key(self) -> str:
        """Changes whenever the encoder does: eight hexadecimal digits."""
        return key_of(self.weights, self.shape, self.latent_size, self.layers, self.mean, self.std)


def export_encoder(run: Run) -> EncoderExport:
    """The encoder of `run`. Raises ValueError for a layer that a browser can't run."""
    layers, weights = plain_layers(run.model.encoder, run.shape)
    return EncoderExport(run.shape, run.latent_size, layers, weights, run.scaling.mean, run.scaling.std)
