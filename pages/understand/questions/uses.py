"""Pictures of choosing a model, and of what one can be used for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.gallery import shipped
from aecore.presets import corruption_text
from aecore.settings import member_name
from pages.components import charts
from pages.shared import images, layout, loading, trained_grids
from pages.shared.plain import plain
from pages.understand.questions import material, words
from pages.understand.questions.material import Subject

if TYPE_CHECKING:
    from torch import Tensor

IMAGES = 8
MAP_POINTS = 2000
"""Test images on the map and in the scores beside it."""


def draw_selection() -> None:
    """Every model of the grid of code sizes by error and active units, with the one proposed."""
    from aecore.analysis import grid_charts, selection
    from aecore.web.charts.payload import front_data

    info = trained_grids.find(shipped.UNITS.grid)
    if info is None:
        st.info(
            "The shipped grid of code sizes is not here; `make gallery` trains it, or New grid any other."
        )
        return
    members = selection.candidates(info.grid, info.members())
    found = selection.propose(selection.groups(members))
    if found is None or not grid_charts.front(members):
        return
    chosen, best = found.chosen.best, found.best
    # The page's own line below says how to read it.
    data = {**front_data(info.grid, members), "words": ""}
    charts.front(data, chosen.k, on_pick=lambda: None, key="questions_pareto")
    name = member_name(info.grid, chosen.k)
    is_best = found.chosen is best
    st.markdown(
        words.proposed(name, found.chosen.validation, best.validation, best.standard_error or 0.0, is_best)
    )
    st.caption(
        "Validation images choose; test images only report. Green: models that no other beats in error, "
        "active units and size at once. Ring: the proposal."
    )


@st.cache_data(max_entries=8, show_spinner="Finding each image's neighbours")
def _map(key: str, stamp: int) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """The codes' plane, the pixels' plane, and k-NN accuracy by space, of the first test images."""
    from aecore.analysis.neighbors import knn_accuracy
    from aecore.analysis.projection import fit_pca
    from aecore.data import unit_range

    run = loading.load_run(key)
    data = loading.load_data(run.config.data.name)
    codes = loading.test_codes(key)[:MAP_POINTS]
    x = unit_range(data.test_images[:MAP_POINTS])
    labels = data.test_labels[:MAP_POINTS]
    baseline = loading.pca_baseline(data.name)
    n = min(run.latent_size, len(baseline.pca))
    scores = baseline.pca.transform(x, n)
    accuracy = {
        f"{data.pixels:,} pixels": knn_accuracy(x, labels),
        f"{n} components of PCA": knn_accuracy(scores, labels),
        f"{run.latent_size} units of the code": knn_accuracy(codes, labels),
    }
    plane = np.asarray(fit_pca(codes).transform(codes, min(2, run.latent_size)))
    if plane.shape[1] == 1:
        plane = np.column_stack([plane, np.zeros(len(plane))])
    return plane, np.asarray(baseline.pca.transform(x, 2)), accuracy


def _stamp(found: Subject) -> int:
    from aecore import store

    return store.weights_stamp(found.key)


def draw_dimensions() -> None:
    """Two planes, and how well each space keeps classes together."""
    from aecore.figures.questions import class_map

    if (found := material.require_subject()) is None:
        return
    codes, pixels, accuracy = _map(found.key, _stamp(found))
    classes = found.data.known_classes or ("all images",)
    names = [classes[c] for c in found.data.test_labels[: len(codes)]]
    left, right = st.columns(2, gap="large")
    with left:
        chart = class_map(codes, names, "first component of the codes", "second")
        st.altair_chart(
            chart, key="questions_map_codes", alt="Codes on their first two principal components, by class"
        )
    with right:
        chart = class_map(pixels, names, "first component of the pixels", "second")
        st.altair_chart(
            chart, key="questions_map_pixels", alt="Pixels on their first two principal components, by class"
        )
    if found.data.labelled:
        st.markdown(words.neighbours(accuracy, len(codes)))
    else:
        st.info(
            "These images are of one class, or of none that is known: how well a space keeps classes "
            "together can't be asked of them."
        )
    material.made_from(
        found, f"{len(codes):,} images, leave-one-out; the maps show two of each space's directions."
    )


def draw_denoising() -> None:
    """Noisy images, and what the plain network and PCA make of them."""
    from aecore.analysis.denoising import gain
    from aecore.analysis.probe import probe_index
    from aecore.analysis.uses import denoise, with_gaussian_noise
    from aecore.data import unit_range

    if (found := material.require_subject()) is None:
        return
    std = st.slider(
        "Noise, standard deviation", 0.05, 1.0, 0.4, 0.05, key="questions_noise", bind="query-params"
    )
    run, data = found.run, found.data
    baseline = loading.pca_baseline(data.name)

    def pca(x: Tensor) -> Tensor:
        return baseline.reconstruct(x, run.latent_size)

    x = unit_range(data.test_images[probe_index(data, IMAGES)])
    noisy = with_gaussian_noise(x, std)
    rows = {
        "clean": x,
        "noisy": noisy,
        "network": run.reconstruct(noisy),
        f"PCA, {run.latent_size}": pca(noisy),
    }
    images.draw_rows(rows, 72)
    sample = unit_range(data.test_images[:1000])
    shown = corruption_text(run.config.train)
    seen = with_gaussian_noise(sample, std)
    nearer = gain(sample, run.reconstruct(seen), seen)
    st.markdown(words.denoised(denoise(sample, std, run.reconstruct, pca), nearer, shown))
    material.made_from(
        found,
        f"PSNR to the clean image over {len(sample):,} images. The network was trained on "
        f"{f'images with {shown}' if shown else 'clean images'}.",
    )


COUNTS = (1, 3, 10, 30, 100)
"""Labels a class."""
TRAINING, TESTING = 5000, 1000
"""Images that labels are drawn among, and images that are classified."""


@st.cache_data(max_entries=8, show_spinner="Classifying with few labels")
def _accuracy(key: str, stamp: int) -> tuple[list[int], dict[str, list[tuple[float, float, float]]]]:
    """The counts that there are labels for; by kind of features, mean, lowest and highest share at each."""
    from dataclasses import replace

    from aecore.analysis import features
    from aecore.data import unit_range

    run = loading.load_run(key)
    data = loading.load_data(run.config.data.name)
    config = run.config.data
    split = features.split_images(data, config.validation_fraction, config.split_seed, TRAINING)
    split = replace(split, test=split.test[:TESTING])
    task = features.task_of(data, split, counts=COUNTS)
    pca = loading.pca_baseline(data.name).pca
    n = min(run.latent_size, len(pca))
    kinds = {
        "code": run.encode,
        "PCA": lambda images: pca.transform(unit_range(images), n),
        "pixels": unit_range,
    }
    found = {}
    for name, transform in kinds.items():
        made = features.features_of(transform, data, split)
        shares = [(features.by_nearest(made, task, count) == task.test).mean(1) for count in task.drawn]
        found[name] = [(float(s.mean()), float(s.min()), float(s.max())) for s in shares]
    return list(task.drawn), found


def draw_features() -> None:
    """Accuracy of the nearest labelled images by the number of labels."""
    from aecore.figures.questions import lines

    if (found := material.require_subject()) is None:
        return
    try:
        counts, accuracy = _accuracy(found.key, _stamp(found))
    except ValueError as error:
        st.info(f"There is no picture: {plain(error)}.")
        return
    rows = [
        {"x": count, "y": mean, "low": low, "high": high, "series": name}
        for name, scores in accuracy.items()
        for count, (mean, low, high) in zip(counts, scores, strict=True)
    ]
    chart = lines(rows, "labels a class", "share of test images named rightly", log_x=True, ticks=counts)
    st.altair_chart(
        chart, key="questions_labels", alt="Share of test images named rightly against labels a class"
    )
    if counts:
        st.markdown(words.few_labels(counts, accuracy))
    material.made_from(
        found,
        f"{TESTING:,} of them at most, each given the commonest class among its 5 nearest labelled images; "
        "band: lowest to highest of ten draws of those.",
    )


SAMPLES = 24
COMPARED = 200
"""Test images whose distance to training images stands beside that of samples."""


@st.cache_data(max_entries=16, show_spinner="Drawing samples")
def _samples(key: str, stamp: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Decoded samples, PCA's, and medians: how far samples, tests and reconstructions are from training."""
    from aecore.analysis.latent import nearest_images
    from aecore.analysis.sampling import codes_of, gaussian
    from aecore.data import unit_range

    run = loading.load_run(key)
    data = loading.load_data(run.config.data.name)
    made = run.decode(gaussian(codes_of(run, data.train_images[:TRAINING])).draw(SAMPLES, seed))
    pca = loading.pca_baseline(data.name).pca
    scores = pca.transform(unit_range(data.train_images[:TRAINING]), min(run.latent_size, len(pca)))
    linear = pca.inverse(gaussian(scores).draw(SAMPLES, seed)).reshape(-1, *data.shape)
    real = unit_range(data.test_images[:COMPARED])
    compared = (made, real, run.reconstruct(real))
    distances = [float(np.median(nearest_images(x, data.train_images, data.known)[0])) for x in compared]
    return made.numpy(), linear.numpy(), distances


def draw_generation() -> None:
    """Samples from a Gaussian fitted to the codes, decoded, and the same with PCA."""
    from aecore.figures.generation import copying

    if (found := material.require_subject()) is None:
        return
    seed = st.number_input("Draw", 0, 9999, 0, key="questions_draw", bind="query-params", width=160)
    made, linear, distances = _samples(found.key, _stamp(found), seed)
    for place, name, pictures in zip(
        st.columns(2, gap="large"), ("network", f"PCA, {found.run.latent_size}"), (made, linear), strict=True
    ):
        place.caption(f"{SAMPLES} samples, {name}")
        place.html(images.tag(images.mosaic(pictures, 6), "100%", f"samples, {name}"))
    st.markdown(copying(*distances))
    layout.draw_known_note(loading.load_data(found.run.config.data.name))
    material.made_from(
        found,
        "Codes drawn from the Gaussian with the mean and covariance of training codes. The Generation page "
        "draws them in other ways too, scores them, and shows variational networks, whose loss asks for "
        "codes like those of N(0, I).",
    )
