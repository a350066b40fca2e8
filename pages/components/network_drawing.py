"""An auto-encoder at work: an image goes in, its code is the waist, the reconstruction comes out.

The values are computed once on the server; the browser draws them and follows the pointer. There are two
drawings of one kind: the walk from image to image, and a still one of which each layer can be chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aecore.palette import PCA_COLOR
from pages.components.loader import component

_drawing = component("network_drawing", "network_drawing", "drawing")
_hand = component("network_hand", "network_drawing", "hand")
_layers = component("network_layers", "network_drawing", "layers")


def network_drawing(
    walk: dict[str, Any],
    names: Sequence[str],
    pca_errors: Sequence[float],
    result: str = "Its reconstruction",
    *,
    key: str,
) -> None:
    """Draws it, as wide as its container.

    `walk` is what `aecore.figures.network.Walk.to_json` gives; `names` says what each of its images
    shows, `pca_errors` what PCA's squared error on each is with as many components as the code has units,
    `result` what comes out.
    """
    data = {**walk, "names": list(names), "pca": list(pca_errors), "pcaColor": PCA_COLOR, "result": result}
    _drawing(data=data, key=key)


def network_hand(name: str, decoder: dict[str, Any], key: str = "network_hand") -> None:
    """Makes the bars of the code movable in the drawing whose `walk` has this name as its `hand`.

    `decoder` is what `decoder_data` gives; it draws nothing itself.
    """
    _hand(data={"name": name, "decoder": decoder}, key=key)


def network_layers(
    walk: dict[str, Any],
    names: Sequence[str],
    *,
    description: str,
    pinch: int,
    chosen: int,
    key: str,
    on_choose: Callable[[], None],
) -> None:
    """Draws the network with one image in it; a click puts a layer's number into `key`'s state, as `layer`.

    `walk` is of one image; `names` has a line for every layer from the image to the reconstruction, of which
    `chosen` is framed and `pinch` marked as the narrowest. A screen reader says `description`.
    """
    data = {**walk, "names": list(names), "description": description, "pinch": pinch, "chosen": chosen}
    _layers(data=data, key=key, on_layer_change=on_choose)
