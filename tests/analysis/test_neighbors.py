import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness as reference_trustworthiness
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from aecore.analysis import neighbors
from aecore.analysis.neighbors import Neighbors, knn_accuracy, knn_predict, trustworthiness


@pytest.fixture
def cloud():
    return np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)


def test_query_agrees_with_scikit_learn_also_far_from_the_origin_and_in_small_chunks(cloud, monkeypatch):
    monkeypatch.setattr(neighbors, "_CHUNK_VALUES", 5000)
    cloud = cloud + 100
    queries = cloud[:50] + 0.3
    distances, indices = Neighbors(cloud).query(queries, 7)
    expected, expected_indices = NearestNeighbors(n_neighbors=7).fit(cloud).kneighbors(queries)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected, rtol=1e-4)


def test_points_are_not_their_own_neighbours(cloud):
    cloud[1] = cloud[0]
    distances, indices = Neighbors(cloud).among_themselves(3)
    assert (indices != np.arange(300)[:, None]).all()
    assert indices[0, 0] == 1
    assert distances[0, 0] == 0


def test_images_are_flattened_and_tensors_are_taken(cloud):
    images = torch.from_numpy(cloud).reshape(300, 1, 2, 3)
    np.testing.assert_array_equal(Neighbors(images).query(images[:4], 1)[1][:, 0], np.arange(4))


def test_remoteness_is_in_units_of_the_median_nearest_distance():
    line = Neighbors(np.arange(11, dtype=np.float32)[:, None] * 2)
    assert line.typical_distance == 2
    units, nearest = line.remoteness(np.array([[4.0], [5.0], [30.0]]))
    np.testing.assert_allclose(units, [0, 0.5, 5])
    np.testing.assert_array_equal(nearest[[0, 2]], [2, 10])


def test_remoteness_where_all_points_coincide():
    units, _ = Neighbors(np.zeros((5, 2))).remoteness(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert units.tolist() == [0, np.inf]


def test_trustworthiness_equals_scikit_learns(cloud, monkeypatch):
    monkeypatch.setattr(neighbors, "_CHUNK_VALUES", 50_000)
    expected = reference_trustworthiness(cloud, cloud[:, :2], n_neighbors=12)
    assert trustworthiness(cloud, cloud[:, :2], k=12) == pytest.approx(expected, abs=1e-6)


def test_trustworthiness_is_one_for_the_space_itself_and_a_half_for_a_shuffled_one(cloud):
    assert trustworthiness(cloud, cloud) == 1
    shuffled = np.random.default_rng(1).permutation(cloud)
    assert trustworthiness(cloud, shuffled) == pytest.approx(0.5, abs=0.05)


def test_trustworthiness_at_all_rows_in_parts_is_that_of_the_whole(cloud):
    plane = cloud[:, :3]
    parts = [trustworthiness(cloud, plane, rows=np.arange(i, 300, 3)) for i in range(3)]
    assert np.mean(parts) == pytest.approx(trustworthiness(cloud, plane))
    assert len(set(parts)) == 3


def test_rows_are_asked_among_all_points(cloud):
    labels = np.random.default_rng(3).integers(0, 3, 300)
    rows = np.array([7, 3, 250])
    whole = neighbors.knn_correct(cloud, labels)
    np.testing.assert_array_equal(neighbors.knn_correct(cloud, labels, rows=rows), whole[rows])
    assert knn_accuracy(cloud, labels) == whole.mean()


def test_knn_accuracy_equals_leave_one_out_in_scikit_learn(cloud):
    cloud = cloud[:80]
    labels = (cloud[:, 0] + np.random.default_rng(2).normal(size=80) > 0).astype(int)
    expected = cross_val_score(KNeighborsClassifier(5), cloud, labels, cv=LeaveOneOut()).mean()
    assert knn_accuracy(cloud, labels, k=5) == pytest.approx(expected)


def test_knn_tie_goes_to_the_nearest():
    points = np.array([[0.0], [1.0], [1.5], [10.0], [11.5]])
    labels = np.array([1, 1, 0, 0, 1])
    # Every point's two nearest others disagree, so the nearest decides: 1, 0, 1, 1, 0.
    assert knn_accuracy(points, labels, k=2) == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: Neighbors(np.empty((0, 3))), "at least one row"),
        (lambda: Neighbors(np.full((3, 2), np.nan)), "6 values are not"),
        (lambda: Neighbors(np.ones((3, 2))).query(np.ones((1, 3)), 1), "3 columns, the points 2"),
        (lambda: Neighbors(np.ones((3, 2))).among_themselves(3), "from 1 to 2, not 3"),
        (lambda: trustworthiness(np.ones((9, 2)), np.ones((8, 2)), 2), "not 9 and 8"),
        (lambda: trustworthiness(np.ones((9, 2)), np.ones((9, 2)), 5), "below half"),
        (lambda: knn_accuracy(np.ones((9, 2)), np.ones(8)), "as many labels"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(act, words):
    with pytest.raises(ValueError, match=words):
        act()


def test_predicted_classes_are_scikit_learns_where_no_classes_tie(cloud):
    labels = (cloud[:, 0] > 0).astype(int) + 4
    expected = KNeighborsClassifier(5).fit(cloud[:200], labels[:200]).predict(cloud[200:])
    np.testing.assert_array_equal(knn_predict(cloud[:200], labels[:200], cloud[200:]), expected)


def test_of_tied_classes_the_one_with_the_nearest_point_is_predicted():
    points, labels = np.array([[0.0], [1.0], [5.0], [7.0]]), np.array([8, 3, 3, 8])
    assert knn_predict(points, labels, np.array([[0.1], [5.5]]), k=4).tolist() == [8, 3]
