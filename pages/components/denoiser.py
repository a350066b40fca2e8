"""A level under a slider: one image, corrupted and denoised in the browser while the slider moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aecore.web.arrays import encoded
from pages.components.loader import component

if TYPE_CHECKING:
    from torch import Tensor

_level = component("denoising_level", "denoiser", "level")

LOWEST, HIGHEST, STEP = 0.01, 1.0, 0.01
"""Ends and steps of the slider."""


def level_slider(
    corruption: str,
    level: float,
    image: Tensor,
    noise: Tensor,
    networks: Mapping[str, tuple[dict[str, Any], dict[str, Any]]],
    *,
    key: str,
    on_level: Callable[[], None],
) -> None:
    """An image, C x H x W in [0, 1], corrupted by its `noise` (see `corruption.field`), through each network.

    `networks` are encoder and decoder by name, as `encoder_data` and `decoder_data` give them. Where the
    slider is let go, its level is put into the state at `key`, as `level`.
    """
    data = {
        "corruption": corruption,
        "level": level,
        "range": [LOWEST, HIGHEST, STEP],
        "shape": list(image.shape),
        "image": encoded(image.float().numpy()),
        "noise": encoded(noise.float().numpy()),
        "networks": [
            {"name": name, "encoder": encoder, "decoder": decoder}
            for name, (encoder, decoder) in networks.items()
        ],
    }
    _level(data=data, key=key, on_level_change=on_level)
