"""How far features tell classes: codes, components of PCA or pixels, asked in the same way.

The classifiers are plain ones, so that what they reach is the features' merit: a linear probe (Alain & Bengio
2016; Coates, Ng & Lee 2011 compare features so), the nearest labelled neighbours, and k-means, which sees
no label at all. With few labels much depends on which: they are drawn several times, and every kind of
features sees the same draws. Whatever is chosen is chosen on validation images; a test image is asked once,
in the end.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from aecore.analysis.neighbors import as_points, knn_predict
from aecore.data import ImageData

COUNTS = (1, 2, 5, 10, 100)
"""Labels a class."""
DRAWS = 10
NEIGHBORS = 5
STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Of the probe's penalty, strongest first: mean cross-entropy + strength / 2 * sum of squared weights."""
CHOSEN_ON = 10_000
"""Labelled images at most with which the strength is chosen, where there are more to learn from."""
STARTS = 10
CLUSTERED = 10_000
"""Training images at most that k-means is fitted to."""
TESTED = 10_000
"""Test images at most that are asked."""
MOST_VALUES = 1 << 26
"""Values at most of the images of one part, of which all are held as floats: of 64 x 64 pixels in colour
5,461 images."""
HELD_OUT = 1 / 12
"""Share of the training images that choose, for a run that held none out."""


@dataclass(frozen=True)
class Split:
    """Which images have which part, as numbers in the data set's training or test images."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_images(data: ImageData, fraction: float, seed: int, most: int | None = None) -> Split:
    """The run's own split of its data set; of the training part `most` images drawn with seed 0, and of each
    part no more than fit in memory as floats.

    Where nothing was held out, `HELD_OUT` of the training images is: a network has seen those, but no label.
    """
    train, validation = (part.numpy() for part in data.split(fraction or HELD_OUT, seed))
    fit = max(1, MOST_VALUES // data.pixels)
    train = _fewer(train, min(fit, len(train) if most is None else most))
    return Split(train, _fewer(validation, fit), np.arange(min(len(data.test_images), TESTED, fit)))


def _fewer(numbers: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the numbers, drawn with seed 0."""
    if len(numbers) <= most:
        return numbers
    return np.sort(np.random.default_rng(0).choice(numbers, most, replace=False))


@dataclass(frozen=True)
class Features:
    """One kind of features of a split's images: float32 N x D, V x D and M x D."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def features_of(
    transform: Callable[[torch.Tensor], np.ndarray | torch.Tensor], data: ImageData, split: Split
) -> Features:
    """What `transform` makes of the images, uint8 N x C x H x W to N x D, or to images, which are flattened.

    All are centred and divided by one number, so that a training image's squared length is 1 on average and
    a strength of the probe means the same for all kinds. One number and not one for each column: how much a
    unit or a pixel varies is part of what the features are.
    """
    train = as_points(transform(data.train_images[split.train]))
    mean = train.mean(0, dtype=np.float64).astype(np.float32)
    scale = math.sqrt(np.square(train - mean, dtype=np.float64).sum(1).mean()) or 1.0
    others = (data.train_images[split.validation], data.test_images[split.test])
    parts = [train, *(as_points(transform(part)) for part in others)]
    return Features(*(((part - mean) / scale).astype(np.float32) for part in parts))


@dataclass(frozen=True)
class Task:
    """The labels of a split's images, and which of the training ones are known: the same for all features."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    drawn: Mapping[int, np.ndarray]
    """By labels a class: draws x n, places among the training images."""

    @property
    def classes(self) -> np.ndarray:
        """Those that the training images have, ascending."""
        return np.unique(self.train)


def make_task(
    train: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
    counts: Sequence[int] = COUNTS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Task:
    """Draws as many images of each class, for every count that the rarest class allows.

    A draw holds those of the smaller counts, so that a curve over counts is of growing sets. ValueError where
    the training images have fewer than two classes.
    """
    train, validation, test = (np.asarray(labels, dtype=np.int64) for labels in (train, validation, test))
    classes, sizes = np.unique(train, return_counts=True)
    if len(classes) < 2:
        raise ValueError("the images have one class only, so there is nothing to tell apart")
    orders = [np.random.default_rng([seed, draw]).permutation(len(train)) for draw in range(draws)]
    by_class = [[order[train[order] == c] for c in classes] for order in orders]
    drawn = {
        count: np.stack([np.concatenate([places[:count] for places in draw]) for draw in by_class])
        for count in counts
        if count <= sizes.min()
    }
    return Task(train, validation, test, drawn)


def task_of(data: ImageData, split: Split, counts: Sequence[int] = COUNTS, draws: int = DRAWS) -> Task:
    """The task of naming a data set's classes; see `make_task`."""
    labels, test = data.train_labels.numpy(), data.test_labels.numpy()
    return make_task(labels[split.train], labels[split.validation], test[split.test], counts, draws)


@dataclass(frozen=True)
class Answers:
    """The class that each test image was given, by classifiers that learnt from the same labels."""

    labelled: int
    """Images whose labels were known."""
    probe: np.ndarray
    """int16, by the linear probe: draws x M labels."""
    nearest: np.ndarray
    """int16, by the nearest labelled images, `NEIGHBORS` or all there are: draws x M labels."""
    strength: float
    """The probe's, the best of `STRENGTHS` on the validation images over all draws."""


def answer(features: Features, task: Task, part: Part) -> Answers:
    """What is made of some labels a class, of which the task has several draws, or of `ALL` labels."""
    probe, strength = by_probe(features, task, part)
    return Answers(_known(task, part).shape[1], probe, by_nearest(features, task, part), strength)


def by_nearest(features: Features, task: Task, part: Part) -> np.ndarray:
    """The commonest class among the nearest labelled images: int16, draws x M, as in `Answers`."""
    points, labels, known = features.train, task.train, _known(task, part)
    k = min(NEIGHBORS, known.shape[1])
    given = [knn_predict(points[rows], labels[rows], features.test, k) for rows in known]
    return np.stack(given).astype(np.int16)


def by_probe(features: Features, task: Task, part: Part) -> tuple[np.ndarray, float]:
    """A linear classifier's classes, int16, draws x M, and its strength, chosen over all draws together."""
    points, labels, known = features.train, task.train, _known(task, part)
    choosing = known
    if part == ALL and len(labels) > CHOSEN_ON:
        choosing = np.random.default_rng(0).permutation(len(labels))[None, :CHOSEN_ON]
    fitted = [_probes(points[rows], labels[rows]) for rows in choosing]
    scores = [[_right(probe, features.validation, task.validation) for probe in probes] for probes in fitted]
    best = int(np.mean(scores, axis=0).argmax())
    if choosing is known:
        probes = [probes[best] for probes in fitted]
    else:
        probes = [_fit(_probe(STRENGTHS[best], len(rows)), points[rows], labels[rows]) for rows in known]
    given = np.stack([probe.predict(features.test) for probe in probes])
    return given.astype(np.int16), STRENGTHS[best]


def _known(task: Task, part: Part) -> np.ndarray:
    """Places of the labelled images, draws x n."""
    return task.drawn[part] if isinstance(part, int) else np.arange(len(task.train))[None]


def _probes(points: np.ndarray, labels: np.ndarray) -> list[LogisticRegression]:
    """A probe for each strength, each begun where the stronger one ended."""
    probe, found = _probe(STRENGTHS[0], len(points)), []
    for strength in STRENGTHS:
        _fit(probe.set_params(C=1 / (strength * len(points))), points, labels)
        found.append(copy.copy(probe))
    return found


def _probe(strength: float, images: int) -> LogisticRegression:
    # scikit-learn weighs the sum over images against the penalty, with C.
    return LogisticRegression(C=1 / (strength * images), tol=1e-4, max_iter=200, warm_start=True)


def _fit(probe: LogisticRegression, points: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    with warnings.catch_warnings():
        # Stopped early it is a probe too, and the validation images judge it as it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(points, labels)


def _right(probe: LogisticRegression, points: np.ndarray, labels: np.ndarray) -> float:
    return float((probe.predict(points) == labels).mean())


@dataclass(frozen=True)
class Agreement:
    """How far clusters found without labels are the classes, on test images; 0 is chance and 1 the same.

    One value a start, that of the least distances within clusters first, which is the one to quote.
    """

    rand: np.ndarray
    """Adjusted Rand index (Hubert & Arabie 1985)."""
    information: np.ndarray
    """Mutual information over the mean of both entropies; chance is a little above 0."""


def cluster(features: Features, task: Task) -> Agreement:
    """k-means with as many clusters as there are classes, from `STARTS` seeds."""
    rows = np.random.default_rng(0).permutation(len(features.train))[:CLUSTERED]
    found = []
    for start in range(STARTS):
        means = KMeans(len(task.classes), n_init=1, random_state=start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different points than clusters
            means.fit(features.train[rows])
        found.append((means.inertia_, means.predict(features.test)))
    found.sort(key=lambda pair: pair[0])
    return Agreement(
        np.array([adjusted_rand_score(task.test, clusters) for _, clusters in found]),
        np.array([normalized_mutual_info_score(task.test, clusters) for _, clusters in found]),
    )


ALL, CLUSTERS = "all", "clusters"
Part = int | str
"""Labels a class, `ALL` of the labels, or `CLUSTERS`: what is measured in one piece."""


def parts(task: Task) -> list[Part]:
    """What there is to measure of each kind of features, the slow parts last."""
    return [*task.drawn, CLUSTERS, ALL]


def measure(features: Features, task: Task, part: Part) -> Answers | Agreement:
    """One part of what is measured."""
    return cluster(features, task) if part == CLUSTERS else answer(features, task, part)


def answer_permuted(features: Features, task: Task, count: int, times: int = DRAWS) -> Answers:
    """As `answer`, but nothing can be learnt: labels are dealt out anew to the images that teach and choose.

    Each draw has its own dealing. Answers that are right more often than `above_chance` allows show a leak.
    The strength is that of the last dealing.
    """
    found = []
    for dealing in range(times):
        random = np.random.default_rng([1, dealing])
        train, validation = (random.permutation(labels) for labels in (task.train, task.validation))
        dealt = make_task(train, validation, task.test, (count,), 1, dealing)
        found.append(answer(features, dealt, count))
    probe, nearest = (np.concatenate([getattr(one, name) for one in found]) for name in ("probe", "nearest"))
    return Answers(found[-1].labelled, probe, nearest, found[-1].strength)


@dataclass(frozen=True)
class Share:
    """A share of test images, or a difference of two, with what it may be off by."""

    mean: float
    """Over draws and test images."""
    standard_error: float
    """Of both: sqrt(variance over draws / draws + variance over images / images); of images with one draw."""

    @property
    def is_clear(self) -> bool:
        """Whether it is more than two standard errors from 0."""
        return abs(self.mean) > 2 * self.standard_error


def accuracy(given: np.ndarray, labels: np.ndarray) -> Share:
    """Share of M test images that were given their class, over draws x M answers."""
    return _share((given == labels).astype(np.float64))


def difference(ours: np.ndarray, theirs: np.ndarray, labels: np.ndarray) -> Share:
    """By how much our share of right answers exceeds theirs, paired by draw and by image."""
    return _share((ours == labels).astype(np.float64) - (theirs == labels))


def above_chance(given: np.ndarray, labels: np.ndarray) -> Share:
    """By how much the share of right answers exceeds that of the same answers dealt out at random."""
    classes = int(max(given.max(), labels.max())) + 1
    there = np.bincount(labels, minlength=classes) / len(labels)
    dealt = [np.bincount(row, minlength=classes) / len(labels) @ there for row in given]
    return _share((given == labels) - np.array(dealt)[:, None])


def _share(values: np.ndarray) -> Share:
    """Mean of draws x M values; draws and images count as drawn at random, each by itself."""
    parts = [values.mean(0), values.mean(1)]
    variance = sum(part.var(ddof=1) / len(part) for part in parts if len(part) > 1)
    return Share(float(values.mean()), math.sqrt(variance))


def confusion(given: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """How many test images of each class were given which: int64, classes x classes, a row a true class."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (labels, given), 1)
    return matrix
