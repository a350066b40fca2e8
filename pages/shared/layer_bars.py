"""A network as a row of bars, one a layer, from the image through the code to the reconstruction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aecore.config import ModelConfig

CODE_COLOR = "#2f86ad"
"""The code among the layers; readable on both backgrounds."""


def layer_bars(
    config: ModelConfig, shape: tuple[int, int, int], height: int = 40, width: int = 10, sizes: bool = True
) -> str:
    """The layers of a network for images of `shape` (C, H, W) as HTML, the code in colour.

    Bars are as high as the logarithm of the layer's size, `height` pixels at most and each `width` wide;
    with `sizes` the size stands below each.
    """
    from aecore.models import layer_sizes

    found = layer_sizes(config, shape)
    code = len(found) - 2 if config.family == "dictionary" else len(found) // 2
    cells = []
    for i, size in enumerate(found):
        high = height * (0.15 + 0.85 * math.log(size + 1) / math.log(max(found) + 1))
        color = CODE_COLOR if i == code else "currentColor;opacity:0.35"
        bar = (
            f'<div style="width:{width}px;height:{high:.0f}px;border-radius:2px;'
            f'flex:none;background:{color}"></div>'
        )
        if sizes:
            weight, text = (700, f"({size:,})") if i == code else (400, f"{size:,}")
            bar += f'<div style="font-size:0.85rem;font-weight:{weight}">{text}</div>'
        cells.append(
            '<div style="display:flex;flex-direction:column;align-items:center;gap:4px;'
            f'justify-content:flex-end">{bar}</div>'
        )
    gap = 14 if sizes else max(1, width // 2)
    wrap = "wrap" if sizes else "nowrap"
    return (
        f'<div style="display:flex;gap:{gap}px;align-items:flex-end;flex-wrap:{wrap}">{"".join(cells)}</div>'
    )
