"""A run as a folder that can be put on a model hub as it is: card, weights, code that loads them, pictures.

    README.md              the card: header for hubs, figures with baselines, data, training, limits
    config.json            every setting, the images' shape, their scaling
    model.safetensors      the weights
    autoencoder.py         the network and `load`; needs torch and safetensors alone
    reconstructions.png    test images, what the network makes of them, and PCA
    map.png                the test images' codes in a plane
    curve.png              the error, epoch by epoch

Where the images are not on this machine the first two pictures and the mean image's figure are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from aecore import store
from aecore.data import DataNotFoundError, ImageData, load
from aecore.export import card_pictures
from aecore.export.card_text import Facts, card, seeds_of
from aecore.export.code import loading_code
from aecore.files import StoreError, write_tensors, write_whole
from aecore.store.run import Run
from aecore.version import VERSION

WEIGHTS = "model.safetensors"
CODE = "autoencoder.py"


def write(run: Run, target: Path, on_progress: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Writes the folder's files into `target`, which is there, and returns them.

    `on_progress` is told the share that is done. StoreError for a run that is not finished.
    """
    if run.result is None:
        raise StoreError(f"{run.name} has no result yet: a card is of a finished training")
    data = _images(run)
    written: list[Path] = []

    def put(name: str, content: bytes) -> None:
        write_whole(target / name, content)
        written.append(target / name)
        on_progress(len(written) / 7)

    write_tensors(target / WEIGHTS, run.model.state_dict(), {"format": "pt"})
    written.append(target / WEIGHTS)
    values = {
        "model_type": "autoencoder",
        "aecore_version": VERSION,
        "name": run.name,
        "shape": run.shape,
        "scaling": run.scaling.to_dict(),
        "config": run.config.to_dict(),
    }
    put("config.json", json.dumps(values, indent=1, ensure_ascii=False).encode())
    code = loading_code(run.config.model, run.shape, run.scaling, run.name, WEIGHTS)
    put(CODE, code.encode())
    pictures = card_pictures.draw(run, data)
    for name, content in pictures.items():
        put(name, content)
    facts = Facts(run, run.result, data, store.read_events(run.path), seeds_of(run), tuple(pictures))
    put("README.md", card(facts).encode())
    on_progress(1.0)
    return written


def _images(run: Run) -> ImageData | None:
    """The run's images, None where they are not on this machine."""
    try:
        data = load(run.config.data.name)
    except DataNotFoundError:
        return None
    return data if data.shape == run.shape else None
