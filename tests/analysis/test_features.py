"""How far features tell classes: draws, choices and spreads against their definitions, and no leaks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from aecore import data
from aecore.analysis import features
from aecore.analysis.features import ALL, CLUSTERS, Features, make_task
from aecore.data import unit_range
from tests.samples import tiny_data


def blobs(spread: float, classes: int = 3, width: int = 4, seed: int = 0) -> tuple[Features, features.Task]:
    """Points around one corner a class, 60 to learn from, 30 to choose with and 90 to be asked."""
    random = np.random.default_rng(seed)
    labels = [np.arange(n) % classes for n in (60, 30, 90)]
    parts = [
        10 * np.eye(classes, width)[part] + spread * random.normal(size=(len(part), width)) for part in labels
    ]
    return Features(*(part.astype(np.float32) for part in parts)), make_task(*labels, counts=(1, 5), draws=4)


def test_draws_are_stratified_grow_and_leave_out_what_the_rarest_class_has_not():
    labels = np.array([0] * 30 + [1] * 12 + [4] * 7)
    task = make_task(labels, labels, labels, counts=(1, 5, 7, 8), draws=6, seed=3)
    assert list(task.drawn) == [1, 5, 7]
    for count, drawn in task.drawn.items():
        assert drawn.shape == (6, 3 * count)
        for rows in drawn:
            assert len(set(rows)) == 3 * count
            assert (np.sort(labels[rows]) == np.repeat([0, 1, 4], count)).all()
    for small, large in zip(task.drawn[1], task.drawn[5], strict=True):
        assert set(small) < set(large)
    assert len({tuple(sorted(rows)) for rows in task.drawn[5]}) == 6
    again = make_task(labels, labels, labels, counts=(1, 5), draws=6, seed=3)
    assert (again.drawn[5] == task.drawn[5]).all()


def test_one_class_is_nothing_to_tell_apart():
    with pytest.raises(ValueError, match="one class only"):
        make_task(np.zeros(9), np.zeros(3), np.zeros(3))


def test_images_that_choose_are_held_out_also_where_a_run_held_out_none():
    images = tiny_data(60)
    split = features.split_images(images, 0, 0)
    assert len(split.validation) == 5
    assert sorted([*split.train, *split.validation]) == list(range(60))
    fewer = features.split_images(images, 0.25, 0, most=20)
    assert len(fewer.train) == 20
    assert not set(fewer.train) & set(fewer.validation)
    own = images.split(0.25, 0)[1].numpy()
    assert (fewer.validation == own).all()
    task = features.task_of(images, fewer, counts=(2,), draws=3)
    assert (task.train == images.train_labels.numpy()[fewer.train]).all()
    assert (task.test == images.test_labels.numpy()).all()


def test_features_are_centred_and_of_length_one_by_one_number_for_all_columns():
    images = tiny_data(60)
    split = features.split_images(images, 0.25, 0)
    found = features.features_of(unit_range, images, split)
    assert found.train.shape == (45, 30)
    assert np.square(found.train).sum(1).mean() == pytest.approx(1, rel=1e-5)
    assert found.train.mean(0) == pytest.approx(0, abs=1e-6)
    # A kind that is another one scaled and moved is the same kind, for all three parts.
    moved = features.features_of(lambda part: unit_range(part) * 7 - 3, images, split)
    for name in ("train", "validation", "test"):
        assert getattr(moved, name) == pytest.approx(getattr(found, name), abs=1e-5)
    x = unit_range(images.train_images[split.train]).flatten(1).numpy()
    ratio = found.train.std(0) / x.std(0)
    assert ratio == pytest.approx(np.full(30, ratio[0]), rel=1e-3)


def test_classes_far_apart_are_told_by_every_way():
    kind, task = blobs(0.5)
    assert features.parts(task) == [1, 5, CLUSTERS, ALL]
    for part in (1, 5, ALL):
        found = features.measure(kind, task, part)
        draws = 1 if part == ALL else 4
        assert found.probe.shape == found.nearest.shape == (draws, 90)
        assert (found.probe == task.test).all()
        assert (found.nearest == task.test).all()
        assert found.labelled == (60 if part == ALL else 3 * part)
    clusters = features.measure(kind, task, CLUSTERS)
    assert clusters.rand[0] == clusters.information[0] == pytest.approx(1)
    assert len(clusters.rand) == features.STARTS


def test_clusters_of_noise_agree_with_no_classes():
    kind, task = blobs(1000.0)
    assert abs(features.cluster(kind, task).rand[0]) < 0.06


def test_with_one_label_a_class_the_nearest_is_asked():
    kind, task = blobs(6.0)
    found = features.answer(kind, task, 1)
    for rows, given in zip(task.drawn[1], found.nearest, strict=True):
        reference = KNeighborsClassifier(1).fit(kind.train[rows], task.train[rows])
        # Three points, of which the five nearest are all: each class once, and the nearest decides.
        assert (given == reference.predict(kind.test)).all()


def test_the_probe_is_scikit_learns_at_the_strength_that_validation_images_choose():
    kind, task = blobs(5.0)
    found = features.answer(kind, task, 5)

    def fitted(rows, strength):
        c = 1 / (strength * len(rows))
        return LogisticRegression(C=c, tol=1e-8, max_iter=5000).fit(kind.train[rows], task.train[rows])

    def score(strength):
        probes = [fitted(rows, strength) for rows in task.drawn[5]]
        return np.mean([probe.score(kind.validation, task.validation) for probe in probes])

    assert score(found.strength) >= max(map(score, features.STRENGTHS)) - 0.02
    expected = np.stack([fitted(rows, found.strength).predict(kind.test) for rows in task.drawn[5]])
    assert (found.probe == expected).mean() > 0.97


def test_no_choice_depends_on_test_images_or_their_labels():
    kind, task = blobs(4.0)
    other = replace(kind, test=np.random.default_rng(9).normal(size=kind.test.shape).astype(np.float32))
    for part in (1, 5, ALL):
        found = features.answer(kind, task, part)
        poisoned = features.answer(kind, replace(task, test=np.zeros_like(task.test)), part)
        assert (found.probe == poisoned.probe).all()
        assert (found.nearest == poisoned.nearest).all()
        assert found.strength == features.answer(other, task, part).strength


def test_all_labels_are_learnt_from_where_the_strength_is_chosen_on_a_sample(monkeypatch):
    kind, task = blobs(3.0)
    monkeypatch.setattr(features, "CHOSEN_ON", 12)
    found = features.answer(kind, task, ALL)
    c = 1 / (found.strength * 60)
    reference = LogisticRegression(C=c, tol=1e-8, max_iter=5000).fit(kind.train, task.train)
    assert (found.probe[0] == reference.predict(kind.test)).mean() > 0.97


def test_permuted_labels_score_chance():
    images = data.load("digits")
    split = features.split_images(images, 1 / 12, 0)
    task = features.task_of(images, split)
    kind = features.features_of(unit_range, images, split)
    dealt = features.answer_permuted(kind, task, 10)
    for given in (dealt.probe, dealt.nearest):
        assert given.shape == (features.DRAWS, len(task.test))
        assert not features.above_chance(given, task.test).is_clear
    # The same measure sees what can be learnt.
    true = features.answer(kind, task, 10)
    for given in (true.probe, true.nearest):
        assert features.above_chance(given, task.test).is_clear
        assert features.accuracy(given, task.test).mean > 0.8


def test_a_standard_error_is_that_of_repeated_draws_and_images():
    random = np.random.default_rng(0)
    labels = np.zeros(80, dtype=int)
    shares = []
    for _ in range(300):
        chance = 0.6 + 0.1 * random.normal(size=(10, 1)) + 0.15 * random.normal(size=(1, 80))
        shares.append(features.accuracy((random.random((10, 80)) > chance).astype(int), labels))
    spread = np.std([share.mean for share in shares])
    # Each kind of chance counts the rest of it once more, so it is a little too large and never too small.
    assert spread < np.mean([share.standard_error for share in shares]) < 1.4 * spread


def test_differences_are_paired():
    labels = np.arange(200) % 2
    ours = np.tile(labels, (3, 1))
    ours[:, :80] = 1 - ours[:, :80]
    same = features.difference(ours, ours.copy(), labels)
    assert (same.mean, same.standard_error, same.is_clear) == (0, 0, False)
    theirs = ours.copy()
    theirs[:, :20] = labels[:20]
    found = features.difference(ours, theirs, labels)
    assert found.mean == pytest.approx(-0.1)
    assert found.is_clear
    # Unpaired, the images on which both fail would drown it.
    assert found.standard_error < features.accuracy(ours, labels).standard_error


def test_the_confusion_matrix_counts_every_image_once():
    labels, given = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2, 2])
    found = features.confusion(given, labels, 4)
    assert found.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]


def test_tensors_of_images_are_taken():
    images = tiny_data(30)
    split = features.split_images(images, 0.2, 0)
    found = features.features_of(lambda part: torch.ones(len(part), 2), images, split)
    assert (found.test == 0).all()
