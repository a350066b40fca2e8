"""What the Reconstructions page draws: the images with their reconstructions, and the errors in figures."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.look.reconstructions.beside import Beside
from pages.shared import images, layout, loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from aecore.data import ImageData
    from aecore.store.run import Run

SIDE = 56
"""Pixels of the screen for the side of an image, rounded so that image pixels stay whole."""


@dataclass(frozen=True)
class Tested:
    """A run on the test images, and PCA with as many components."""

    run: Run
    data: ImageData
    errors: np.ndarray
    """Squared error of each test image, and PCA's below."""
    pca_errors: np.ndarray
    labels: np.ndarray


def draw_pictures(
    tested: Tested, indices: np.ndarray, with_pca: bool, limit: float, beside: Beside | None = None
) -> None:
    """One figure an image: original, reconstruction, difference; below them the other run's and PCA's."""
    from aecore.data import unit_range

    run, data = tested.run, tested.data
    x = unit_range(data.test_images[indices])
    rows = {"network": (x_hat := run.reconstruct(x), x_hat - x, tested.errors)}
    if beside is not None:
        rows["other run"] = (other := beside.run.reconstruct(x), other - x, beside.errors)
    if with_pca:
        linear = loading.pca_baseline(data.name).reconstruct(x, run.latent_size)
        rows["PCA"] = (linear, linear - x, tested.pca_errors)
    side = max(round(SIDE / x.shape[-1]), 1) * x.shape[-1]
    cells = []
    for i, index in enumerate(indices):
        name = data.known_classes[tested.labels[index]] if data.known_classes else f"image {index}"
        parts = []
        for who, (rebuilt, difference, error) in rows.items():
            first = images.tag(images.to_rgb(x[i]), side, f"test image {index}, {name}")
            parts += [
                first
                if who == "network"
                else f'<span style="align-self:center;text-align:right">{who}</span>',
                images.tag(images.to_rgb(rebuilt[i]), side, f"reconstruction by {who}"),
                _framed(images.tag(images.difference_rgb(difference[i], limit), side, f"difference, {who}")),
                f'<span style="grid-column:1/4;text-align:center">'
                f"{_caption(name, who, error[index], index)}</span>",
            ]
        cells.append(
            f'<figure data-open="{index}" style="margin:0;cursor:pointer;display:grid;gap:2px;'
            f"grid-template-columns:repeat(3,{side}px);"
            f'font-size:0.8rem;line-height:1.3">{"".join(parts)}</figure>'
        )
    st.html(
        f'<div data-pictures="{len(cells)}" style="display:grid;justify-content:space-between;gap:12px 14px;'
        f'grid-template-columns:repeat(auto-fill,{3 * side + 4}px)">{"".join(cells)}</div>'
    )


def _framed(picture: str) -> str:
    """A hairline around a picture whose edge is white, as zero difference is."""
    return f'<span style="line-height:0;box-shadow:0 0 0 1px rgba(128,128,128,0.25)">{picture}</span>'


def _caption(name: str, who: str, error: float, index: int) -> str:
    subject = f"<b>{html.escape(name)}</b> · " if who == "network" else f"{who} · "
    text = f'{subject}<span style="font-variant-numeric:tabular-nums">{error:.1f}</span>'
    if who != "network":
        return text
    # The whole figure can be clicked; this is its place for the keyboard.
    return (
        f'{text} <button type="button" aria-haspopup="dialog" aria-label="Open test image {index}" '
        f'title="Larger, with the ways to go on with it" style="{_OPEN}">⋯</button>'
    )


_OPEN = (
    "font:inherit;color:inherit;background:none;border:1px solid rgba(128,128,128,0.4);border-radius:4px;"
    "padding:0 6px;line-height:1.2;cursor:pointer"
)


def difference_limit(run: Run, data: ImageData, sample: int = 256) -> float:
    """Where the difference palette ends: near the largest difference of some test images, in tenths."""
    from aecore.data import unit_range

    x = unit_range(data.test_images[:sample])
    largest = float(np.quantile(np.abs((run.reconstruct(x) - x).numpy()), 0.999))
    return max(np.ceil(largest * 10) / 10, 0.1)


def draw_legend(limit: float) -> None:
    """What the three pictures are, and the range of the difference palette."""
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;font-size:0.8rem">'
        "<span>Original, reconstruction, difference: too dark "
        f'−{limit:.1f}</span><span style="width:110px;height:10px;border-radius:3px;'
        'background:linear-gradient(90deg,rgb(33,102,172),#fff,rgb(178,24,43))"></span>'
        f"<span>+{limit:.1f} too bright. Below: class · squared error.</span></div>"
    )


def _variational_words(run: Run) -> str:
    """Of which code a variational network's pictures are, and its bound beside their error."""
    if not run.config.model.variational:
        return ""
    text = " The pictures and errors of this variational network are those of its mean codes"
    if run.config.train.binarize:
        text += "; it was trained on binarized images, and is shown these grey ones"
    bound = run.result.test.bound if run.result else None
    if bound is None:
        return f"{text}."
    return f"{text}. Over all test images: {bound}; a higher ELBO is better."


def draw_numbers(tested: Tested, pool: np.ndarray, shown: np.ndarray, about: str) -> None:
    """The figures beside PCA's, the spread of the errors, and what they mean."""
    from aecore.analysis.errors import clipped_pca, extremes, verdict_on
    from aecore.figures.errors import error_histogram
    from aecore.results import Score

    run, data, errors, pca_errors = tested.run, tested.data, tested.errors, tested.pca_errors
    clipped = loading.pca_squared_errors(data.name, run.latent_size, clipped=True).numpy()
    means = [float(e[pool].mean(dtype=np.float64)) for e in (errors, pca_errors)]
    mine, pca = (Score(mean, mean / data.pixels) for mean in means)
    n = run.latent_size
    st.metric(
        "Squared error per image",
        f"{mine.squared_error:.2f}",
        f"{mine.squared_error - pca.squared_error:+.2f} against PCA's {pca.squared_error:.2f}",
        delta_color="inverse",
        help="Sum over pixels of the squared difference, mean over images, pixels in [0, 1]. "
        f"PCA with {n} components is what the best linear code of this size reaches.",
    )
    st.caption(
        f"Mean over {plain(about)}; lower is better. "
        f"Mean squared error of a pixel: {mine.mse:.4f} (PCA {pca.mse:.4f}). "
        f"PSNR, higher is better: {mine.psnr:.1f} dB (PCA {pca.psnr:.1f})."
        + clipped_pca(run.config.model.output_activation, float(clipped[pool].mean(dtype=np.float64)))
        + _variational_words(run)
    )
    layout.draw_classes_warning(data.name)
    sentence = verdict_on(run, errors[pool], pca_errors[pool])
    names = [plain(name) for name in data.class_names]
    st.markdown(f"{sentence} {extremes(errors[pool], tested.labels[pool], names)}")
    chart = error_histogram(errors[pool], errors[shown], pca.squared_error)
    layout.draw_chart(
        chart, key="reconstructions_errors", alt="Histogram of the squared error per test image"
    )
    st.caption(f"Ticks at the foot: the {len(shown)} images shown.")
