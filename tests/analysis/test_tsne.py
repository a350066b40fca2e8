import math

import numpy as np
import openTSNE
import pytest

from aecore.analysis import tsne as module
from aecore.analysis.neighbors import Neighbors, knn_accuracy, trustworthiness
from aecore.analysis.tsne import TsneMap, first_plane, largest_perplexity, tsne


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 4
    return (rng.normal(size=(4, 8))[labels] * 4 + rng.normal(size=(240, 8))).astype(np.float32), labels


@pytest.fixture(scope="module")
def finished(clusters):
    return tsne(clusters[0][:200], perplexity=20, n_iter=100)


def centred(embedding):
    places = np.asarray(embedding)
    return places - (places.max(axis=0) + places.min(axis=0)) / 2


def test_takes_the_same_steps_as_open_tsne(clusters, monkeypatch):
    # Few steps: later, rounding grows into another map of the same quality.
    monkeypatch.setattr(module, "EXAGGERATED", 15)
    expected = openTSNE.TSNE(
        perplexity=20, neighbors="exact", early_exaggeration_iter=15, n_iter=5, random_state=0
    ).fit(clusters[0].astype(np.float64))
    ours = tsne(clusters[0], perplexity=20, n_iter=5)
    np.testing.assert_allclose(ours.embedding, centred(expected), rtol=1e-3, atol=1e-5)
    assert ours.kl_divergence == pytest.approx(expected.kl_divergence, rel=1e-4)


def test_keeps_clusters_together_better_than_principal_components(clusters, finished):
    codes, labels = clusters[0][:200], clusters[1][:200]
    assert knn_accuracy(finished.embedding, labels) > 0.95
    assert trustworthiness(codes, finished.embedding) > trustworthiness(codes, codes[:, :2]) + 0.05


def test_same_codes_and_seed_give_the_same_map(clusters, finished):
    again = tsne(clusters[0][:200], perplexity=20, n_iter=100)
    np.testing.assert_array_equal(again.embedding, finished.embedding)


def test_progress_counts_both_phases_and_shows_the_map(clusters):
    calls = []
    result = tsne(clusters[0], perplexity=20, n_iter=20, on_progress=lambda *call: calls.append(call))
    assert [call[0] for call in calls] == list(range(0, 271, 10))
    assert {call[1] for call in calls} == {270}
    assert calls[0][2] is None
    assert calls[-1][2] < calls[1][2]
    assert calls[-1][3].shape == (240, 2)
    assert not np.array_equal(calls[0][3], calls[-1][3])
    assert (result.iterations, result.stopped) == (270, False)
    # Being watched changes no bit of it.
    np.testing.assert_array_equal(result.embedding, tsne(clusters[0], perplexity=20, n_iter=20).embedding)


def test_the_first_plane_is_where_it_starts(clusters):
    first = tsne(clusters[0], perplexity=20, on_progress=lambda *_: True)
    np.testing.assert_allclose(first.embedding, centred(first_plane(clusters[0])), atol=1e-9)


@pytest.mark.parametrize("last", [0, 50, 250, 270])
def test_stop_keeps_the_map_reached(clusters, last):
    seen = []

    def on_progress(iteration, total, error, embedding):
        seen.append(embedding)
        return iteration == last

    result = tsne(clusters[0], perplexity=20, on_progress=on_progress)
    assert (result.iterations, result.stopped) == (last, True)
    assert len(seen) == last // 10 + 1
    np.testing.assert_allclose(result.embedding, centred(seen[-1]), atol=1e-4)
    assert math.isnan(result.kl_divergence) == (last == 0)
    assert np.isfinite(result.transform(clusters[0][:3])).all()


def test_new_codes_land_among_their_neighbours(clusters, finished):
    codes, labels = clusters
    before = finished.embedding.copy()
    places = finished.transform(codes[200:])
    nearest = np.linalg.norm(places[:, None] - finished.embedding, axis=2).argmin(axis=1)
    assert (labels[nearest] == labels[200:]).mean() > 0.95
    np.testing.assert_array_equal(finished.embedding, before)


def test_new_codes_are_placed_as_by_open_tsne(clusters):
    codes = clusters[0].astype(np.float64)
    reference = openTSNE.TSNE(perplexity=20, neighbors="exact", n_iter=50, random_state=0).fit(codes[:200])
    ours = TsneMap(centred(reference).astype(np.float32), clusters[0][:200], 20.0, 0, 300, False, 0.0)
    np.testing.assert_allclose(ours.transform(codes[200:]), reference.transform(codes[200:]), atol=0.05)


def test_another_encoders_code_of_the_same_images_lands_near_by(clusters, finished):
    rng = np.random.default_rng(1)
    rotated = clusters[0][:200] @ np.linalg.qr(rng.normal(size=(8, 8)))[0] * 3
    moved = np.linalg.norm(finished.transform_same_images(rotated) - finished.embedding, axis=1)
    shuffled = finished.transform_same_images(rng.permutation(rotated))
    assert np.median(moved) < 0.3 * np.median(np.linalg.norm(shuffled - finished.embedding, axis=1))


def test_saved_map_is_the_same_map(tmp_path, clusters, finished):
    finished.save(tmp_path / "maps" / "a.safetensors")
    again = TsneMap.load(tmp_path / "maps" / "a.safetensors")
    np.testing.assert_array_equal(again.embedding, finished.embedding)
    np.testing.assert_array_equal(again.transform(clusters[0][200:]), finished.transform(clusters[0][200:]))
    facts = ("perplexity", "seed", "iterations", "stopped", "kl_divergence")
    assert [getattr(again, name) for name in facts] == [getattr(finished, name) for name in facts]


def test_file_that_is_no_map_is_named(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"no map")
    with pytest.raises(ValueError, match=r"bad\.safetensors holds no t-SNE map"):
        TsneMap.load(tmp_path / "bad.safetensors")
    with pytest.raises(FileNotFoundError):
        TsneMap.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("width", [1, 2])
def test_few_units_and_codes_that_coincide(width):
    codes = np.random.default_rng(0).normal(size=(60, width))
    codes[:30] = codes[0]
    result = tsne(codes, perplexity=5, n_iter=20)
    assert result.embedding.shape == (60, 2)
    assert np.isfinite(result.embedding).all()


def test_smallest_number_of_codes():
    result = tsne(np.eye(4), perplexity=1, n_iter=10)
    assert np.isfinite(result.embedding).all()
    assert np.isfinite(result.transform(np.eye(4))).all()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: tsne(np.eye(10), perplexity=30), "from 1 to 3 for 10 codes, not 30"),
        (lambda: tsne(np.eye(10), perplexity=0.5), "from 1 to 3 for 10 codes, not 0.5"),
        (lambda: tsne(np.eye(3), perplexity=1), "at least 4 codes, not 3"),
        (lambda: tsne(np.ones((50, 2)), perplexity=5), "all codes are the same point"),
        (lambda: tsne(np.eye(10), perplexity=2, n_iter=-1), "at least 0, not -1"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(act, words):
    with pytest.raises(ValueError, match=words):
        act()


def test_transform_refuses_another_code_length_and_another_number_of_images(finished):
    with pytest.raises(ValueError, match="3 columns, the points 8"):
        finished.transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="holds 200 images"):
        finished.transform_same_images(np.ones((2, 3)))


def test_neighbours_serve_every_perplexity_and_never_change_a_map(clusters, monkeypatch):
    codes, asked = np.asarray(clusters[0]), []
    search = Neighbors.among_themselves

    def counted(self, k):
        asked.append(k)
        return search(self, k)

    monkeypatch.setattr(Neighbors, "among_themselves", counted)
    monkeypatch.setattr(module, "USUAL", 60)
    monkeypatch.setattr(module, "_kept", None)
    first = tsne(codes, 10, n_iter=10).embedding
    tsne(codes, 15, n_iter=0)
    assert asked == [60]
    tsne(codes, 25, n_iter=0)
    assert asked == [60, 75]
    assert np.array_equal(tsne(codes, 10, n_iter=10).embedding, first)
    assert asked == [60, 75]
    other = codes.copy()
    other[0, 0] += 1
    tsne(other, 10, n_iter=0)
    assert asked == [60, 75, 60]


def test_largest_perplexity_leaves_three_neighbours_each():
    assert largest_perplexity(91) == 30
