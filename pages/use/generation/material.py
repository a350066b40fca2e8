"""What the page measures of a run: codes, samplers, samples, scores. Shared by all visitors, read-only."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import kept, store
from pages.shared import heavy, loading
from pages.shared.plain import plain

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.generation import Reference, Score
    from aecore.analysis.neighbors import Neighbors
    from aecore.analysis.sampling import Sampler
    from aecore.data import ImageData
    from aecore.store.run import Run

DRAWS = 5
"""Draws that each sampler is scored on."""
COMPARED = 200
"""Test images beside which samples' distances to training images are seen."""


@dataclass(frozen=True)
class Subject:
    """The run that the page is about, with its images."""

    key: str
    run: Run
    data: ImageData

    @property
    def stamp(self) -> int:
        return store.weights_stamp(self.key)


def codes(subject: Subject) -> Tensor:
    """Training codes that samplers are fitted to."""
    return _codes(subject.key, subject.stamp)


@st.cache_resource(max_entries=6, show_spinner="Encoding training images")
def _codes(key: str, stamp: int) -> Tensor:
    from aecore.analysis.sampling import training_codes

    run = loading.load_run(key)
    data = loading.images_of(run)
    return loading.keep("sampled-codes", loading.run_digest(run), lambda: training_codes(run, data))


def samplers(subject: Subject) -> dict[str, Sampler]:
    """Each sampler by its name, fitted to this run's training codes."""
    return samplers_of(subject.key, subject.stamp)


@st.cache_resource(max_entries=12, show_spinner="Fitting a Gaussian and a mixture to the codes")
def samplers_of(key: str, stamp: int) -> dict[str, Sampler]:
    from aecore.analysis.sampling import SAMPLERS, Sampler

    codes = _codes(key, stamp)
    return loading.keep(
        "samplers",
        kept.digest(codes),
        lambda: {name: fit(codes) for name, fit in SAMPLERS.items()},
        Sampler,
    )


@dataclass(frozen=True)
class Sheet:
    """Samples with the training image nearest to each in pixels."""

    samples: np.ndarray
    """float32, N x C x H x W."""
    nearest: np.ndarray
    """uint8, N x C x H x W."""
    distances: np.ndarray
    """Squared error between the two, N."""


@st.cache_data(max_entries=64, show_spinner="Drawing samples")
def sheet(key: str, stamp: int, name: str, count: int, draw: int, temperature: float) -> Sheet:
    """The first `count` samples of a draw by the sampler of that name."""
    from aecore.analysis.latent import nearest_images

    run = loading.load_run(key)
    data = loading.images_of(run)
    sampler = samplers_of(key, stamp)[name]

    def made() -> Sheet:
        samples = run.decode(sampler.draw(count, draw, temperature)).clamp(0, 1)
        distances, numbers = nearest_images(samples, data.train_images, data.known)
        return Sheet(samples.numpy(), data.train_images[numbers].numpy(), distances)

    made_from = loading.run_digest(run, sampler.digest, count, draw, temperature)
    return loading.keep("sheet", made_from, made, Sheet)


@st.cache_data(max_entries=24, show_spinner="Finding test images' nearest training images")
def usual_distances(key: str, stamp: int) -> tuple[float, float]:
    """Median squared error to the nearest training image: of test images, and of their reconstructions."""
    from aecore.analysis.latent import nearest_images
    from aecore.data import unit_range

    run = loading.load_run(key)
    data = loading.images_of(run)

    def medians() -> tuple[float, float]:
        tests = unit_range(data.test_images[:COMPARED])
        compared = (tests, run.reconstruct(tests).clamp(0, 1))
        both = (nearest_images(x, data.train_images, data.known)[0] for x in compared)
        real, rebuilt = (float(np.median(distances)) for distances in both)
        return real, rebuilt

    return loading.keep("usual-distances", loading.run_digest(run), medians)


class References:
    """What scores are taken against and each classifier's accuracy, by the images' name and check sum."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], tuple[Reference, float]] = {}
        self.being_made = threading.Lock()
        """Held by the one visitor's thread that makes a reference; the others wait for it."""


@st.cache_resource
def _references() -> References:
    return References()


def reference(data: ImageData) -> tuple[Reference, float] | None:
    """What scores of these images are taken against, and the classifier's accuracy on test images.

    Where there is none yet a bar shows its training; where there can't be one, says why and gives None.
    """
    made, name = _references(), (data.name, data.checksum)
    if name not in made.known:
        with st.spinner("A small classifier, in whose features samples are scored"), made.being_made:
            if name not in made.known and (found := _new_reference(data)) is not None:
                made.known[name] = found
    return made.known.get(name)


def _new_reference(data: ImageData) -> tuple[Reference, float] | None:
    """What `reference` gives, made."""
    from aecore.analysis import generation
    from aecore.gallery.classifiers import classifier_of

    bar, told = st.progress(0.0, "A small classifier, in whose features samples are scored"), 0

    def tell(part: float) -> None:
        nonlocal told
        # The browser needs no more than each hundredth.
        if int(100 * part) > told:
            told = int(100 * part)
            bar.progress(part, "Training a small classifier, in whose features samples are scored")

    try:
        with heavy.place():
            found = classifier_of(data, tell)
        measured = loading.keep(
            "reference",
            kept.digest(data.checksum, found.digest),
            lambda: generation.measure(data, found.features),
            *(generation.Measured, generation.Moments, generation.Score),
        )
        return generation.Reference(measured, found.features), found.record.accuracy
    except ValueError as error:
        st.info(f"Samples of these images are not scored: {plain(error)}.")
        return None
    finally:
        bar.empty()


def scores(subject: Subject, against: Reference, temperature: float) -> dict[str, list[Score]]:
    """The scores of each sampler's draws, under a bar while they are taken."""
    names = list(samplers(subject))
    bar, found = st.progress(0.0, "Scoring samples"), {name: [] for name in names}
    for place in range(DRAWS * len(names)):
        name = names[place % len(names)]
        draw = place // len(names)
        found[name].append(_score(subject.key, subject.stamp, name, draw, temperature, against))
        bar.progress((place + 1) / (DRAWS * len(names)), "Scoring samples")
    bar.empty()
    return found


@st.cache_data(max_entries=1000, show_spinner=False)
def _score(key: str, stamp: int, name: str, draw: int, temperature: float, _against: Reference) -> Score:
    from aecore.analysis.generation import Score

    sampler, run = samplers_of(key, stamp)[name], loading.load_run(key)
    return loading.keep(
        "score",
        loading.run_digest(run, sampler.digest, draw, temperature, _against.digest),
        lambda: _against.score(run.decode(sampler.draw(_against.count, draw, temperature))),
        Score,
    )


@st.cache_resource(max_entries=6, show_spinner="Measuring distances between codes")
def surroundings(key: str, stamp: int) -> tuple[Neighbors, float]:
    """Neighbours among the training codes, and the remoteness that 95 % of test images' codes stay within."""
    from aecore.analysis.latent import usual_band
    from aecore.analysis.neighbors import Neighbors
    from aecore.analysis.sampling import codes_of

    run = loading.load_run(key)
    neighbors = Neighbors(_codes(key, stamp))
    tests = loading.images_of(run).test_images[:1000]
    return neighbors, usual_band(neighbors, codes_of(run, tests))[1]
