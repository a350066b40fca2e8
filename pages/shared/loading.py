"""Caches between the pages and `aecore`. Everything here is shared by all visitors and read-only.

Keys are small: a run's key with the time its weights were written, so that a run that is trained
further is never served stale. What takes long is also kept on disk, by the weights and images themselves, and
computed by a few visitors' threads at once. Heavy modules are imported inside, after the page has painted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from aecore import kept, store
from pages.shared import heavy

if TYPE_CHECKING:
    from torch import Tensor

    from aecore.analysis.health import Baselines, Course
    from aecore.analysis.neighbors import Neighbors
    from aecore.analysis.projection import PCA, Baseline
    from aecore.analysis.quality import Quality
    from aecore.analysis.units import Units
    from aecore.config import Config
    from aecore.data import ImageData
    from aecore.looks import LayerHistory
    from aecore.results import EpochRecord
    from aecore.store import RunInfo
    from aecore.store.run import Run

Value = TypeVar("Value")


def keep(name: str, made_from: str, compute: Callable[[], Value], *kinds: type) -> Value:
    """What `compute` gives, from disk where it was computed before; see `aecore.kept.kept_value`.

    `compute` waits for its turn (`heavy.place`), so it must ask for nothing that is cached.
    """

    def in_turn() -> Value:
        with heavy.place():
            return compute()

    return kept.kept_value(name, made_from, in_turn, *kinds)


def run_digest(run: Run, *more: object) -> str:
    """Names what is computed from this very run, its images and `more`; ValueError without the images.

    What was computed before belongs to `more` as well: its run may have been trained further meanwhile.
    """
    data = images_of(run)
    return kept.digest(run.digest, data.name, data.class_names, data.checksum, *more)


def load_run(key: str) -> Run:
    """The run or grid member of that key; StoreError in one sentence."""
    return _load_run(key, store.weights_stamp(key))


@st.cache_resource(max_entries=24, show_spinner="Loading the weights")
def _load_run(key: str, stamp: int) -> Run:
    return store.load_run(key)


@st.cache_resource(max_entries=4, show_spinner="Loading the images")
def load_data(name: str) -> ImageData:
    """The data set; DataNotFoundError where its files are not on this machine."""
    from aecore import data

    return data.load(name)


@st.cache_resource(max_entries=4, show_spinner="Building the network")
def initial_run(config: Config) -> Run:
    """The network of a config with its initial weights; ValueError where its images are not here."""
    from pathlib import Path

    from aecore.data import scaling
    from aecore.models import build
    from aecore.naming import title
    from aecore.store.run import Run

    data = load_data(config.data.name)
    model = build(config.model, data.shape, config.train.seed).eval()
    return Run(Path(), title(config), config, data.shape, scaling(config.data.normalization, data), model)


def images_of(run: Run) -> ImageData:
    """The data set that a run names; ValueError where its images are not here, or not of the run's size."""
    data = load_data(run.config.data.name)
    run.check_images(data)
    return data


@st.cache_resource(max_entries=4, show_spinner="Fitting PCA, the baseline")
def pca_baseline(name: str) -> Baseline:
    """PCA fitted on the data set's training images."""
    from aecore.analysis.projection import pca_baseline as fit

    data = load_data(name)
    with heavy.place():
        return fit(data)


def test_codes(key: str) -> Tensor:
    """Codes of all test images under a run, N x latent_size."""
    return _test_codes(key, store.weights_stamp(key))


@st.cache_resource(max_entries=12, show_spinner="Encoding the test images")
def _test_codes(key: str, stamp: int) -> Tensor:
    run = _load_run(key, stamp)
    images = images_of(run).test_images
    return keep("test-codes", run_digest(run), lambda: run.encode(images))


def test_squared_errors(key: str) -> Tensor:
    """Squared error of each test image under a run, N values."""
    return _test_squared_errors(key, store.weights_stamp(key))


@st.cache_resource(max_entries=12, show_spinner="Reconstructing the test images")
def _test_squared_errors(key: str, stamp: int) -> Tensor:
    from aecore.analysis.metrics import errors_on_test_images

    run = _load_run(key, stamp)
    data = images_of(run)
    return keep("test-errors", run_digest(run), lambda: errors_on_test_images(run, data))


def quality(key: str) -> Quality:
    """A run's further figures on the test images."""
    return _quality(key, store.weights_stamp(key))


@st.cache_resource(max_entries=64, show_spinner="Measuring further figures")
def _quality(key: str, stamp: int) -> Quality:
    from aecore.analysis.quality import Gap, Quality, measure

    run = _load_run(key, stamp)
    name = run.config.data.name
    codes, errors = _test_codes(key, stamp), _test_squared_errors(key, stamp)
    data, baseline = load_data(name), pca_baseline(name)
    made_from = run_digest(run, codes, errors)
    return keep("quality", made_from, lambda: measure(run, data, codes, errors, baseline), Quality, Gap)


@st.cache_resource(max_entries=12, show_spinner="Fitting PCA, the baseline")
def pca_squared_errors(name: str, components: int, clipped: bool = False) -> Tensor:
    """Squared error of each test image under PCA with that many components, N values.

    Clipped: of its reconstructions brought into [0, 1].
    """
    baseline, data = pca_baseline(name), load_data(name)
    made_from = kept.digest(data.checksum, components, clipped)
    return keep("pca", made_from, lambda: baseline.errors_on(data.test_images, components, clipped))


@st.cache_data(max_entries=24, show_spinner="Fitting PCA, the baseline")
def pca_validation_errors(name: str, components: int, fraction: float, seed: int) -> tuple[float, float]:
    """Mean squared error of the images held out by that split under PCA, as it is and clipped to [0, 1].

    Of the images trained on, where none are held out. PCA is fitted to all training images, held out or not.
    """
    images = load_data(name)
    train, validation = images.split(fraction, seed)
    chosen = validation if len(validation) else train
    baseline = pca_baseline(name)

    def errors() -> tuple[float, float]:
        plain, clipped = (
            float(baseline.errors_on(images.train_images, components, clipped, chosen).double().mean())
            for clipped in (False, True)
        )
        return plain, clipped

    return keep("pca-validation", kept.digest(images.checksum, components, fraction, seed), errors)


def course(info: RunInfo, history: Sequence[EpochRecord], looks: LayerHistory | None) -> Course:
    """What the health checks judge a run by; ValueError where its images are not here."""
    from aecore.analysis.health import Course
    from aecore.events import settings_at

    # Judged by what was in force in the end, where it was changed while it ran.
    config = settings_at(info.config, store.read_events(info.path))
    baselines = _baselines(info.config.data.name, info.config.model.latent_size)
    return Course(config, history, looks, baselines, store.read_failed(info.path))


@st.cache_data(max_entries=24, show_spinner="Fitting PCA, the baseline")
def _baselines(name: str, latent_size: int) -> Baselines:
    from aecore.analysis import health

    data = load_data(name)
    pca_baseline(name)  # Of these figures it is what takes long, and it is kept by itself.
    with heavy.place():
        return health.baselines(data, latent_size)


def classes_warning(name: str) -> str:
    """That the classes of training and test images differ, if they do and the images are here."""
    try:
        return load_data(name).classes_apart()
    except ValueError:
        return ""


def train_codes(key: str) -> Tensor:
    """Codes of the training images that `ImageData.known` names under a run, N x latent_size."""
    return code_neighbors(key)[1]


def code_pca(key: str) -> PCA:
    """Principal components of the codes of all test images."""
    return _code_pca(key, store.weights_stamp(key))


@st.cache_resource(max_entries=12, show_spinner=False)
def _code_pca(key: str, stamp: int) -> PCA:
    from aecore.analysis.projection import PCA, fit_pca

    codes = test_codes(key)
    return keep("code-pca", kept.digest(codes), lambda: fit_pca(codes), PCA)


def code_neighbors(key: str) -> tuple[Neighbors, Tensor, tuple[float, float]]:
    """Neighbours among these codes of training images, the codes, and the usual remoteness of test codes."""
    return _code_neighbors(key, store.weights_stamp(key))


@st.cache_resource(max_entries=6, show_spinner="Encoding the training images and measuring their distances")
def _code_neighbors(key: str, stamp: int) -> tuple[Neighbors, Tensor, tuple[float, float]]:
    from aecore.analysis.latent import known_codes, usual_band
    from aecore.analysis.neighbors import Neighbors

    run = _load_run(key, stamp)
    data, tests = images_of(run), _test_codes(key, stamp)[:1000]
    codes = keep("known-codes", run_digest(run), lambda: known_codes(run, data))
    neighbors = Neighbors(codes)

    def band() -> tuple[float, tuple[float, float]]:
        found = usual_band(neighbors, tests)
        return neighbors.typical_distance, found

    neighbors.typical_distance, usual = keep("remoteness", kept.digest(codes, tests), band)
    return neighbors, codes, usual


def units(key: str, with_data: bool = True) -> Units:
    """What each unit of a run does; without its data set, as far as the bundled digits show it."""
    return _units(key, store.weights_stamp(key), with_data)


@st.cache_resource(max_entries=12, show_spinner="Measuring what each unit does")
def _units(key: str, stamp: int, with_data: bool) -> Units:
    from aecore.analysis.units import Units, describe_units, stand_in_images

    run = _load_run(key, stamp)
    if with_data:
        tests, codes = images_of(run).test_images, _test_codes(key, stamp)
        return keep("units", run_digest(run, codes), lambda: describe_units(run, tests, codes), Units)
    images = stand_in_images(run.shape)
    with heavy.place():
        return describe_units(run, images, run.encode(images))


def browser_decoder(key: str) -> dict[str, Any]:
    """The run's decoder for a component's data; ValueError where it can't run in a browser."""
    return _browser_decoder(key, store.weights_stamp(key))


@st.cache_resource(max_entries=6, show_spinner=False)
def _browser_decoder(key: str, stamp: int) -> dict[str, Any]:
    from aecore.web.decoder.payload import decoder_data

    return decoder_data(_load_run(key, stamp))


def browser_encoder(key: str) -> dict[str, Any]:
    """The run's encoder for a component's data; ValueError where it can't run in a browser."""
    return _browser_encoder(key, store.weights_stamp(key))


@st.cache_resource(max_entries=6, show_spinner=False)
def _browser_encoder(key: str, stamp: int) -> dict[str, Any]:
    from aecore.web.decoder.payload import encoder_data

    return encoder_data(_load_run(key, stamp))
