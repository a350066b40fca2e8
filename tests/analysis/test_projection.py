import numpy as np
import pytest
import torch
from sklearn import decomposition

from aecore.analysis import projection
from aecore.analysis.projection import fit_pca, pca_baseline
from aecore.data import ImageData, load


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(200, 9)) @ rng.normal(size=(9, 9)) + 5).astype(np.float32)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path))
    monkeypatch.setattr(projection, "_recent", [])
    return tmp_path


def image_data(seed: int = 0, name: str = "my images") -> ImageData:
    images = torch.randint(0, 256, (60, 1, 3, 4), generator=torch.Generator().manual_seed(seed))
    images = images.to(torch.uint8)
    labels = torch.arange(60) % 2
    return ImageData(name, images[:40], labels[:40], images[40:], labels[40:], ("a", "b"))


def test_agrees_with_scikit_learns_full_svd(points):
    pca = fit_pca(points)
    expected = decomposition.PCA(svd_solver="full").fit(points.astype(np.float64))
    np.testing.assert_allclose(pca.explained_variance_ratio, expected.explained_variance_ratio_, atol=1e-6)
    np.testing.assert_allclose(pca.transform(points), expected.transform(points), atol=2e-4)


def test_sign_does_not_depend_on_the_points_order(points):
    largest = np.abs(fit_pca(points).components).argmax(axis=1)
    assert (fit_pca(points).components[np.arange(9), largest] > 0).all()
    np.testing.assert_allclose(fit_pca(points[::-1]).components, fit_pca(points).components, atol=1e-4)


def test_squared_error_for_every_number_is_that_of_the_reconstructions(points):
    pca = fit_pca(points[:150])
    errors = pca.squared_error(points[150:])
    for n in range(10):
        difference = points[150:] - pca.reconstruct(points[150:], n)
        assert errors[n] == pytest.approx(np.square(difference).sum(axis=1).mean(), rel=1e-3, abs=1e-6)
    assert (np.diff(errors) <= 0).all()


def test_more_dimensions_than_points(points):
    wide = points[:5]
    pca = fit_pca(wide)
    assert len(pca) == 5
    np.testing.assert_allclose(pca.reconstruct(wide, 5), wide, atol=1e-4)


def test_plane_of_two_components_leads_to_points_and_back(points):
    pca = fit_pca(points)
    places = np.array([[1.0, -2.0]])
    found = pca.inverse(places, components=(1, 4))
    scores = pca.transform(found)
    np.testing.assert_allclose(scores[:, [1, 4]], places, atol=1e-4)
    np.testing.assert_allclose(np.delete(scores, [1, 4], axis=1), 0, atol=1e-4)


def test_tensors_of_images_come_back_as_such(points):
    images = torch.from_numpy(points).reshape(200, 1, 3, 3)
    pca = fit_pca(images)
    assert pca.reconstruct(images, 9).shape == images.shape
    assert torch.allclose(pca.reconstruct(images, 9), images, atol=1e-3)
    assert isinstance(pca.transform(images, 2), torch.Tensor)
    assert pca.transform(images, 2).shape == (200, 2)


def test_points_that_all_coincide_have_no_variance():
    pca = fit_pca(np.ones((20, 3)))
    assert pca.explained_variance_ratio.tolist() == [0, 0, 0]
    assert pca.squared_error(np.ones((4, 3))).tolist() == [0, 0, 0, 0]


def test_baseline_is_fitted_to_training_images_and_scored_on_test_images(cache):
    data = image_data()
    baseline = pca_baseline(data)
    test = data.test_images.float() / 255
    difference = test - baseline.reconstruct(test, 5)
    assert baseline.error(5) == pytest.approx(float(difference.square().sum() / 20), rel=1e-4)
    assert baseline.error(1000) == baseline.error(12)
    assert baseline.error(12) == pytest.approx(0, abs=1e-6)
    assert baseline.error(0) == pytest.approx(
        float((test - test.new_tensor(baseline.pca.mean).view(1, 3, 4)).square().sum() / 20), rel=1e-4
    )


def test_baseline_is_computed_once_per_process_and_once_per_machine(cache, monkeypatch):
    data = image_data()
    first = pca_baseline(data)
    assert pca_baseline(data) is first
    monkeypatch.setattr(projection, "_recent", [])
    monkeypatch.setattr(projection, "fit_pca", None)
    again = pca_baseline(image_data())
    np.testing.assert_array_equal(again.squared_error, first.squared_error)
    np.testing.assert_array_equal(again.pca.components, first.pca.components)


def test_other_images_of_the_same_name_have_another_baseline(cache):
    assert pca_baseline(image_data(0)).error(3) != pca_baseline(image_data(1)).error(3)
    assert len(list(cache.iterdir())) == 2


def test_name_of_the_images_cannot_leave_the_cache_folder(cache):
    pca_baseline(image_data(name="../../My Images"))
    assert [path.parent for path in cache.rglob("*.safetensors")] == [cache]


@pytest.mark.parametrize("content", [b"", b"not a safetensors file", b"\x08\0\0\0\0\0\0\0{}      "])
def test_unreadable_cache_file_is_replaced(cache, monkeypatch, content):
    expected = pca_baseline(image_data()).squared_error
    (path,) = cache.iterdir()
    path.write_bytes(content)
    monkeypatch.setattr(projection, "_recent", [])
    np.testing.assert_array_equal(pca_baseline(image_data()).squared_error, expected)
    assert path.stat().st_size > 100


def test_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(projection, "_recent", [])
    assert pca_baseline(image_data()).error(0) > 0


@pytest.mark.mnist
def test_thirty_components_on_mnist_reach_the_published_error(cache):
    baseline = pca_baseline(load("mnist"))
    # Hinton & Salakhutdinov (2006): 13.87.
    assert baseline.error(30) == pytest.approx(13.866, abs=0.005)
    assert baseline.error(12) == pytest.approx(24.485, abs=0.005)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda pca: fit_pca(np.ones((1, 3))), "at least 2 points"),
        (lambda pca: pca.reconstruct(np.ones((2, 9)), 10), "from 0 to 9, not 10"),
        (lambda pca: pca.transform(np.ones((2, 8))), "must have 9 values, not 8"),
        (lambda pca: pca.inverse(np.ones((2, 2)), (0, 9)), "from 0 to 8, not 9"),
        (lambda pca: pca.inverse(np.ones((2, 2)), (0,)), "2 scores for 1"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(points, act, words):
    with pytest.raises(ValueError, match=words):
        act(fit_pca(points))


def test_many_images_are_fitted_in_parts_to_the_same_components(cache, monkeypatch):
    digits = load("digits")
    whole = projection.Baseline(*vars(pca_baseline(digits)).values())
    monkeypatch.setattr(projection, "AT_ONCE", 20_000)
    monkeypatch.setattr(projection, "_recent", [])
    monkeypatch.setenv("AECORE_CACHE", str(cache / "other"))
    parts = pca_baseline(digits)
    # Beyond, where some pixels never change, the components of no variance are any.
    assert np.allclose(parts.squared_error[:58], whole.squared_error[:58], rtol=1e-6)
    assert np.allclose(parts.pca.components[:20], whole.pca.components[:20], atol=1e-5)
    assert np.allclose(parts.pca.explained_variance_ratio, whole.pca.explained_variance_ratio, atol=1e-6)


def test_large_images_have_their_first_components_nearly(cache, monkeypatch):
    random = np.random.default_rng(0)
    factors = random.normal(size=(300, 8)) * np.geomspace(1, 0.05, 8)
    smooth = factors @ random.normal(size=(8, 3 * 40 * 40)) + 0.01 * random.normal(size=(300, 4800))
    pixels = torch.from_numpy(np.clip(127 + 40 * smooth, 0, 255).astype(np.uint8)).view(-1, 3, 40, 40)
    labels = torch.zeros(len(pixels), dtype=torch.int64)
    data = ImageData("large", pixels[:250], labels[:250], pixels[250:], labels[250:], ("a",))
    monkeypatch.setattr(projection, "MOST", 20)
    found = pca_baseline(data)
    assert len(found.pca) == 20
    exact = fit_pca(pixels[:250].float() / 255)
    expected = exact.squared_error(pixels[250:].float() / 255)
    assert np.allclose(found.squared_error[:9], expected[:9], rtol=0.02)
    assert found.error(2000) == found.error(20)
