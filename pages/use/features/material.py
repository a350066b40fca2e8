"""Which features of which images are measured, and what has been found: shared by all visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore import store
from pages.shared import background, loading

if TYPE_CHECKING:
    from aecore.analysis.features import Agreement, Answers, Part, Split, Task
    from aecore.analysis.finetuning import Taught
    from aecore.data import ImageData
    from aecore.store.run import Run

POOL = 10_000
"""Training images at most whose labels are used."""
KEPT = 40
"""Kinds of features whose figures are remembered."""


@dataclass(frozen=True)
class Subject:
    """A run with the task that its features are measured by."""

    key: str
    run: Run
    data: ImageData
    split: Split
    task: Task

    @property
    def images(self) -> str:
        """Names the images and labels that the figures depend on."""
        config = self.run.config.data
        return f"{self.data.name}-{config.validation_fraction:g}-{config.split_seed}"


@dataclass(frozen=True)
class Kind:
    """Features of one kind."""

    name: str
    """`code`, `PCA` or `pixels`; another network's code by what that was trained on."""
    identity: str
    """Differs where the features of an image may."""
    transform: Callable[[Any], Any]
    """Images uint8 N x C x H x W to N x D, or to images."""


def subject_of(key: str, run: Run, data: ImageData) -> Subject:
    """ValueError in one sentence where the images have no classes to tell apart."""
    config = run.config.data
    return Subject(key, run, data, *_task(data.name, config.validation_fraction, config.split_seed))


@st.cache_resource(max_entries=12, show_spinner=False)
def _task(name: str, fraction: float, seed: int) -> tuple[Split, Task]:
    from aecore.analysis import features

    data = loading.load_data(name)
    split = features.split_images(data, fraction, seed, POOL)
    return split, features.task_of(data, split)


def code(subject: Subject) -> Kind:
    """The run's own code."""
    return Kind("code", f"code-{subject.key}-{store.weights_stamp(subject.key)}", subject.run.encode)


def code_of(key: str, name: str) -> Kind:
    """Another run's code under a name."""
    return Kind(name, f"code-{key}-{store.weights_stamp(key)}", loading.load_run(key).encode)


def pixels() -> Kind:
    from aecore.data import unit_range

    return Kind("pixels", "pixels", unit_range)


def pca(subject: Subject) -> Kind:
    """As many components as the code has units, or all where there are fewer."""
    from aecore.data import unit_range

    fitted = loading.pca_baseline(subject.data.name).pca
    size = min(subject.run.latent_size, len(fitted))
    return Kind("PCA", f"pca-{size}", lambda images: fitted.transform(unit_range(images), size))


Found = dict["Part", "Answers | Agreement"]


@st.cache_resource(show_spinner=False)
def _found() -> dict[str, Found]:
    return {}


@st.cache_resource(show_spinner=False)
def _taught() -> dict[str, list[Taught]]:
    return {}


def found(subject: Subject, kind: Kind) -> Found:
    """What has been measured of a kind so far."""
    # A copy, because a thread may be adding to it.
    return dict(_of_kind(subject, kind))


def taught(subject: Subject) -> list[Taught]:
    """What fine-tuning has come to so far."""
    return list(_of_network(subject))


def _of_kind(subject: Subject, kind: Kind) -> Found:
    return _remembered(_found(), f"{subject.images}-{kind.identity}", {})


def _of_network(subject: Subject) -> list[Taught]:
    return _remembered(_taught(), f"{subject.images}-{code(subject).identity}", [])


def _remembered(known: dict[str, Any], name: str, empty: Any) -> Any:
    for old in list(known)[: max(0, len(known) - KEPT)]:
        known.pop(old, None)
    return known.setdefault(name, empty)


def missing(subject: Subject, kinds: Sequence[Kind]) -> list[tuple[Kind, Part]]:
    """What is not measured yet, in the order in which it is to be."""
    from aecore.analysis import features

    return [
        (kind, part)
        for part in features.parts(subject.task)
        for kind in kinds
        if part not in found(subject, kind)
    ]


def measuring(subject: Subject) -> str:
    """Name of the work that measures the run's features."""
    return f"features-{subject.images}-{code(subject).identity}"


def measure(subject: Subject, kinds: Sequence[Kind]) -> None:
    """Starts to measure what is missing; for callbacks."""
    wanted = [(kind, part, _of_kind(subject, kind)) for kind, part in missing(subject, kinds)]

    def steps() -> Iterator[None]:
        from aecore.analysis import features

        held = {}
        for kind, part, results in wanted:
            if kind.name not in held:
                held[kind.name] = features.features_of(kind.transform, subject.data, subject.split)
            results[part] = features.measure(held[kind.name], subject.task, part)
            yield

    background.begin(
        measuring(subject), lambda: background.Steps(len(wanted), steps, "The features can't be measured")
    )


def teaching(subject: Subject) -> str:
    """Name of the work that fine-tunes the run's network."""
    return f"teach-{subject.images}-{code(subject).identity}"


def teach(subject: Subject) -> None:
    """Starts to teach what has not been taught yet; for callbacks."""
    from aecore.analysis import finetuning

    results = _of_network(subject)
    done = {one.count for one in results if one.way == finetuning.WAYS[-1]}
    counts = [count for count in finetuning.COUNTS if count not in done]
    # A count of which only one way is there is taught again, as a whole.
    results[:] = [one for one in results if one.count in done]

    def steps() -> Iterator[None]:
        for one in finetuning.fine_tuning(subject.run, subject.data, subject.split, subject.task, counts):
            if one is not None:
                results.append(one)
            yield

    background.begin(
        teaching(subject),
        lambda: background.Steps(
            finetuning.steps(subject.task, counts), steps, "The network can't be taught further"
        ),
    )
