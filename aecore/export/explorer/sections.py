"""The sections of a run's file and the data of each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aecore.analysis.errors import choose_images, clipped_pca, extremes, verdict_on
from aecore.analysis.latent import distance_legend
from aecore.data import classes_in_turn, some_of, to_uint8, unit_range
from aecore.export.explorer.material import Material
from aecore.export.explorer.options import Options
from aecore.export.explorer.page import Section
from aecore.web.arrays import Base64, encoded
from aecore.web.code_map.payload import VIRIDIS, PointSet, Scale, compact_atlas, map_data, reduced
from aecore.web.decoder.payload import sliders_data

SHOWN = 24
"""Reconstructions in each order at most, as many as the app's page begins with."""
TO_CHOOSE = 96
"""Test images to start from at most."""
PIXELS = 170_000
"""Bytes of pictures in each of the two parts that hold more than small ones: fewer where they are large."""
LARGEST = 64
"""Longer side of the reconstructions in pixels at most."""
UNIT_VALUES = 1_000_000
"""Unit values on the map at most: of a long code only the most important units can be chosen there."""


def shared(material: Material, options: Options) -> dict[str, Any]:
    """What several sections use: the network, images to start from, and the points of the map."""
    chosen = _to_choose(material)
    images = material.data.test_images[chosen]
    return {
        "shape": list(material.run.shape),
        "decoder": material.decoder,
        "encoder": material.encoder,
        "reference": material.reference,
        "band": list(material.band) if material.reference else None,
        "legend": distance_legend(material.band) if material.reference else "",
        "images": {
            "pixels": encoded(images.numpy()),
            "codes": encoded(material.codes[chosen].numpy()),
            "numbers": chosen.tolist(),
            "names": _class_names(material, chosen),
        },
        "points": _points(material, options),
    }


def sections(material: Material) -> list[Section]:
    """In the order of the page."""
    parts = [_reconstructions(material), _codes(material), _sliders(material), _interpolation(material)]
    if material.run.shape[0] == 1:  # a drawing is grey
        parts.append(_drawing(material))
    return [*parts, _card(material)]


def _to_choose(material: Material) -> np.ndarray:
    count = max(4, min(TO_CHOOSE, PIXELS // math.prod(material.run.shape)))
    return np.sort(classes_in_turn(material.data.test_labels, count, seed=0))


def _class_names(material: Material, numbers: np.ndarray) -> list[str]:
    """One a test image; none where nothing is said of the images."""
    if not material.data.labelled:
        return []
    return [material.data.class_names[int(label)] for label in material.data.test_labels[numbers]]


def _points(material: Material, options: Options) -> dict[str, Any]:
    numbers = some_of(len(material.codes), options.points)
    codes, errors = material.codes[numbers].numpy(), material.errors[numbers]
    atlas = compact_atlas(material.data.test_images[numbers].numpy(), half=options.pictures == "half")
    places, axes, title, plane = _plane(material, codes, errors)
    units = material.units.order[: max(2, UNIT_VALUES // len(numbers))]
    low, high = codes[:, units].min(0), codes[:, units].max(0)
    steps = (codes[:, units] - low) / np.where(high > low, high - low, 1)
    labels = material.data.test_labels[numbers].numpy() if material.data.labelled else None
    base = map_data(
        PointSet(_rounded(places), labels, numbers=numbers, name="test images"),
        identity=f"{material.data.name} {len(numbers)}",
        atlas=atlas,
        class_names=material.data.class_names if material.data.labelled else (),
        axes=axes,
        projection=title,
        equal_axes=False,
        label="Map of the test images' codes",
        name_classes=True,
        height=480,
    )
    return {
        "map": {**base, "key": "codes", "selected": None},
        "atlas": encoded(np.frombuffer(atlas.message, np.uint8)),
        "plane": plane,
        "palette": list(VIRIDIS),
        "errors": encoded(_rounded(errors)),
        "error_scale": _scale("squared error per image", errors),
        "units": units.tolist(),
        "all_units": len(units) == material.run.latent_size,
        "unit_scales": [_scale(f"unit {unit}", codes[:, unit]) for unit in units],
        "low": encoded(low),
        "high": encoded(high),
        "values": encoded((255 * steps).round().astype(np.uint8).T),
    }


def _plane(
    material: Material, codes: np.ndarray, errors: np.ndarray
) -> tuple[np.ndarray, tuple[str, str], str, dict[str, Any] | None]:
    """Places on the codes' first two principal components, their axes, what a saved table says of them, and
    what leads from a code there.

    A code of one unit is a line: its map has the error upwards, and no place of it is another code's.
    """
    pca = material.code_pca
    if len(pca) < 2:
        axes = ("unit 0", "squared error per image")
        return np.stack([codes[:, 0], errors], 1), axes, "unit 0 and squared error per image", None
    shares = pca.explained_variance_ratio
    axes = (
        f"component 1 ({shares[0]:.1%} of the variance)",
        f"component 2 ({shares[1]:.1%} of the variance)",
    )
    plane = {"mean": encoded(pca.mean), "components": encoded(pca.components[:2])}
    return np.asarray(pca.transform(codes, 2)), axes, "PCA of the codes, components 1 and 2", plane


def _rounded(values: np.ndarray) -> np.ndarray:
    """Float32 to 12 significant bits, which is finer than a map's pixels and compresses to half the bytes."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4")
    return ((bits + 0x800) & 0xFFFFF000).astype("<u4").view("<f4")


def _scale(title: str, values: np.ndarray) -> dict[str, Any]:
    scale = Scale.of(title, values)
    return {"title": scale.title, "low": scale.low, "high": scale.high}


def _reconstructions(material: Material) -> Section:
    run, data, errors = material.run, material.data, material.errors
    shape = reduced(data.test_images[:1].numpy(), LARGEST).shape[1:]
    count = max(4, min(SHOWN, PIXELS // (9 * math.prod(shape))))

    def pictures(images: Any) -> Base64:
        return encoded(reduced(to_uint8(images), LARGEST))

    orders = {}
    for order in ("worst", "best", "random"):
        chosen = np.ascontiguousarray(choose_images(errors, order, count))
        images = unit_range(data.test_images[chosen])
        orders[order] = {
            "numbers": chosen.tolist(),
            "names": _class_names(material, chosen),
            "originals": pictures(images),
            "rebuilt": pictures(run.reconstruct(images)),
            "pca": pictures(material.baseline.reconstruct(images, run.latent_size)),
            "errors": [round(float(error), 2) for error in errors[chosen]],
            "pca_errors": [round(float(error), 2) for error in material.pca_errors[chosen]],
        }
    means = [float(e.mean(dtype=np.float64)) for e in (errors, material.pca_errors)]
    words = [
        f"Squared error per image, mean over {len(errors):,} test images: {means[0]:.2f} (PCA with "
        f"{run.latent_size} component{'s' * (run.latent_size != 1)}: {means[1]:.2f}); lower is better."
        + clipped_pca(run.config.model.output_activation, material.clipped),
        verdict_on(run, errors, material.pca_errors),
        extremes(errors, data.test_labels.numpy(), data.class_names),
    ]
    return Section(
        "reconstructions",
        "Reconstructions",
        "explorer/reconstructions.js",
        {"shape": list(shape), "orders": orders, "words": [word for word in words if word]},
        intro="Test images, what comes out of the network, and what PCA of as many components makes of them.",
    )


def _codes(material: Material) -> Section:
    return Section(
        "codes",
        "Codes",
        "explorer/codes.js",
        components=("code_map/map",),
        intro="Every test image as a point, placed by its code: similar codes lie together. Point at one to "
        "see it; draw around points with the lasso to see them all.",
    )


def _sliders(material: Material) -> Section:
    return Section(
        "units",
        "Unit sliders",
        "explorer/units.js",
        # The network and the images are in what all sections share.
        {"sliders": sliders_data({}, material.units, ("Mean code", material.units.mean))},
        components=("decoder/sliders", "picker/thumbnails"),
        intro=_without(material, "decoder", "sliders") or material.units.slider_words,
    )


def _interpolation(material: Material) -> Section:
    return Section(
        "interpolation",
        "Interpolation",
        "explorer/interpolation.js",
        components=("decoder/scrubber", "picker/thumbnails"),
        intro=_without(material, "decoder", "path")
        or "From one image to another through the code, beside the same way through the pixels.",
    )


def _drawing(material: Material) -> Section:
    return Section(
        "drawing",
        "Your own drawing",
        "explorer/drawing.js",
        components=("picker/draw", "code_map/map"),
        intro=_without(material, "encoder", "drawing pad")
        or _without(material, "decoder", "drawing pad")
        or "What you draw is encoded and decoded here, in the browser. It is scaled to 20 / 28 of the "
        "picture and centred by its mass, as MNIST was.",
    )


def _without(material: Material, half: str, what: str) -> str:
    problem = material.problems.get(half)
    return f"There is no {what} in this file: {problem}." if problem else ""


def _card(material: Material) -> Section:
    from aecore.export.explorer.card import card

    return Section("run", "The run", "explorer/card.js", card(material))
