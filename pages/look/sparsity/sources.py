"""The networks behind the page, and what each makes of the same test images; cached, read-only.

A column draws a `Source`: a trained network, or codes that were inferred exactly for a fixed dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from aecore import store
from aecore.analysis import comparison
from aecore.analysis.comparison import Member, UnitUse
from aecore.gallery import sparsity as gallery
from aecore.palette import L1_COLOR, L2_COLOR
from aecore.results import Figures
from pages.shared import heavy, loading

if TYPE_CHECKING:
    from torch import Tensor

IMAGES = 2000
"""Test images whose codes are drawn."""
EXACT_IMAGES = 300
"""The same where every code is searched for."""


@dataclass(frozen=True)
class Source:
    """All that one column shows."""

    name: str
    setting: str
    """The strength, or what stands in its place."""
    color: str
    figures: Figures
    further: Sequence[Figures]
    """The figures at other seeds; two sides that are compared hold the same seeds in the same order."""
    look: UnitUse
    reconstruct: Callable[[np.ndarray], np.ndarray]
    """Test images by index to their reconstructions, N x C x H x W in [0, 1]."""
    atoms: Callable[[], np.ndarray]
    """Change of the image per unit change of each unit, units x C x H x W."""

    @property
    def seeds(self) -> list[Figures]:
        """The figures of every seed, the drawn network's first."""
        return [self.figures, *self.further]


def shipped() -> list[Member]:
    """The shipped networks, empty where there are none. StoreError where they can't be read."""
    folder = store.find_figures()
    return [] if folder is None else _shipped(str(folder), store.figures_stamp(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _shipped(folder: str, stamp: int) -> list[Member]:
    return gallery.read_members(folder)


def of_networks(name: str, color: str, networks: Sequence[Member]) -> Source:
    """The column of shipped networks, one a seed: the first is drawn, the others give figures only."""
    drawn, *others = networks
    return _of_run(
        name, setting(drawn), color, drawn.key, drawn.figures, [member.figures for member in others]
    )


def of_run(name: str, color: str, key: str) -> Source:
    """The column of any run; its figures are measured the first time."""
    return _of_run(name, "", color, key, _figures(key, store.weights_stamp(key)), [])


def setting(member: Member) -> str:
    """`strength 0.003`, `threshold 1e-05`, `decay 0.1`, `k = 10`; empty where nothing makes codes sparse."""
    words = {"weight_l1": "threshold", comparison.WEIGHT_DECAY: "decay"}
    used = comparison.penalties(member.config)
    parts = [f"{words.get(name, 'strength')} {value:g}" for name, value in used.items()]
    match (model := member.config.model).code_activation:
        case "top_k":
            parts.append(f"k = {model.top_k}")
        case "soft_threshold":
            parts.append(f"threshold {model.threshold:g}")
    return " + ".join(parts)


def warm(members: Sequence[Member]) -> None:
    """Encodes the images under each network, so that a slider finds every stop ready."""
    for member in members:
        look(member.key)


def look(key: str) -> UnitUse:
    return _look(key, store.weights_stamp(key))


@st.cache_resource(max_entries=64, show_spinner="Encoding the test images")
def _look(key: str, stamp: int) -> UnitUse:
    run = store.load_run(key)
    images = loading.images_of(run).test_images[:IMAGES]
    with heavy.place():
        return comparison.unit_use(run.encode(images))


@st.cache_resource(max_entries=64, show_spinner="Finding the atoms")
def _atoms(key: str, stamp: int) -> np.ndarray:
    from aecore.analysis.units import atoms

    return atoms(loading.load_run(key), _look(key, stamp).codes.mean(0))


@st.cache_resource(max_entries=32, show_spinner="Measuring on the test images")
def _figures(key: str, stamp: int) -> Figures:
    run = loading.load_run(key)
    data = loading.images_of(run)
    made_from = loading.run_digest(run)
    return loading.keep("comparison", made_from, lambda: comparison.measure(run, data), Figures)


def pruned(key: str) -> list[float]:
    """Squared error at each of `comparison.PRUNED`."""
    return _pruned(key, store.weights_stamp(key))


@st.cache_resource(max_entries=32, show_spinner="Pruning")
def _pruned(key: str, stamp: int) -> list[float]:
    run = loading.load_run(key)
    data = loading.images_of(run)
    return loading.keep("pruned", loading.run_digest(run), lambda: comparison.pruned_errors(run, data))


def figures(key: str) -> Figures:
    """Figures of a run on all test images."""
    return _figures(key, store.weights_stamp(key))


def _of_run(
    name: str,
    setting: str,
    color: str,
    key: str,
    figures: Figures,
    further: Sequence[Figures],
) -> Source:
    stamp = store.weights_stamp(key)

    def reconstruct(index: np.ndarray) -> np.ndarray:
        run = loading.load_run(key)
        return run.reconstruct(loading.images_of(run).test_images[index]).numpy()

    return Source(name, setting, color, figures, further, look(key), reconstruct, lambda: _atoms(key, stamp))


@dataclass(frozen=True)
class Exact:
    """Codes found for the fixed dictionary of a trained network, one entry a strength."""

    strengths: tuple[float, ...]
    errors: tuple[float, ...]
    """Squared error on the test images whose codes these are."""
    validation_errors: tuple[float, ...]
    """The same on as many validation images: what the two paths are matched by."""
    codes: tuple[Any, ...]
    """Tensors N x units."""


def exact(key: str) -> tuple[Exact, Exact]:
    """Paths of exact L1 and ridge codes on that network's atoms, for the first test images."""
    return _exact(key, store.weights_stamp(key))


@st.cache_resource(max_entries=4, show_spinner="Inferring exact codes")
def _exact(key: str, stamp: int) -> tuple[Exact, Exact]:
    from aecore.analysis import dictionary_inference as inference
    from aecore.models import atoms

    run = loading.load_run(key)
    data, split = loading.images_of(run), run.config.data
    held_out = data.split(split.validation_fraction, split.split_seed)[1][:EXACT_IMAGES]
    x, unseen = (
        run.scaling.normalize(images)
        for images in (data.test_images[:EXACT_IMAGES], data.train_images[held_out])
    )
    matrix, bias = atoms(run.model), run.model.decoder[0].bias
    scale = run.scaling.std[0] ** 2

    def error(targets: Tensor, codes: Tensor) -> float:
        difference = inference.reconstruct(codes, matrix, bias) - targets.flatten(1)
        return difference.square().sum(1).mean().item() * scale

    def exact_codes(strengths: Sequence[float], infer: Callable[[Tensor, float], Tensor]) -> Exact:
        codes = tuple(infer(x, s) for s in strengths)
        return Exact(
            tuple(strengths),
            tuple(error(x, z) for z in codes),
            tuple(error(unseen, infer(unseen, s)) for s in strengths),
            codes,
        )

    return (
        exact_codes(
            [round(float(s), 3) for s in np.geomspace(0.1, 5, 8)],
            lambda images, s: inference.l1_codes(images, matrix, s, bias, tolerance=1e-4).codes,
        ),
        exact_codes(
            [round(float(s), 3) for s in np.geomspace(0.01, 20, 80)],
            lambda images, s: inference.ridge_codes(images, matrix, s, bias),
        ),
    )


def mean_image_error() -> float:
    """Squared error of the training images' mean on the images of the exact codes."""
    return _mean_image_error(gallery.BASE.data.name)


@st.cache_resource(max_entries=4, show_spinner=False)
def _mean_image_error(name: str) -> float:
    from aecore.analysis.metrics import squared_errors
    from aecore.analysis.projection import pca_baseline
    from aecore.data import unit_range

    data = loading.load_data(name)
    images = unit_range(data.test_images[:EXACT_IMAGES])
    return squared_errors(images, pca_baseline(data).reconstruct(images, 0)).mean().item()


def of_exact(key: str, l1_index: int, l2_index: int) -> tuple[Source, Source]:
    """Exact L1 codes and ridge codes, each at one of its strengths."""
    l1, ridge = exact(key)
    return (
        _of_codes("L1", L1_COLOR, key, l1, l1_index),
        _of_codes("L2", L2_COLOR, key, ridge, l2_index),
    )


def _of_codes(name: str, color: str, key: str, found: Exact, index: int) -> Source:
    from aecore.analysis.sparsity import code_sparsity

    codes = found.codes[index]
    run = loading.load_run(key)
    sparsity = vars(code_sparsity(codes))
    figures = Figures(
        **sparsity,
        squared_error=found.errors[index],
        column_norm=1.0,
        validation_squared_error=found.validation_errors[index],
    )
    return Source(
        name,
        f"strength {found.strengths[index]:g}",
        color,
        figures,
        (),
        comparison.unit_use(codes),
        lambda chosen: run.decode(codes[chosen]).numpy(),
        lambda: _atoms(key, store.weights_stamp(key)),
    )
