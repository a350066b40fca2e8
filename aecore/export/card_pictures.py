"""The pictures of a model card, as PNG files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import vl_convert
from PIL import Image

from aecore.analysis.projection import fit_pca, pca_baseline
from aecore.data import ImageData, classes_in_turn, unit_range
from aecore.figures.codes import code_plane
from aecore.figures.pictures import picture
from aecore.figures.training import error_curve
from aecore.store.run import Run

SHOWN = 12
"""Images in a row of reconstructions."""
MAPPED = 2_000
"""Codes in the map."""
SCALE = 2.0
"""Pixels of a chart's file for each of the chart's own."""


def draw(run: Run, data: ImageData | None) -> dict[str, bytes]:
    """The pictures there can be of the run, by the names of their files."""
    found = {}
    if data is not None:
        found["reconstructions.png"] = reconstructions(run, data)
        if run.latent_size > 1:
            found["map.png"] = code_map(run, data)
    if run.history:
        found["curve.png"] = curve(run)
    return found


def reconstructions(run: Run, data: ImageData) -> bytes:
    """Test images, of every class in turn, above what the network and PCA make of them."""
    chosen = classes_in_turn(data.test_labels, SHOWN, seed=0)
    images = unit_range(data.test_images[chosen])
    pca = pca_baseline(data).reconstruct(images, run.latent_size)
    rows = {
        "original": images,
        "network": run.reconstruct(images),
        f"PCA, {run.latent_size}": pca,
    }
    return _png(picture(rows))


def code_map(run: Run, data: ImageData) -> bytes:
    """The first test images' codes, by their two units or by their first two principal components."""
    codes = run.encode(data.test_images[:MAPPED]).numpy()
    titles = ["unit 0", "unit 1"]
    if run.latent_size > 2:
        titles = [f"{which} principal component of the codes" for which in ("first", "second")]
        codes = np.asarray(fit_pca(codes).transform(codes, 2))
    chart = code_plane(codes[:, :2], data.test_labels[:MAPPED].numpy(), data.class_names, titles)
    return _chart_png(chart)


def curve(run: Run) -> bytes:
    """Squared error per image after each epoch, PCA's beside it."""
    pca = run.result.test.pca_squared_error if run.result else None
    chart = error_curve(run.history, run.history[-1].epoch, pca, height=240)
    return _chart_png(chart.properties(width=480))


def _chart_png(chart: Any) -> bytes:
    return vl_convert.vegalite_to_png(chart.to_json(), scale=SCALE)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
