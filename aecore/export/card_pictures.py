"""The pictures of a model card, as PNG files."""

from __future__ import annotations

import io
from typing import Any

import altair as alt
import numpy as np
import vl_convert
from PIL import Image, ImageDraw, ImageFont

from aecore.analysis.projection import fit_pca, pca_baseline
from aecore.data import ImageData, classes_in_turn, to_uint8, unit_range
from aecore.figures.tables import table
from aecore.figures.training import error_curve
from aecore.palette import CLASS_COLORS
from aecore.store.run import Run

SHOWN = 12
"""Images in a row of reconstructions."""
SIDE = 64
"""Pixels of an image's side in the picture, at least."""
MAPPED = 2_000
"""Codes in the map."""
NAMED = 20
"""Classes that a legend names at most."""
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
    height, width = images.shape[2:]
    times = max(1, -(-SIDE // height))
    high, wide, left, gap = height * times, width * times, 92, 4
    size = (left + (wide + gap) * len(chosen), (high + gap) * len(rows) + gap)
    picture = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for i, (name, row) in enumerate(rows.items()):
        top = gap + i * (high + gap)
        pen.text((left - 10, top + high // 2), name, "#23272e", font, anchor="rm")
        for j, image in enumerate(to_uint8(row)):
            rgb = np.repeat(image, 3, axis=0) if len(image) == 1 else image
            enlarged = rgb.transpose(1, 2, 0).repeat(times, axis=0).repeat(times, axis=1)
            picture.paste(Image.fromarray(enlarged), (left + j * (wide + gap), top))
    return _png(picture)


def code_map(run: Run, data: ImageData) -> bytes:
    """The first test images' codes, by their two units or by their first two principal components."""
    codes = run.encode(data.test_images[:MAPPED]).numpy()
    titles = ["unit 0", "unit 1"]
    if run.latent_size > 2:
        titles = [f"{which} principal component of the codes" for which in ("first", "second")]
        codes = np.asarray(fit_pca(codes).transform(codes, 2))
    names = [data.class_names[i] for i in data.test_labels[:MAPPED].tolist()]
    chart = (
        alt.Chart(table(x=codes[:, 0], y=codes[:, 1], name=names))
        .mark_circle(size=14, opacity=0.7)
        .encode(
            x=alt.X("x:Q", title=titles[0], axis=alt.Axis(grid=False)),
            y=alt.Y("y:Q", title=titles[1], axis=alt.Axis(grid=False)),
        )
        .properties(width=420, height=420)
    )
    if data.labelled:
        shown = list(data.class_names)
        colors = alt.Scale(
            domain=shown, range=[CLASS_COLORS[i % len(CLASS_COLORS)] for i in range(len(shown))]
        )
        legend = alt.Legend(title=None, symbolLimit=0) if len(shown) <= NAMED else None
        chart = chart.encode(color=alt.Color("name:N", scale=colors, legend=legend))
    return _chart_png(chart)


def curve(run: Run) -> bytes:
    """Squared error per image after each epoch, PCA's beside it."""
    pca = run.result.test.pca_squared_error if run.result else None
    chart = error_curve(run.history, run.history[-1].epoch, pca, height=240)
    return _chart_png(chart.properties(width=480))


def _chart_png(chart: Any) -> bytes:
    return vl_convert.vegalite_to_png(chart.to_json(), scale=SCALE)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
