"""What the sliders show of a grid: every member's pictures, codes and figures.

They go to the browser once, so that a move is a look-up there. Imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aecore.analysis import selection
from aecore.analysis.against_pca import ranked
from aecore.files import StoreError
from aecore.grid import Grid, axis_text
from aecore.results import Row
from aecore.settings import axis_label, member_names
from aecore.store import GridInfo
from aecore.web.arrays import encoded

if TYPE_CHECKING:
    from aecore.store import Pictures, Probe

LARGEST = 8_000_000
"""Bytes of pictures that are sent to a browser at most; larger grids show fewer images a member."""


def payload(
    info: GridInfo,
    rows: Sequence[Row],
    pictures: Pictures,
    probe: Probe | None,
    stamp: int,
    *,
    most: int | None = None,
    half: bool = False,
) -> dict[str, Any]:
    """All that the component shows, its pictures as bytes.

    `rows` are those of all members; `stamp` changes with the pictures. `most` images of each member are sent
    at most, and `half` sends pictures of half their height and width. StoreError where the probe images are
    not those of the members' pictures.
    """
    images = pictures.images
    shape = images.shape[2:]
    count = images.shape[1]
    if probe is not None:
        if images.size and images.shape[1:] != probe.images.shape:
            raise StoreError("the probe's images and the members' pictures are not of one size")
        count, shape = len(probe.images), probe.images.shape[1:]
    pixels = math.prod(shape)
    scaled = halved if half else np.asarray
    shape = scaled(np.zeros(shape, np.uint8)).shape
    per_image = len(rows) * math.prod(shape)
    count = max(1, min(count, most or count, LARGEST // max(per_image, 1)))
    names = member_names(info.grid)
    members: list[dict[str, Any]] = []
    codes: list[np.ndarray] = []
    for k in range(len(rows)):
        member = {"name": names[k], **_member(info.grid, k, rows, pixels)}
        code = pictures.codes[k]
        member["pictured"] = code is not None
        member["code"] = sum(part.size for part in codes)
        if code is not None:
            codes.append(code[:count].ravel())
        members.append(member)
    return {
        "grid": info.key,
        "stamp": f"{info.key}-{stamp}",
        "shape": list(shape),
        "count": count,
        "axes": [
            {"name": axis_label(name), "values": [axis_text(name, value) for value in values]}
            for name, values in selection.positions_by_axis(info.grid)
        ],
        "index": list(info.grid.index),
        "members": members,
        "pictures": encoded(scaled(images[:, :count])),
        "codes": encoded(np.concatenate(codes) if codes else np.zeros(0, np.float32)),
        "originals": encoded(np.zeros(0, np.uint8) if probe is None else scaled(probe.images[:count])),
        "labels": [""] * count if probe is None else [int(label) for label in probe.labels[:count]],
        "pca": {} if probe is None else {str(n): encoded(scaled(p[:count])) for n, p in probe.pca.items()},
    }


def halved(images: np.ndarray) -> np.ndarray:
    """uint8 pictures ... x H x W at half their size, means of 2 x 2 pixels; an odd end counts twice."""
    odd = [(0, 0)] * (images.ndim - 2) + [(0, images.shape[-2] % 2), (0, images.shape[-1] % 2)]
    whole = np.pad(images, odd, mode="edge").astype(np.uint16)
    total = np.sum([whole[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=0)
    return ((total + 2) // 4).astype(np.uint8)


def _member(grid: Grid, k: int, rows: Sequence[Row], pixels: int) -> dict[str, Any]:
    units = grid.members[k].model.latent_size
    row, result = rows[k], rows[k].result
    test, code = (result.test, result.code) if result else (None, None)
    bound = {"elbo": test.elbo if test else None, "kl": test.kl if test else None}
    return {
        "units": units,
        "figures": {
            "test": test.squared_error if test else None,
            "validation": row.validation.get("squared_error"),
            **(bound if grid.members[k].model.variational else {}),
            "active": code.active_alive_units if code else None,
            "zeros": code.exact_zeros if code else None,
            "hoyer": code.hoyer if code else None,
            "parameters": result.parameters if result else None,
        },
        "pca": {
            "test": test.pca_squared_error if test else None,
            "active": units,
            "zeros": 0.0,
            "parameters": (units + 1) * pixels,
        },
        "sentence": sentence(grid, k, rows),
    }


def sentence(grid: Grid, k: int, rows: Sequence[Row]) -> str:
    """What member k's figures say beside PCA's, in one or two sentences; `rows` are those of all members."""
    row = rows[k]
    if row.failed is not None:
        shown = "the pictures are of the epoch before" if row.failed > 1 else "there is no picture of it"
        return f"Its loss was no longer finite in epoch {row.failed}: {shown}."
    if row.beaten is not None:
        return (
            f"Stopped after epoch {row.beaten}, as the grid was told to: models with the same code and loss "
            "had smaller validation errors by then. It has no test figures, and nothing is proposed from it."
        )
    error = row.result.test.squared_error if row.result else None
    pca = row.result.test.pca_squared_error if row.result else None
    if error is None or pca is None:
        epochs = row.epochs
        return f"Trained for {epochs} epoch{'s' * (epochs != 1)} so far; its test figures come at the end."
    units = grid.members[k].model.latent_size
    components = f"{units} component{'s' * (units != 1)}"
    rank = ranked(error, pca)
    if rank < 0:
        return (
            f"Squared error {error:.1f}, {1 - error / pca:.0%} below what PCA reaches with {components} "
            f"({pca:.1f})."
        )
    verdict = "better" if rank else "about as well"
    text = f"PCA with {components} does {verdict} ({pca:.1f} against {error:.1f})."
    return " ".join([text, *_what_else_is_known(grid, k, rows, error, pca)])


def _what_else_is_known(grid: Grid, k: int, rows: Sequence[Row], error: float, pca: float) -> list[str]:
    """Why a member does not beat PCA, where the same network without its penalty tells; else what is seen."""
    plain = selection.without_penalty(grid, k)
    result = rows[plain].result if plain is not None else None
    if result is not None:
        other = result.test.squared_error
        without = f"The same network without the penalty reaches {other:.1f}"
        if ranked(other, min(pca, error)) < 0:
            return [f"{without}, so that the penalty is the cause."]
        known = [f"{without}, {'less than PCA' if other < pca else 'no less than PCA'}."]
    else:
        known = []
    width = selection.bottleneck(grid.members[k])
    if width is not None:
        known.append(
            f"Its narrowest hidden layer is {width} wide; wider ones would show whether that is why."
        )
    return known
